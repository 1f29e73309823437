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

/** Of what of it a reader knows. */
export type Reader = 'linux' | 'complete';

/**
 * Charged time plus the stretch under way at `t` and accumulators: `complete` has all of them, `linux` only
 * the one of what the task is doing. A task accounted by ticks has nothing pending.
 * @linux kernel/sched/cputime.c task_cputime, task_gtime
 */
export function finalCputime(t: Ns, fields: Float64Array, at: number, reader: Reader = 'complete'): TaskCputime {
  const { state, delta } = stretchAt(t, fields, at);
  const inUser = state === VtimeState.User || state === VtimeState.Guest;
  const pending = reader === 'complete' ? completePending(t, fields, at) : {
    user: inUser ? fields[at + VTIME_UTIME]! + delta : 0,
    system: state === VtimeState.Sys ? fields[at + VTIME_STIME]! + delta : 0,
    guest: state === VtimeState.Guest ? fields[at + VTIME_GTIME]! + delta : 0,
  };
  return {
    utime: fields[at + UTIME]! + pending.user, stime: fields[at + STIME]! + pending.system, gtime: fields[at + GTIME]! + pending.guest,
  };
}

/** What nobody has charged yet, as a reader sees it. */
export interface PendingCputime {
  /** time as guest included */
  readonly user: Ns;
  readonly system: Ns;
  readonly guest: Ns;
  readonly idle: Ns;
}

/** What a reader of its CPU's accounts adds for it. @linux kernel/sched/cputime.c kcpustat_cpu_fetch_vtime */
export function pendingKcpustat(t: Ns, fields: Float64Array, at: number, reader: Reader): PendingCputime {
  if (reader === 'complete') return completePending(t, fields, at);
  const { state, delta } = stretchAt(t, fields, at);
  const guest = state === VtimeState.Guest ? fields[at + VTIME_GTIME]! + delta : 0;
  return {
    user: state === VtimeState.User ? fields[at + VTIME_UTIME]! + delta : guest,
    system: state === VtimeState.Sys ? fields[at + VTIME_STIME]! + delta : 0,
    guest,
    idle: 0,
  };
}

function completePending(t: Ns, fields: Float64Array, at: number): PendingCputime {
  const { state, delta } = stretchAt(t, fields, at);
  const guest = fields[at + VTIME_GTIME]! + (state === VtimeState.Guest ? delta : 0);
  return {
    user: fields[at + VTIME_UTIME]! + (state === VtimeState.User ? delta : 0) + guest,
    system: fields[at + VTIME_STIME]! + (state === VtimeState.Sys ? delta : 0),
    guest,
    idle: state === VtimeState.Idle ? delta : 0,
  };
}

/** The record may be of the CPU's future, when its last event ran past the end. */
function stretchAt(t: Ns, fields: Float64Array, at: number): { readonly state: number; readonly delta: Ns } {
  return { state: fields[at + VTIME_STATE]!, delta: Math.max(0, t - fields[at + STARTTIME]!) };
}
