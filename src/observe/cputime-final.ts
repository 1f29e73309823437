/** What `task_final` says of a task's CPU time, as a reader would see it at that instant. */
import { VtimeState } from '../../shared/structs/task.ts';
import type { Ns } from '../../shared/units.ts';
import { fieldIndex } from './event-handlers.ts';

const field = (name: string): number => fieldIndex('task_final', name);
const VTIME_STATE = field('vtime_state');
const STARTTIME = field('starttime');
const UTIME = field('utime');
const STIME = field('stime');
const GTIME = field('gtime');
const VTIME_UTIME = field('vtime_utime');
const VTIME_STIME = field('vtime_stime');
const VTIME_GTIME = field('vtime_gtime');

/** CPU time with what no tick has charged yet. */
export interface TaskCputime {
  readonly utime: Ns;
  readonly stime: Ns;
  /** contained in utime */
  readonly gtime: Ns;
}

/**
 * Charged time plus the accumulators plus the stretch under way at `t`: what the complete reader
 * answers. A task accounted by ticks has nothing pending.
 */
export function finalCputime(t: Ns, fields: Float64Array, at: number): TaskCputime {
  const state = fields[at + VTIME_STATE]!;
  // the record may be of the CPU's future, when its last event ran past the end
  const pending = Math.max(0, t - fields[at + STARTTIME]!);
  const inGuest = state === VtimeState.Guest ? pending : 0;
  const inUser = state === VtimeState.User ? pending : inGuest;
  const inSystem = state === VtimeState.Sys ? pending : 0;
  return {
    utime: fields[at + UTIME]! + fields[at + VTIME_UTIME]! + inUser,
    stime: fields[at + STIME]! + fields[at + VTIME_STIME]! + inSystem,
    gtime: fields[at + GTIME]! + fields[at + VTIME_GTIME]! + inGuest,
  };
}
