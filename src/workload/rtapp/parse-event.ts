/** One event of a phase: its key says which, its value what. */
import { iorunNs, memNs, memrunNs, type MemrunPattern, type MemrunType } from './cost-model.ts';
import type { Entry } from './document.ts';
import { member, needInt, oneOf, warnUnknown, type EventContext, type EventReader } from './event-value.ts';
import type { EventName } from './grammar.ts';
import type { EventDeclaration } from './model.ts';
import { OWN_READERS } from './parse-own-event.ts';

export function parseEvent(
  context: EventContext, name: EventName, entry: Entry, path: string, index: number,
): EventDeclaration {
  const value = READERS[name](context, entry.value, path);
  return {
    name, key: entry.key, at: entry.at, path, index, ns: 0, ref: '', mutex: '', absolute: false, grid: false,
    intervalNs: 0, bytes: 0, writes: false, call: null, clock: 1, cancelOnSet: false, soft: false, ...value,
  };
}

const readUs = (what: string): EventReader => ({ source }, node, path) => ({ ns: source.microseconds(node, path, what) });

const readRef = (what: string): EventReader => ({ source }, node, path) => ({ ref: source.string(node, path, what) });

/** `yield`: its string is ignored and may be missing. */
const readNothing: EventReader = ({ source }, node, path) => {
  if (node.kind !== 'string' && node.kind !== 'absent' && node.kind !== 'null') {
    throw source.badNode(node, path, 'a string, which is ignored, or no value');
  }
  return {};
};

/**
 * `suspend`: the string is what `resume` must name. Empty or missing it is the task's own name, as
 * rt-app's tool workgen fills it in.
 */
const readSuspend: EventReader = ({ source, task }, node, path) => {
  if (node.kind === 'absent' || node.kind === 'null') return { ref: task };
  const ref = source.string(node, path, 'the name that resume uses, or no value');
  return { ref: ref === '' ? task : ref };
};

const readWait: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"ref": condition, "mutex": mutex}');
  warnUnknown(source, object, path, ['ref', 'mutex']);
  return { ref: member(source, object, path, 'ref', 'unknown'), mutex: member(source, object, path, 'mutex', 'unknown') };
};

const readTimer: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"ref": timer, "period": microseconds}');
  warnUnknown(source, object, path, ['ref', 'period', 'mode']);
  const period = source.optional(object, path, 'period');
  const mode = oneOf(source, object, path, 'mode', ['relative', 'absolute', 'grid'], 'relative');
  return {
    ref: member(source, object, path, 'ref', 'unknown'),
    ns: period === null ? 0 : source.microseconds(period, `${path}.period`, 'a period'),
    absolute: mode === 'absolute',
    grid: mode === 'grid',
  };
};

const readMem: EventReader = ({ source }, node, path) => {
  source.approximations.add('mem is modelled by its time: user work at 10 bytes per ns.');
  return { ns: memNs(source.int(node, path, 'a number of bytes', 0)) };
};

const readIorun: EventReader = ({ source, global }, node, path) => {
  source.approximations.add(
    `iorun is modelled by its time: 300 ns in the kernel for each ${global.memBufferSize} bytes; ${global.ioDevice} is not written.`,
  );
  return { ns: iorunNs(source.int(node, path, 'a number of bytes', 0), global.memBufferSize) };
};

const readMemrun: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"type": ..., "size": bytes, "count": accesses}');
  warnUnknown(source, object, path, ['type', 'size', 'count', 'ref', 'stride', 'pattern']);
  const type = oneOf(source, object, path, 'type', ['read', 'write', 'chase'], null) as MemrunType;
  const pattern = oneOf(source, object, path, 'pattern', ['random', 'sequential'], 'random') as MemrunPattern;
  needInt(source, object, path, 'size', 1);
  const count = needInt(source, object, path, 'count', 0);
  const stride = source.optional(object, path, 'stride');
  if (stride !== null) source.int(stride, `${path}.stride`, 'bytes between accesses', 1);
  member(source, object, path, 'ref', '');
  source.approximations.add('memrun is modelled by its time: user work of a fixed cost for each access, without caches.');
  return { ns: memrunNs(type, pattern, count) };
};

const READERS: Readonly<Record<EventName, EventReader>> = {
  lock: readRef('a mutex'),
  unlock: readRef('a mutex'),
  wait: readWait,
  signal: readRef('a condition'),
  broad: readRef('a condition'),
  sync: readWait,
  sleep: readUs('a time'),
  runtime: readUs('a time'),
  run: readUs('work'),
  timer: readTimer,
  suspend: readSuspend,
  resume: readRef('the name that suspend uses'),
  memrun: readMemrun,
  mem: readMem,
  iorun: readIorun,
  yield: readNothing,
  barrier: readRef('a barrier'),
  fork: readRef('a task'),
  sem_post: readRef('a semaphore'),
  sem_wait: readRef('a semaphore'),
  ...OWN_READERS,
};
