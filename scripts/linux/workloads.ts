/** The workloads of the recordings that a simulated machine is held beside, each with its scenario. */

export interface ComparedWorkload {
  /** shipped scenario */
  readonly scenario: string;
  /** The recorder looks every 20 ms whether the workers are done. */
  readonly polls: boolean;
  /** Joins and leaves in the middle third; the scenario says so by a delay. */
  readonly lateTask: string | null;
}

const plain = (scenario: string): ComparedWorkload => ({ scenario, polls: false, lateTask: null });

export const COMPARED: Readonly<Record<string, ComparedWorkload>> = {
  idle: plain('idle'),
  busy: plain('busy'),
  busy3: plain('busy3'),
  periodic: plain('periodic'),
  slack: plain('slack'),
  share: { ...plain('share'), lateTask: 'w3_busyB' },
};
