/**
 * An rt-app workload as rt-app itself runs it: its main thread measures on CPU 0 how long a loop takes,
 * starts the threads, sleeps for the duration, and ends them. The recorder stands outside: the window is
 * from before the program's start until after its end.
 */
import { NSEC_PER_MSEC, NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import { parseDocument } from '../../src/workload/rtapp/parse-document.ts';
import { lookText, objectAt, scenarioText } from './document-text.ts';
import { forkedText } from './forked.ts';
import type { Timeline } from './timeline.ts';

/** rt-app measures a loop by so many tries, each of more loops than the one before; twice, the second time without sleeps. */
const TRIES = [0, 1, 2, 3, 4, 5].map((i) => 10_000 + i * 33_333);
const TRIES_LOOPS = TRIES.reduce((sum, loops) => sum + loops, 0);
/** It sleeps that long before each try of the first time. */
const REST_NS: Ns = NSEC_PER_SEC;
/** To load a program and to link it. */
const EXEC_NS: Ns = 20 * NSEC_PER_MSEC;
/** The last round of a thread, which is waited for, and what the main thread writes at the end. */
const END_NS: Ns = 25 * NSEC_PER_MSEC;

const us = (ns: Ns): number => Math.max(1, Math.round(ns / 1_000));

export interface RtappRun {
  /** when user space begins, from which delays count */
  readonly bootNs: Ns;
  /** what the workload's file says */
  readonly durationNs: Ns;
  /** how coarse sleeps are */
  readonly sleepTickNs: Ns;
  /** Tasks that have run before. */
  readonly before: readonly string[];
}

/** The scenario's text. */
export function rtappRun(text: string, file: string, time: Timeline, { bootNs, durationNs, sleepTickNs, before }: RtappRun): string {
  const root = parseDocument(file, text);
  const tasks = objectAt(root, 'tasks').entries;
  // all that is not known to be sleep or load is the measuring: how long a loop takes is the host's affair
  const restsNs = TRIES.length * (REST_NS + sleepTickNs / 2);
  const loadNs = time.t1Ns - time.t0Ns - durationNs - restsNs - EXEC_NS - END_NS;
  const loopsText = (loops: number): number => us((loadNs * loops) / (2 * TRIES_LOOPS));
  const phases = [
    lookText(time.lookNs),
    `"pause": { "loop": 1, "sleep": ${us(time.t0Ns - time.beforeNs - time.lookNs)} }`,
    lookText(EXEC_NS).replace('look', 'start'),
    ...TRIES.map((loops, i) => `"try ${i}": { "loop": 1, "sleep": ${us(REST_NS)}, "run": ${loopsText(loops)} }`),
    `"again": { "loop": 1, "run": ${loopsText(TRIES_LOOPS)} }`,
    `"threads": { "loop": 1, ${tasks.map(({ key }) => `"fork": ${JSON.stringify(key)}`).join(', ')} }`,
    `"run": { "loop": 1, "sleep": ${us(durationNs)} }`,
    '"done": { "loop": 1, "sem_wait": "never" }',
  ];
  const main = `"rt-app": { "cpus": [0], "loop": 1, "delay": ${us(time.wakeNs - bootNs)}, "phases": { ${phases.join(', ')} } }`;
  return scenarioText([main, ...tasks.map(forkedText), ...before], objectAt(root, 'dynticks'));
}
