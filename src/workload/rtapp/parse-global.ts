/** The `global` object: what matters to a simulated machine, and the type of everything else. */
import { KTIME_MAX, NSEC_PER_SEC } from '../../../shared/units.ts';
import type { JsonNode, ObjectNode } from './document.ts';
import { GLOBAL_KEYS } from './grammar.ts';
import type { RtAppGlobal } from './model.ts';
import { parsePolicy } from './parse-sched.ts';
import type { Source } from './source.ts';

const DEFAULT_MEM_BUFFER_SIZE = 4_194_304;

const DEFAULTS: RtAppGlobal = {
  durationNs: null, defaultPolicy: 0, ioDevice: '/dev/null', memBufferSize: DEFAULT_MEM_BUFFER_SIZE,
};

export function parseGlobal(source: Source, node: JsonNode | null): RtAppGlobal {
  if (node === null) return DEFAULTS;
  const global = source.object(node, 'global', 'options');
  for (const { key, at } of global.entries) {
    if (!(GLOBAL_KEYS as readonly string[]).includes(key)) source.warnUnknownKey(at, 'global', key, GLOBAL_KEYS);
  }
  checkUnused(source, global);
  refusePi(source, global);
  const policy = source.optional(global, 'global', 'default_policy');
  const device = source.optional(global, 'global', 'io_device');
  const buffer = source.optional(global, 'global', 'mem_buffer_size');
  return {
    durationNs: durationOf(source, global),
    defaultPolicy: policy === null ? DEFAULTS.defaultPolicy : parsePolicy(source, policy, 'global.default_policy'),
    ioDevice: device === null ? DEFAULTS.ioDevice : source.string(device, 'global.io_device', 'a device'),
    memBufferSize: buffer === null ? DEFAULTS.memBufferSize : source.int(buffer, 'global.mem_buffer_size', 'bytes', 1),
  };
}

/** Seconds; -1 and 0 mean without limit. */
function durationOf(source: Source, global: ObjectNode): number | null {
  const value = source.optional(global, 'global', 'duration');
  if (value === null) return null;
  const most = Math.floor(KTIME_MAX / NSEC_PER_SEC);
  const seconds = source.int(value, 'global.duration', 'seconds, -1 for no limit', -1, most);
  return seconds <= 0 ? null : seconds * NSEC_PER_SEC;
}

function refusePi(source: Source, global: ObjectNode): void {
  const value = source.optional(global, 'global', 'pi_enabled');
  if (value === null || !source.boolean(value, 'global.pi_enabled')) return;
  throw source.badNode(
    value, 'global.pi_enabled', 'false',
    'Mutexes with priority inheritance (PTHREAD_PRIO_INHERIT) are not simulated.',
  );
}

type Check = (source: Source, node: JsonNode, path: string) => unknown;

const isBoolean: Check = (source, node, path) => source.boolean(node, path);
const isString: Check = (source, node, path) => source.string(node, path, 'a text');

/** A boolean is the older way to ask for everything. */
const isTraceList: Check = (source, node, path) =>
  node.kind === 'boolean' ? node.value : source.string(node, path, 'a list such as "main,task,loop,event"');

const isCalibration: Check = (source, node, path) => {
  if (node.kind === 'number') return source.int(node, path, 'ns per loop', 0);
  if (!/^CPU[0-9]+$/.test(source.string(node, path, 'ns per loop, or "CPUn"'))) throw source.badNode(node, path, '"CPUn"');
  return null;
};

const isLogSize: Check = (source, node, path) =>
  node.kind === 'number' ? source.int(node, path, 'megabytes', 0) : source.string(node, path, 'megabytes, or "file", "auto", "disable"');

/** Keys that steer rt-app itself: without meaning here, but of the right type. */
const UNUSED: Readonly<Record<string, Check>> = {
  calibration: isCalibration,
  lock_pages: isBoolean,
  logdir: isString,
  log_basename: isString,
  log_size: isLogSize,
  ftrace: isTraceList,
  gnuplot: isBoolean,
  cumulative_slack: isBoolean,
};

function checkUnused(source: Source, global: ObjectNode): void {
  for (const [key, check] of Object.entries(UNUSED)) {
    const value = source.optional(global, 'global', key);
    if (value !== null) check(source, value, `global.${key}`);
  }
}
