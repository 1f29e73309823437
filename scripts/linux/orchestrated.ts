/**
 * A shipped scenario as the recorder ran it: its tasks stand blocked until another task, which sleeps on
 * CPU 0 for the rest, has looked at /proc and wakes them.
 */
import type { Entry, JsonNode, ObjectNode } from '../../src/workload/rtapp/document.ts';
import { parseDocument } from '../../src/workload/rtapp/parse-document.ts';
import { NSEC_PER_MSEC, type Ns } from '../../shared/units.ts';
import { entriesText, entryText, lookText, objectAt, scenarioText } from './document-text.ts';
import { forkedText, ofTask } from './forked.ts';
import { inTurns, readersText, withReaders, type Turn } from './reader-text.ts';
import { PAUSE_NS, type Timeline } from './timeline.ts';

/** Where the recorder's program was put. */
const RECORDER = '"wl": { "cpus": [0], "loop": 1';
/** So long before its first look the recorder forks the workers. */
const SETTLE_NS: Ns = 1_500 * NSEC_PER_MSEC;
const us = (ns: Ns): number => Math.max(0, Math.round(ns / 1_000));

/** What a workload asks of the recorder beside starting it and coming back at the end. */
export interface Orchestration {
  /** It looks every 20 ms whether they are done. */
  readonly polls: boolean;
  /** Joins and leaves in the middle third; its scenario says so by a delay. */
  readonly lateTask: string | null;
  /** The first task is a process that starts the others as threads. */
  readonly threads: boolean;
  /** Tasks that have run before. */
  readonly before: readonly string[];
  /** How its reader looks; null: there is none. */
  readonly looks: readonly string[] | null;
  /** What the dynticks block says beside what its scenario's does. */
  readonly block?: readonly string[];
  /** For how long its first task is in user mode and in the kernel by turns; null: as its scenario says. */
  readonly turn: Turn | null;
}

/** The scenario's text. `bootNs`: when user space begins, from which delays count. */
export function orchestrated(text: string, file: string, time: Timeline, bootNs: Ns, orchestration: Orchestration): string {
  const { polls, lateTask, threads, looks, turn } = orchestration;
  const root = parseDocument(file, text);
  const tasks = objectAt(root, 'tasks').entries;
  const third = (time.t1Ns - time.t0Ns) / 3;
  const forkNs = Math.max(0, time.wakeNs - SETTLE_NS - bootNs);
  const [leader, ...others] = tasks;
  const processes = threads ? [withForks(leader!, others)] : turn === null ? tasks : [inTurns(leader!, turn), ...others];
  const wrapped = processes.map((entry) => started(entry, forkNs, entry.key === lateTask ? third : null));
  const phases = [
    lookText(time.lookNs),
    `"pause": { "loop": 1, "sleep": ${us(time.pauseNs)} }`,
    ...graceText(time),
    ...actsOf(processes.map(({ key }) => key), third, orchestration).flatMap(actText),
    ...(polls ? pollsText(time) : [sleepText('"run"', time.runNs - (lateTask === null ? 0 : 2 * third))]),
    // file by file, and others may run in between
    '"look again": { "loop": 10000, "syscall": "100us" }',
  ];
  const recorder = `${RECORDER}, "delay": ${us(time.wakeNs - bootNs)}, "phases": { ${phases.join(', ')} } }`;
  const forked = threads ? others.map(forkedText) : [];
  const block = objectAt(root, 'dynticks');
  const reading = looks === null ? block : withReaders(block, readersText(block, looks, time.t0Ns - time.shortNs - bootNs));
  return scenarioText([recorder, ...wrapped, ...forked, ...orchestration.before], reading, orchestration.block);
}

/** The recorder's phase that begins the run. */
export const startPhaseOf = ({ graces }: Timeline): number => (graces > 0 ? 4 : 2);

/** So long after the one before, these tasks are started. */
interface Act {
  readonly afterNs: Ns;
  readonly starts: readonly string[];
}

/** At the end of its middle third a late task ends by itself; the recorder is awake then too. */
function actsOf(tasks: readonly string[], third: Ns, { lateTask }: Orchestration): Act[] {
  const early = { afterNs: 0, starts: tasks.filter((task) => task !== lateTask) };
  if (lateTask === null) return [early];
  return [early, { afterNs: third, starts: [lateTask] }, { afterNs: third, starts: [] }];
}

function actText({ afterNs, starts }: Act, i: number): string[] {
  const posts = starts.map((task) => `"sem_post": "start-${task}"`);
  return [
    ...(afterNs > 0 ? [sleepText(`"until ${i}"`, afterNs)] : []),
    ...(posts.length > 0 ? [`"start ${i}": { "loop": 1, ${posts.join(', ')} }`] : []),
  ];
}

/** Grace periods that the recorder waits for, and what it does then. */
function graceText({ graces, graceNs, armNs }: Timeline): string[] {
  if (graces === 0) return [];
  return [
    `"know": { "loop": ${graces}, "free": "", "sleep": ${us(graceNs)} }`,
    `"arm": { "loop": 1, "syscall": "${Math.round(armNs)}ns" }`,
  ];
}

const sleepText = (name: string, ns: Ns): string => `${name}: { "loop": 1, "sleep": ${us(ns)} }`;

/** Whole polls, and what is left of the run. */
function pollsText({ runNs, pollNs }: Timeline): string[] {
  const polls = Math.floor(runNs / pollNs);
  const whole = polls > 0 ? [`"polls": { "loop": ${polls}, "sleep": ${us(PAUSE_NS)} }`] : [];
  return [...whole, sleepText('"run"', runNs - polls * pollNs)];
}

const BEFORE = (name: string): string => `"blocked": { "loop": 1, "sem_wait": "start-${name}" }`;
/** Nobody ever posts it: a worker that is done pauses for good. */
const AFTER = '"done": { "loop": 1, "sem_wait": "never" }';

/** The declaration with a phase more, the first, in which it starts the others. */
function withForks({ key, at, value }: Entry, others: readonly Entry[]): Entry {
  const forks = others.map((other): Entry => ({ key: 'fork', at, value: { kind: 'string', at, value: other.key } }));
  const start: Entry = { key: 'threads', at, value: { kind: 'object', at, entries: [oneLoop(at), ...forks] } };
  const entries = (value as ObjectNode).entries.map((entry): Entry => (entry.key === 'phases' && entry.value.kind === 'object'
    ? { ...entry, value: { ...entry.value, entries: [start, ...entry.value.entries] } } : entry));
  return { key, at, value: { kind: 'object', at, entries } };
}

const oneLoop = (at: Entry['at']): Entry => ({ key: 'loop', at, value: { kind: 'number', at, value: 1, text: '1' } });

/**
 * A declaration that waits for its start first, from when the recorder has forked it. `runsNs`: what its `runtime`
 * becomes where it comes late.
 */
function started({ key, value }: Entry, forkNs: Ns, runsNs: Ns | null): string {
  if (value.kind !== 'object') throw new Error(`the task ${key} is no object`);
  const isPhases = value.entries.some((entry) => entry.key === 'phases');
  const own = value.entries.filter((entry) => ofTask(entry.key) && !['loop', 'delay', 'phases'].includes(entry.key)
    && !(entry.key === 'runtime' && !isPhases));
  const head = ['"loop": 1', `"delay": ${us(forkNs)}`, ...own.map(entryText)].join(', ');
  const work = isPhases ? phasesOf(key, value) : [`"work": ${flatWork(value, runsNs)}`];
  return `${JSON.stringify(key)}: { ${head}, "phases": { ${[BEFORE(key), ...work, AFTER].join(', ')} } }`;
}

function phasesOf(key: string, task: ObjectNode): string[] {
  const loop = task.entries.findLast((entry) => entry.key === 'loop')?.value;
  if (numberOf(loop) !== 1) throw new Error(`the task ${key} goes through its phases more than once: it cannot be started from outside`);
  return objectAt(task, 'phases').entries.map(entryText);
}

/** The events of a task without phases, as one phase that goes round as the task did. */
function flatWork(task: ObjectNode, runsNs: Ns | null): string {
  const events = task.entries.filter((entry) => entry.key === 'loop' || !ofTask(entry.key) || entry.key === 'runtime');
  if (!events.some(({ key }) => key === 'loop')) return entriesText([loopForEver(task), ...events]);
  if (runsNs === null) return entriesText(events);
  return `{ ${events.map((entry) => (entry.key === 'runtime' ? `"runtime": ${us(runsNs)}` : entryText(entry))).join(', ')} }`;
}

const loopForEver = ({ at }: ObjectNode): Entry => ({ key: 'loop', at, value: { kind: 'number', at, value: -1, text: '-1' } });

const numberOf = (node: JsonNode | undefined): number | null => (node?.kind === 'number' ? node.value : null);
