/**
 * An oracle judges one property of a run from its events alone. It knows layouts and event schemas,
 * nothing of the code that it judges. One property a file, under `oracles/`.
 */
import type { CpuId, Ns } from '../../shared/units.ts';

/** What an oracle may know of the run besides its events. */
export interface OracleFacts {
  readonly cpus: number;
  readonly tasks: number;
  readonly tickNs: Ns;
  /** How each CPU accounts CPU time. */
  readonly cputime: readonly ('tick' | 'gen')[];
  /** Shortest way of a message between two participants. */
  readonly ipiDelayNs: Ns;
  /** `nice` of each task at boot, for the slots of kcpustat. */
  readonly taskName: (task: number) => string;
}

export type Verdict =
  | { readonly verdict: 'held'; readonly checked: number }
  | { readonly verdict: 'not exercised' }
  | { readonly verdict: 'broken'; readonly checked: number; readonly violations: number; readonly witness: Witness };

/** The two events that contradict each other, and everything a person needs to see why. */
export interface Witness {
  /** One sentence, with names and values. */
  readonly says: string;
  readonly events: readonly { readonly cpu: CpuId; readonly t: Ns; readonly event: string; readonly fields: Readonly<Record<string, number>> }[];
}

export interface Oracle {
  /** Identifiers of `docs/CHECKING.md`, as `G-01` or `R-01`. */
  readonly id: string;
  /** The property in one sentence. */
  readonly says: string;
  /** Where the rule comes from. */
  readonly reference: string;
  /** What it does not see. */
  readonly blindTo: string;
  /**
   * One event of the merged stream, in the order of the stream. `fields[at + i]` is field i of the
   * schema; the array is reused, so copy what you keep.
   */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void;
  /** After the last event. */
  finish(end: Ns): Verdict;
}
