/** What a run gives back, whichever engine ran it. */
import type { Ns } from '../../shared/units.ts';

/** Why a run ended. */
export type EndReason =
  | 'duration'
  | 'all tasks ended'
  | 'nothing can ever wake'
  | 'limit'
  | 'interrupted';

/** Where a run stands; handed to whoever watches it. */
export interface Progress {
  readonly simulatedNs: Ns;
  readonly limitNs: Ns;
  readonly events: number;
}
