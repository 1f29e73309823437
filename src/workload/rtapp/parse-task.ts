/** One task of `tasks`: its own keys, its phases, their events in file order. */
import type { Entry, JsonNode, ObjectNode } from './document.ts';
import {
  EVENT_NAMES, eventNameOf, OWN_EVENT_NAMES, PHASE_KEYS, PRE_1_0_KEYS, TASK_KEYS, type EventName,
} from './grammar.ts';
import { lastEntry } from './document.ts';
import type { EventDeclaration, PhaseDeclaration, RtAppGlobal, TaskDeclaration } from './model.ts';
import { didYouMean, meantHint } from '../did-you-mean.ts';
import { parseEvent } from './parse-event.ts';
import { noteIgnoredPlacement, parseCpus, parsePhaseSched, parseTaskSched } from './parse-sched.ts';
import type { Source } from './source.ts';

const ALL_EVENTS = [...EVENT_NAMES, ...OWN_EVENT_NAMES];
const KNOWN_IN_PHASE = [...PHASE_KEYS, ...ALL_EVENTS];
const KNOWN_IN_TASK = [...TASK_KEYS, ...KNOWN_IN_PHASE];
/** More loops than a 32-bit counter holds are for ever in rt-app too. */
const LOOPS_MAX = 2 ** 31 - 1;
/** rt-app counts threads in an int; NR_TASKS_MAX is checked when the machine is known. */
const INSTANCES_MAX = 2 ** 31 - 1;

/** What one file's tasks share while they are read. */
export interface TaskContext {
  readonly source: Source;
  readonly global: RtAppGlobal;
  /** Task groups met so far. */
  readonly groups: Set<string>;
}

export function parseTask(context: TaskContext, entry: Entry): TaskDeclaration {
  const { source, global } = context;
  const path = `tasks.${entry.key}`;
  const task = source.object(entry.value, path, 'a task');
  refusePre10(source, task, path);
  const phasesNode = source.optional(task, path, 'phases');
  const phases = phasesNode === null
    ? [parsePhase(context, entry.key, '', task, path, 0, true)]
    : parsePhases(context, entry.key, source.object(phasesNode, `${path}.phases`, 'phases'), `${path}.phases`);
  if (phasesNode !== null) warnOutsidePhases(source, task, path);
  noteIgnoredPlacement(source, task, path, context.groups);
  return {
    name: entry.key, at: entry.at, path, phases,
    instances: instancesOf(source, task, path),
    delay: delayOf(source, task, path),
    loop: taskLoop(source, task, path, phasesNode !== null),
    sched: parseTaskSched(source, task, path, global.defaultPolicy),
    cpus: parseCpus(source, task, path),
  };
}

function refusePre10(source: Source, task: ObjectNode, path: string): void {
  const old = PRE_1_0_KEYS.map((key) => lastEntry(task, key)).find((entry) => entry !== null);
  if (old === undefined || old === null) return;
  throw source.bad(
    old.at, `${path}.${old.key}`, `the key "${old.key}" of the grammar before rt-app 1.0`,
    'the grammar of rt-app 1.0 and later',
    'Write the work as events: "run" for exec, "timer" for period, "lock" and "unlock" for resources.',
  );
}

function parsePhases(context: TaskContext, task: string, phases: ObjectNode, path: string): PhaseDeclaration[] {
  const { source } = context;
  if (phases.entries.length === 0) throw source.badNode(phases, path, 'at least one phase');
  const result: PhaseDeclaration[] = [];
  let events = 0;
  for (const { key, value } of phases.entries) {
    const phasePath = `${path}.${key}`;
    const phase = parsePhase(context, task, key, source.object(value, phasePath, 'a phase'), phasePath, events, false);
    events += phase.events.length;
    result.push(phase);
  }
  return result;
}

/** `alone`: the task itself is its only phase, and the scheduling keys are the task's. */
function parsePhase(
  context: TaskContext, task: string, name: string, node: ObjectNode, path: string, firstEvent: number, alone: boolean,
): PhaseDeclaration {
  const { source } = context;
  const events = parseEvents(context, task, node, path, firstEvent, alone);
  if (events.length === 0) throw noEvents(source, node, path);
  if (!alone) noteIgnoredPlacement(source, node, path, context.groups);
  return {
    name, path, events,
    loop: phaseLoop(source, node, path),
    sched: alone ? null : parsePhaseSched(source, node, path),
    cpus: alone ? null : parseCpus(source, node, path),
  };
}

function parseEvents(
  context: TaskContext, task: string, node: ObjectNode, path: string, firstEvent: number, alone: boolean,
): EventDeclaration[] {
  const { source, global } = context;
  const events: EventDeclaration[] = [];
  for (const entry of node.entries) {
    const { key } = entry;
    const name = eventNameOf(key);
    const eventPath = `${path}.${key}`;
    if (name !== null) {
      warnMisspelt(source, entry, name, path, alone);
      events.push(parseEvent({ source, global, task }, name, entry, eventPath, firstEvent + events.length));
    } else if (!isKnownKey(key, alone)) warnUnknownInPhase(source, entry, path, alone);
  }
  return events;
}

const isKnownKey = (key: string, task: boolean): boolean =>
  (PHASE_KEYS as readonly string[]).includes(key) || (task && (TASK_KEYS as readonly string[]).includes(key));

function warnUnknownInPhase(source: Source, { key, at }: Entry, path: string, alone: boolean): void {
  if ((TASK_KEYS as readonly string[]).includes(key)) {
    source.warn(at, path, `"${key}" is a key of the task, not of a phase; ignored here.`);
  } else {
    source.warnUnknownKey(at, path, key, alone ? KNOWN_IN_TASK : KNOWN_IN_PHASE);
  }
}

/**
 * A key that only begins like an event is one all the same; said where it looks like another word.
 * Not for a suffix that is set apart, such as `run_a` or `timerB`, unless it makes some other word.
 */
function warnMisspelt(source: Source, { key, at }: Entry, name: EventName, path: string, alone: boolean): void {
  const rest = key.slice(name.length);
  if (!/[a-z]/.test(rest)) return;
  const known = alone ? KNOWN_IN_TASK : KNOWN_IN_PHASE;
  const hint = meantHint(key, /^[a-z]/.test(rest) ? known : known.filter((word) => word !== name));
  if (hint !== undefined) source.warn(at, path, `"${key}" is read as the event "${name}" (rt-app matches by prefix). ${hint}`);
}

function noEvents(source: Source, node: ObjectNode, path: string): Error {
  const meant = node.entries
    .map(({ key }) => [key, didYouMean(key, ALL_EVENTS)] as const)
    .find(([key, event]) => event !== null && !isKnownKey(key, true));
  const hint = meant === undefined
    ? `Events are ${ALL_EVENTS.join(', ')}.`
    : `Did you mean "${meant[1]}" instead of "${meant[0]}"?`;
  return source.bad(node.at, path, 'no event', 'at least one event, such as "run" or "sleep"', hint);
}

/** Beside `phases`, events of the task itself are never run. */
function warnOutsidePhases(source: Source, task: ObjectNode, path: string): void {
  for (const { key, at } of task.entries) {
    if (isKnownKey(key, true)) continue;
    if (eventNameOf(key) !== null) source.warn(at, path, `the event "${key}" stands beside "phases" and never runs.`);
    else source.warnUnknownKey(at, path, key, KNOWN_IN_TASK);
  }
}

function instancesOf(source: Source, task: ObjectNode, path: string): number {
  const value = source.optional(task, path, 'instance');
  return value === null ? 1 : source.int(value, `${path}.instance`, 'a number of instances', 0, INSTANCES_MAX);
}

function delayOf(source: Source, task: ObjectNode, path: string): number {
  const value = source.optional(task, path, 'delay');
  return value === null ? 0 : source.microseconds(value, `${path}.delay`, 'a delay');
}

/** With phases: that often, -1 when not given. Without: the phase has the number, or it goes on for ever. */
function taskLoop(source: Source, task: ObjectNode, path: string, hasPhases: boolean): number {
  const value = lastEntry(task, 'loop');
  if (value === null) return -1;
  return hasPhases ? loopOf(source, value.value, path) : 1;
}

/** A phase runs once when not told otherwise; 0 is for ever, because rt-app counts before it compares. */
function phaseLoop(source: Source, phase: ObjectNode, path: string): number {
  const value = source.optional(phase, path, 'loop');
  if (value === null) return 1;
  const loop = loopOf(source, value, path);
  if (loop === 0) source.warn(value.at, `${path}.loop`, 'a phase loop of 0 goes on for ever, as in rt-app.');
  return loop === 0 ? -1 : loop;
}

const loopOf = (source: Source, node: JsonNode, path: string): number =>
  source.int(node, `${path}.loop`, 'a number of passes, -1 for ever', -1, LOOPS_MAX);
