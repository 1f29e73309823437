/** Scheduling keys of a task or a phase. */
import { Policy } from '../../../shared/structs/task.ts';
import type { Ns } from '../../../shared/units.ts';
import { meantHint } from '../did-you-mean.ts';
import { lastEntry, type JsonNode, type ObjectNode } from './document.ts';
import { POLICIES, TASKGROUPS_MAX } from './grammar.ts';
import type { CpuList, SchedKeys } from './model.ts';
import type { Source } from './source.ts';

/** Priority that a policy brings along when the file names none. */
const DEFAULT_RT_PRIORITY = 10;

export function parsePolicy(source: Source, node: JsonNode, path: string): number {
  const name = source.string(node, path, 'a scheduling policy');
  if (!Object.hasOwn(POLICIES, name)) {
    const known = Object.keys(POLICIES);
    throw source.badNode(node, path, `one of ${known.join(', ')}`, meantHint(name, known));
  }
  return POLICIES[name]!;
}

/**
 * A task's keys: what it does not name comes from `defaultPolicy`. `runtime`, `period` and
 * `deadline` are the older spelling of dl-*; `runtime` counts only under SCHED_DEADLINE, because it
 * is also the name of an event.
 */
export function parseTaskSched(source: Source, task: ObjectNode, path: string, defaultPolicy: number): SchedKeys {
  const named = source.optional(task, path, 'policy');
  const policy = named === null ? defaultPolicy : parsePolicy(source, named, `${path}.policy`);
  const legacy = policy === Policy.Deadline;
  const dl = deadlineKeys(source, task, path, legacy ? ['runtime', 'period', 'deadline'] : [null, 'period', 'deadline']);
  noteClamps(source, task, path);
  const priority = priorityOf(source, task, path) ?? defaultPriority(policy);
  const keys = { at: task.at, path, policy, priority, ...dl };
  checkSched(source, keys, policy);
  return keys;
}

/** A phase's keys, or null when it changes nothing. */
export function parsePhaseSched(source: Source, phase: ObjectNode, path: string): SchedKeys | null {
  const named = source.optional(phase, path, 'policy');
  const policy = named === null ? null : parsePolicy(source, named, `${path}.policy`);
  const dl = deadlineKeys(source, phase, path, [null, null, null]);
  const clamped = noteClamps(source, phase, path);
  const given = priorityOf(source, phase, path);
  const priority = given ?? (policy === null ? null : defaultPriority(policy));
  if (priority === null && dl.dlRuntime + dl.dlPeriod + dl.dlDeadline === 0 && !clamped) return null;
  return { at: phase.at, path, policy, priority, ...dl };
}

/** Refuses what sched_setattr would refuse. `policy` is the one in force. */
export function checkSched(source: Source, keys: SchedKeys, policy: number): void {
  const { at, path, priority } = keys;
  if (policy === Policy.Fifo || policy === Policy.Rr) {
    if (priority !== null && (priority < 1 || priority > 99)) {
      throw source.bad(at, `${path}.priority`, String(priority), 'a real-time priority from 1 to 99');
    }
  } else if (policy === Policy.Deadline) {
    checkDeadline(source, keys);
  } else if (priority !== null && (priority < -20 || priority > 19)) {
    throw source.bad(at, `${path}.priority`, String(priority), 'a nice value from -20 to 19');
  }
}

function checkDeadline(source: Source, { at, path, dlRuntime, dlDeadline, dlPeriod }: SchedKeys): void {
  if (dlRuntime === 0) {
    throw source.bad(at, `${path}.dl-runtime`, 'none', 'a budget for SCHED_DEADLINE', 'Give "dl-runtime" in microseconds.');
  }
  if (dlRuntime > dlDeadline || dlDeadline > dlPeriod) {
    const us = [dlRuntime, dlDeadline, dlPeriod].map((ns) => ns / 1000).join(', ');
    throw source.bad(at, path, `runtime, deadline, period of ${us} us`, 'runtime <= deadline <= period');
  }
}

const defaultPriority = (policy: number): number =>
  policy === Policy.Fifo || policy === Policy.Rr ? DEFAULT_RT_PRIORITY : 0;

function priorityOf(source: Source, node: ObjectNode, path: string): number | null {
  const value = source.optional(node, path, 'priority');
  return value === null ? null : source.int(value, `${path}.priority`, 'a nice value or a real-time priority', -20, 99);
}

type LegacyNames = readonly [string | null, string | null, string | null];

function deadlineKeys(
  source: Source, node: ObjectNode, path: string, [oldRuntime, oldPeriod, oldDeadline]: LegacyNames,
): { dlRuntime: Ns; dlPeriod: Ns; dlDeadline: Ns } {
  const time = (key: string, old: string | null, otherwise: Ns): Ns => {
    const name = lastEntry(node, key) === null && old !== null ? old : key;
    const value = source.optional(node, path, name);
    return value === null ? otherwise : source.microseconds(value, `${path}.${name}`, 'a time');
  };
  const dlRuntime = time('dl-runtime', oldRuntime, 0);
  const dlPeriod = time('dl-period', oldPeriod, dlRuntime);
  const dlDeadline = time('dl-deadline', oldDeadline, dlPeriod);
  return { dlRuntime, dlPeriod, dlDeadline };
}

/** util_min and util_max: checked, told, without effect. Returns whether there is one. */
function noteClamps(source: Source, node: ObjectNode, path: string): boolean {
  let found = false;
  for (const key of ['util_min', 'util_max']) {
    const value = source.optional(node, path, key);
    if (value === null) continue;
    source.int(value, `${path}.${key}`, 'a utilisation, -1 for none', -1, 1024);
    source.approximations.add('util_min and util_max have no effect: the machine has one frequency and equal CPUs.');
    found = true;
  }
  return found;
}

export function parseCpus(source: Source, node: ObjectNode, path: string): CpuList | null {
  const value = source.optional(node, path, 'cpus');
  if (value === null) return null;
  const at = value.at;
  const cpus = source.ints(value, `${path}.cpus`, 'CPU numbers');
  if (cpus.length === 0) throw source.bad(at, `${path}.cpus`, 'an empty array', 'at least one CPU');
  return { at, path: `${path}.cpus`, cpus: [...new Set(cpus)].sort((a, b) => a - b) };
}

/** nodes_membind and taskgroup: checked, told, without effect. */
export function noteIgnoredPlacement(source: Source, node: ObjectNode, path: string, groups: Set<string>): void {
  const nodes = source.optional(node, path, 'nodes_membind');
  if (nodes !== null) {
    source.ints(nodes, `${path}.nodes_membind`, 'NUMA nodes');
    source.approximations.add('nodes_membind has no effect: the machine has one memory node.');
  }
  const group = source.optional(node, path, 'taskgroup');
  if (group !== null) noteTaskgroup(source, group, `${path}.taskgroup`, groups);
}

function noteTaskgroup(source: Source, node: JsonNode, path: string, groups: Set<string>): void {
  const name = source.string(node, path, 'a task group');
  if (name === '') return;
  if (!name.startsWith('/')) throw source.badNode(node, path, 'a task group, which begins with "/"');
  groups.add(name);
  if (groups.size > TASKGROUPS_MAX) throw source.badNode(node, path, `at most ${TASKGROUPS_MAX} task groups in a file`);
  source.approximations.add('taskgroup has no effect: all tasks are scheduled in one group.');
}
