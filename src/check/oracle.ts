/**
 * An oracle judges one property of a run from its events alone. It knows layouts and event schemas,
 * nothing of the code that it judges. One property a file, under `oracles/`.
 */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import type { EventName } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

export type Verdict = (
  | { readonly verdict: 'held'; readonly checked: number }
  | { readonly verdict: 'not exercised' }
  | { readonly verdict: 'broken'; readonly checked: number; readonly violations: number; readonly witness: Witness }
) & Unjudged;

/** Looks of readers of which an oracle of theirs could not say whether they were right. Absent: there was none. */
interface Unjudged {
  readonly unjudged?: number;
}

/** One event of the stream, as a person reads it. */
export interface WitnessEvent {
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly event: string;
  readonly fields: Readonly<Record<string, number>>;
}

/** The two events that contradict each other, and everything a person needs to see why. */
export interface Witness {
  /** One sentence, with names and values. */
  readonly says: string;
  readonly events: readonly WitnessEvent[];
}

/** What is known of an oracle before any run. */
export interface OracleDescription {
  /** Identifiers of `docs/CHECKING.md`, as `G-01` or `R-01`. */
  readonly id: string;
  /** The property in one sentence. */
  readonly says: string;
  /** Where the rule comes from. */
  readonly reference: string;
  /** What it does not see. */
  readonly blindTo: string;
  /** The events that it asks for; it is handed no other. */
  readonly listens: readonly EventName[];
}

export interface Oracle extends EventConsumer, OracleDescription {
  /** A file of the run's /proc, after the last event; for those who judge what is printed. */
  onFile?(path: string, text: string): void;
  /** After the last event. */
  finish(end: Ns): Verdict;
}
