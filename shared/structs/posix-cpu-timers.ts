import { long, longs, spinlock, struct, word, type ViewOf } from '../memory/struct.ts';
import type { Ns } from '../units.ts';

/** What a CPU clock counts. @linux include/linux/posix-timers.h CPUCLOCK_PROF, CPUCLOCK_VIRT, CPUCLOCK_SCHED */
export const CPUCLOCK_MAX = 3;

/**
 * The CPU timers of a process: what they count by, and when the first of each clock is due, so that a tick knows with
 * one look whether there is anything to do.
 *
 * The clock of a process's timers is what its threads were *charged*, whose fields each thread's CPU writes; here is only
 * by how much it is ahead of that, since it begins with what they had really had. Linux adds each charge to a second
 * sum that all threads share; where an event must say beforehand what it touches, no charge may do that.
 * @linux include/linux/posix-timers.h struct posix_cputimers, include/linux/sched/types.h struct thread_group_cputimer
 */
export const PosixCputimers = struct(
  'posix_cputimers',
  {
    lock: spinlock('siglock, as far as CPU timers need it: whoever sets them or finds them due'),
    timersActive: word('1 while any of the process is armed: then ticks look, and the clock goes on'),
    utime: long<Ns>('user time of the clock: beyond what was charged while it goes on, else all of it when it stopped'),
    stime: long<Ns>('the same of system time'),
    runtime: long<Ns>('the same of run time'),
    nextevt: longs<Ns>(CPUCLOCK_MAX, 'by clock, when its first timer is due; KTIME_MAX: there is none'),
    itExpires: longs<Ns>(2, 'ITIMER_PROF, ITIMER_VIRTUAL: when it is due by its clock; 0: it is off'),
    itIncr: longs<Ns>(2, 'its period; 0: it fires once'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type PosixCputimers = ViewOf<typeof PosixCputimers>;
