/** The events that are ours: a quantity carries its unit, and an unknown key is an error. */
import { PIPE_CAPACITY } from '../../../shared/limits.ts';
import type { Ns } from '../../../shared/units.ts';
import { meantHint } from '../did-you-mean.ts';
import { BadQuantity, parseTime } from '../quantity.ts';
import type { JsonNode, ObjectNode } from './document.ts';
import { oneOf, type EventReader } from './event-value.ts';
import { CPUTIMER_CLOCKS, POSIX_TIMER_CLOCKS, SLEEP_CLOCKS, TIMER_CLOCKS, type OWN_EVENT_NAMES } from './grammar.ts';
import type { CpuList } from './model.ts';
import type { Source } from './source.ts';

/** A quantity with its unit, or rt-app's microseconds. */
const readTime = (what: string, bareMicroseconds: boolean): EventReader => ({ source }, node, path) => {
  if (bareMicroseconds && node.kind === 'number') return { ns: source.microseconds(node, path, what) };
  return { ns: quantityOf(source, node, path) };
};

/** `"50ms"`: each 50 ms from now on; `"off"`; or first expiry and period apart. */
const readItimer: EventReader = ({ source }, node, path) => {
  if (node.kind === 'string') {
    const ns = node.value === 'off' ? 0 : positive(source, node, path);
    return { ns, intervalNs: ns };
  }
  if (node.kind !== 'object') throw source.badNode(node, path, '"50ms", "off" or {"value": time, "interval": time}');
  refuseUnknown(source, node, path, ['value', 'interval']);
  const interval = source.optional(node, path, 'interval');
  return {
    ns: positive(source, needed(source, node, path, 'value', 'the time until it fires first'), `${path}.value`),
    intervalNs: interval === null ? 0 : quantityOf(source, interval, `${path}.interval`),
  };
};

/** A time on a clock: `absolute` counts from that clock's beginning. */
const readClockNanosleep: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"clock": clock, "value": time, "absolute": false}');
  refuseUnknown(source, object, path, ['clock', 'value', 'absolute']);
  return {
    ...clockOf(source, object, path, SLEEP_CLOCKS),
    ns: quantityOf(source, needed(source, object, path, 'value', 'a time'), `${path}.value`),
  };
};

/** `"value": "off"` stops it. */
const readCputimer: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"clock": clock, "value": time, "interval": time}');
  refuseUnknown(source, object, path, ['clock', 'value', 'interval']);
  return {
    ref: oneOf(source, object, path, 'clock', CPUTIMER_CLOCKS, null),
    ...timesOf(source, object, path),
  };
};

/** An event that says all by its name. */
const readNothing: EventReader = ({ source }, node, path) => {
  if (node.kind !== 'string' || node.value !== '') throw source.badNode(node, path, '"", for there is nothing to say');
  return {};
};

const TIMER_KEYS = ['name', 'clock', 'value', 'interval', 'absolute'];

const readPosixTimer: EventReader = ({ source }, node, path) => readTimerOf(source, node, path, TIMER_KEYS, POSIX_TIMER_CLOCKS);

const readFdTimer: EventReader = ({ source }, node, path) => {
  const value = readTimerOf(source, node, path, [...TIMER_KEYS, 'cancel_on_set', 'soft'], TIMER_CLOCKS);
  const object = source.object(node, path, '');
  return {
    ...value, cancelOnSet: flag(source, object, path, 'cancel_on_set', false), soft: flag(source, object, path, 'soft', false),
  };
};

/** `"value": "off"` stops it. */
function readTimerOf(
  source: Source, node: JsonNode, path: string, keys: readonly string[], clocks: Readonly<Record<string, number>>,
): ReturnType<EventReader> {
  const object = source.object(node, path, '{"name": timer, "value": time, "interval": time}');
  refuseUnknown(source, object, path, keys);
  return {
    ...clockOf(source, object, path, clocks),
    ref: source.string(needed(source, object, path, 'name', 'which timer'), `${path}.name`, 'a name'),
    ...timesOf(source, object, path),
  };
}

function timesOf(source: Source, object: ObjectNode, path: string): { ns: Ns; intervalNs: Ns } {
  const value = needed(source, object, path, 'value', 'the time until it fires first, or "off"');
  const interval = source.optional(object, path, 'interval');
  const isOff = value.kind === 'string' && value.value === 'off';
  return {
    ns: isOff ? 0 : positive(source, value, `${path}.value`),
    intervalNs: interval === null ? 0 : quantityOf(source, interval, `${path}.interval`),
  };
}

function clockOf(
  source: Source, object: ObjectNode, path: string, clocks: Readonly<Record<string, number>>,
): { clock: number; absolute: boolean } {
  const name = oneOf(source, object, path, 'clock', Object.keys(clocks), 'monotonic');
  return { clock: clocks[name]!, absolute: flag(source, object, path, 'absolute', false) };
}

const readName: EventReader = ({ source }, node, path) => ({ ref: source.string(node, path, 'the name of a timer') });

/** true: signals of timers wait until it is false again. */
const readSigmask: EventReader = ({ source }, node, path) => ({ writes: source.boolean(node, path) });

const readPipe: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"name": pipe, "op": "read" or "write", "bytes": number}');
  refuseUnknown(source, object, path, ['name', 'op', 'bytes']);
  const bytes = source.optional(object, path, 'bytes');
  return {
    ref: source.string(needed(source, object, path, 'name', 'which pipe'), `${path}.name`, 'a name'),
    writes: oneOf(source, object, path, 'op', ['read', 'write'], null) === 'write',
    bytes: bytes === null ? 1 : source.int(bytes, `${path}.bytes`, 'bytes', 1, PIPE_CAPACITY),
  };
};

const readCall: EventReader = ({ source }, node, path) => {
  const object = source.object(node, path, '{"cpus": [numbers], "wait": true, "membarrier": false}');
  refuseUnknown(source, object, path, ['cpus', 'wait', 'membarrier']);
  const cpus = cpusOf(source, object, path);
  const membarrier = flag(source, object, path, 'membarrier', false);
  if (membarrier && cpus !== null) {
    const hint = 'A membarrier calls wherever tasks of the workload run.';
    throw source.bad(cpus.at, cpus.path, '"cpus" beside "membarrier"', 'one of them', hint);
  }
  return { call: { cpus, membarrier, wait: flag(source, object, path, 'wait', true) } };
};

export const OWN_READERS: Readonly<Record<(typeof OWN_EVENT_NAMES)[number], EventReader>> = {
  syscall: readTime('work in the kernel', true),
  guest: readTime('work in a guest', true),
  slack: readTime('timer slack', false),
  timeout: readTime('a timeout', false),
  io: readTime('a wait for a device', false),
  itimer: readItimer,
  pipe: readPipe,
  call: readCall,
  clock_nanosleep: readClockNanosleep,
  posix_timer: readPosixTimer,
  posix_timer_gettime: readName,
  posix_timer_delete: readName,
  fd_timer: readFdTimer,
  fd_read: readName,
  sigmask: readSigmask,
  pause: readNothing,
  free: readNothing,
  reap: readNothing,
  cputimer: readCputimer,
};

function cpusOf(source: Source, object: ObjectNode, path: string): CpuList | null {
  const node = source.optional(object, path, 'cpus');
  if (node === null) return null;
  const cpus = source.ints(node, `${path}.cpus`, 'CPUs');
  if (cpus.length === 0) throw source.bad(node.at, `${path}.cpus`, 'an empty array', 'at least one CPU');
  return { at: node.at, path: `${path}.cpus`, cpus };
}

function flag(source: Source, object: ObjectNode, path: string, key: string, otherwise: boolean): boolean {
  const node = source.optional(object, path, key);
  return node === null ? otherwise : source.boolean(node, `${path}.${key}`);
}

function needed(source: Source, object: ObjectNode, path: string, key: string, what: string): JsonNode {
  const node = source.optional(object, path, key);
  if (node === null) throw source.bad(object.at, path, `no "${key}"`, `"${key}": ${what}`);
  return node;
}

function refuseUnknown(source: Source, object: ObjectNode, path: string, known: readonly string[]): void {
  const unknown = object.entries.find(({ key }) => !known.includes(key));
  if (unknown === undefined) return;
  const hint = meantHint(unknown.key, known) ?? `Keys are ${known.join(', ')}.`;
  throw source.bad(unknown.at, path, `the unknown key "${unknown.key}"`, 'a key of this event', hint);
}

function positive(source: Source, node: JsonNode, path: string): Ns {
  const ns = quantityOf(source, node, path);
  if (ns === 0) throw source.badNode(node, path, 'more than 0, or "off"');
  return ns;
}

function quantityOf(source: Source, node: JsonNode, path: string): Ns {
  if (node.kind !== 'string') throw source.badNode(node, path, 'a time with its unit, such as "200us"');
  try {
    return parseTime(node.value);
  } catch (error) {
    if (error instanceof BadQuantity) throw source.bad(node.at, path, error.found, error.expected);
    throw error;
  }
}
