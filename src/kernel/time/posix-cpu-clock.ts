/** Clocks that count CPU time of a thread or of a process: user time, user and system time, or the scheduler's run time. */
import type { Ns } from '../../../shared/units.ts';

/** What a CPU clock counts. @linux include/linux/posix-timers.h CPUCLOCK_PROF, CPUCLOCK_VIRT, CPUCLOCK_SCHED */
export const CpuClock = { Prof: 0, Virt: 1, Sched: 2 } as const;
export type CpuClock = (typeof CpuClock)[keyof typeof CpuClock];

/** What such a clock makes of the three. @linux kernel/time/posix-cpu-timers.c store_samples */
export function cpuClockOf(clock: CpuClock, utime: Ns, stime: Ns, runtime: Ns): Ns {
  switch (clock) {
    case CpuClock.Prof: return utime + stime;
    case CpuClock.Virt: return utime;
    case CpuClock.Sched: return runtime;
  }
}
