/** How far a participant may go in a window: what differs between `free` and `lockstep` on its side. */
import type { Standing } from '../../../shared/structs/window.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { Participant } from '../../machine/participant.ts';

export interface Pace {
  /** A window has been opened, and the participant knows its messages: what it may do. */
  begin(participant: Participant): void;
  /** Whether the participant's next event may start now. */
  mayStart(participant: Participant): boolean;
  /** Its next event is about to run. */
  starts(participant: Participant): void;
  /** An event is over, its records are written, the next one is known. */
  ended(participant: Participant): void;
  /** It has sent a message that is due at `due`. */
  sent(due: Ns): void;
  /** Up to where `cpu` has done everything, as far as this thread may believe. */
  promiseOf(cpu: CpuId): Ns;
  /** Says in the standing when its next ordered event may come. */
  publishOrdered(participant: Participant, standing: Standing): void;
}
