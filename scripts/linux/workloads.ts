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
}

const plain = (scenario: string): ComparedWorkload => ({ scenario, polls: false, lateTask: null, threads: false, rtappNs: null });

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
};
