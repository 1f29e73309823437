/** The workloads of the recordings that a simulated machine is held beside, each with its scenario. */

import { NSEC_PER_SEC, type Ns } from '../../shared/units.ts';

export interface ComparedWorkload {
  /** shipped scenario */
  readonly scenario: string;
  /** The recorder looks every 20 ms whether the workers are done. */
  readonly polls: boolean;
  /** Joins and leaves in the middle third; the scenario says so by a delay. */
  readonly lateTask: string | null;
  /** Its first task is a process that starts the others as threads. */
  readonly threads: boolean;
  /** rt-app runs it by itself, for so long. */
  readonly rtappNs: Ns | null;
  /** How its reader looks, by the views of `dynticks.readers`; null: it has none. */
  readonly looks: readonly string[] | null;
  /** Its first worker is in user mode and in read() by turns, for as long as the recording says. */
  readonly turns: boolean;
}

const plain = (scenario: string): ComparedWorkload =>
  ({ scenario, polls: false, lateTask: null, threads: false, rtappNs: null, looks: null, turns: false });

/** The recorder reads the process's raw clocks, then its file in /proc. */
const PROCESS = ['clock_virt', 'clock_prof', 'clock_sched', 'stat'];
const reader = (scenario: string, turns: boolean, looks = PROCESS): ComparedWorkload => ({ ...plain(scenario), looks, turns });
/** And then the file of its one thread. */
const THREAD = [...PROCESS, 'task_stat'];
const CPU = ['kcpustat'];


export const COMPARED: Readonly<Record<string, ComparedWorkload>> = {
  idle: plain('idle'),
  busy: plain('busy'),
  busy3: plain('busy3'),
  periodic: plain('periodic'),
  slack: plain('slack'),
  rtapp1: { ...plain('rtapp1'), rtappNs: 2 * NSEC_PER_SEC },
  rtappmp3: { ...plain('rtappmp3'), rtappNs: 2 * NSEC_PER_SEC },
  pingpong: { ...plain('pingpong'), polls: true },
  membar: { ...plain('membar'), polls: true, threads: true },
  share: { ...plain('share'), lateTask: 'w3_busyB' },
  mix: { ...plain('mix'), turns: true },
  mix1: { ...plain('mix1'), turns: true },
  reader: reader('reader', false),
  readermix: reader('readermix', true),
  readersys: reader('readersys', true),
  readershare: reader('readershare', false),
  readertask: reader('readertask', false, THREAD),
  readertaskmix: reader('readertaskmix', true, THREAD),
  readercpu: reader('readercpu', true, CPU),
  cputimer: plain('cputimer'),
};
