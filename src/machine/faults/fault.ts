/** What a fault is. */
import type { Decisions } from '../../kernel/decisions.ts';

export interface Fault {
  readonly id: string;
  /** What goes wrong, in one sentence. */
  readonly says: string;
  /** Identifiers of the oracles of which at least one must break. */
  readonly caughtBy: readonly string[];
  /** It breaks a rule that memory's guards enforce, so they must let it. */
  readonly breaksGuards?: boolean;
  /** It shows only where CPUs race: one thread does no harm there, whatever is cut. */
  readonly needsRaces?: boolean;
  readonly decisions: Partial<Decisions>;
}
