/**
 * A run as the host's printers see it: what the façade hands back, seen from below. The shapes are
 * those of `src/sim.ts` and `src/check/oracle.ts`, which this room may not import.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import type { EndReason } from '../engine/run.ts';
import type { RunFigures } from '../observe/run-figures.ts';

export interface JudgedRun {
  readonly reason: EndReason;
  readonly endNs: Ns;
  readonly digest: string;
  readonly records: number;
  readonly facts: RunFacts;
  readonly figures: RunFigures;
  readonly verdicts: readonly OracleVerdict[];
  /** Tasks that wait for what cannot come. Says why a run ended if that is what it ended by. */
  /** Tasks that nothing can wake any more, each with what it waits for. */
  readonly stuckTasks: readonly string[];
  /** Cuts of the scenario, by index, whose access was never reached. */
  readonly missedCuts: readonly number[];
}

export interface OracleVerdict {
  readonly id: string;
  readonly says: string;
  readonly verdict: Judgement;
}

export type Judgement =
  | { readonly verdict: 'held'; readonly checked: number }
  | { readonly verdict: 'not exercised' }
  | {
      readonly verdict: 'broken';
      readonly checked: number;
      readonly violations: number;
      readonly witness: { readonly says: string; readonly events: readonly WitnessEvent[] };
    };

export interface WitnessEvent {
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly event: string;
  readonly fields: Readonly<Record<string, number>>;
}

/** What a run comes to; what stands first outweighs what follows. `not exercised`: a property that was required to be. */
export type Outcome = 'interrupted' | 'broken' | 'not exercised' | 'limit' | 'held';

/** One CPU or task of the run as text: the coordinator is the CPU after the last. */
export function cpuName(cpu: CpuId, cpus: number): string {
  return cpu === cpus ? 'coordinator' : `CPU ${cpu}`;
}
