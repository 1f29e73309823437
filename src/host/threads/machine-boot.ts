/** What a thread of the machine is sent when it starts. */
import type { Ns } from '../../../shared/units.ts';
import type { Seat } from '../../engine/threads/seat.ts';
import type { Scenario } from '../../workload/scenario.ts';

export interface MachineBoot {
  /** Build of whoever starts it. */
  readonly buildId: string;
  readonly scenario: Scenario;
  /** No event begins at this instant or later. */
  readonly limitNs: Ns;
  readonly seat: Seat;
  /** The run's log, to which the thread adds its lines; null for none. */
  readonly logFile: string | null;
}
