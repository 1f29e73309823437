/**
 * What a task's vtime tuple is worth at an instant, by the rules of Linux's readers, written once
 * more and apart from the kernel's own code.
 *
 * | state | user time since starttime | system time since starttime |
 * | --- | --- | --- |
 * | Inactive, Idle | - | - |
 * | Sys | - | yes |
 * | User, Guest | yes | - |
 *
 * `complete` adds every accumulator; `linux` adds only that of the present state, so that what a
 * task has in the other one is out of sight until it is charged (below a tick).
 */
import { VtimeState } from '../../shared/structs/task.ts';
import type { Ns } from '../../shared/units.ts';

/** The `reader` field of `task_cputime` and `kcpustat_cpu_fetch`. */
export const Reader = { Linux: 0, Complete: 1 } as const;
export const READER_NAMES = ['linux', 'complete'];

/** Whether time runs for the task. */
export const isRunning = (state: number): boolean => state >= VtimeState.Sys;

/** Whether what runs is user time; meaningful while time runs. */
export const runsUser = (state: number): boolean => state >= VtimeState.User;

/**
 * Time since `starttime`, for a state in which time runs. `complete` leaves out what a hypervisor has stolen of it: `stolen` in
 * thefts that are over, and all since `stolenSince`, if that is not 0.
 */
export function liveAt(reader: number, state: number, starttime: Ns, stolen: Ns, stolenSince: Ns, tau: Ns): Ns {
  if (!isRunning(state)) return 0;
  const passed = Math.max(0, tau - starttime);
  if (reader === Reader.Linux) return passed;
  return passed - stolen - (stolenSince === 0 ? 0 : Math.max(0, tau - stolenSince));
}

/** User time that the reader adds to the charged one. @linux kernel/sched/cputime.c task_cputime */
export function pendingUser(reader: number, state: number, utime: Ns, gtime: Ns, live: Ns): Ns {
  const running = runsUser(state) ? live : 0;
  if (reader === Reader.Complete) return utime + gtime + running;
  return runsUser(state) ? utime + running : 0;
}

/** System time that the reader adds to the charged one. @linux kernel/sched/cputime.c task_cputime */
export function pendingSystem(reader: number, state: number, stime: Ns, live: Ns): Ns {
  const running = state === VtimeState.Sys ? live : 0;
  if (reader === Reader.Complete) return stime + running;
  return state === VtimeState.Sys ? stime + running : 0;
}

/** Time that was stolen since `starttime`, and that the reader takes for the task's all the same: `linux` knows nothing of it. */
export function takenForWork(reader: number, state: number, stolen: Ns, stolenSince: Ns, tau: Ns): Ns {
  if (reader === Reader.Complete || !isRunning(state)) return 0;
  return stolen + (stolenSince === 0 ? 0 : Math.max(0, tau - stolenSince));
}

/** User time in a tuple that the reader does not show. */
export function hiddenUser(reader: number, state: number, utime: Ns, gtime: Ns): Ns {
  if (reader === Reader.Complete) return 0;
  return gtime + (runsUser(state) ? 0 : utime);
}

/** System time in a tuple that the reader does not show. */
export function hiddenSystem(reader: number, state: number, stime: Ns): Ns {
  if (reader === Reader.Complete || state === VtimeState.Sys) return 0;
  return stime;
}

/** tau; a flush stamps starttime, so the version's own instant is not before it. */
export function instantOf(starttime: Ns, t: Ns, promise: Ns): Ns {
  return Math.max(starttime, Math.min(t, promise));
}

/** Guest time that is pending beside the charged one; Linux shows it to nobody who does not read while it runs. */
export function pendingGuest(state: number, gtime: Ns, live: Ns): Ns {
  return gtime + (state === VtimeState.Guest ? live : 0);
}
