/** Clocks that count CPU time of a thread or of a process: user time, user and system time, or the scheduler's run time. */
import type { Ns, TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { taskSchedRuntime } from '../sched/core.ts';
import { taskCputime } from '../sched/cputime-read.ts';
import { CpuClock, threadGroupCputime } from '../sched/thread-group.ts';

/** What such a clock makes of the three. @linux kernel/time/posix-cpu-timers.c store_samples */
export function cpuClockOf(clock: CpuClock, utime: Ns, stime: Ns, sumExecRuntime: Ns): Ns {
  switch (clock) {
    case CpuClock.Prof: return utime + stime;
    case CpuClock.Virt: return utime;
    case CpuClock.Sched: return sumExecRuntime;
  }
}

/** Of a thread. Its run time is brought up to date for it. @linux kernel/time/posix-cpu-timers.c cpu_clock_sample */
export function cpuClockSample(cpu: KernelCpu, task: TaskId, clock: CpuClock): Ns {
  if (clock === CpuClock.Sched) return taskSchedRuntime(cpu, task);
  const { cputime } = cpu;
  taskCputime(cpu, task, 'linux', cputime);
  return cpuClockOf(clock, cputime.utime, cputime.stime, 0);
}

/**
 * Of a process, `member` being any of its threads. The run time of threads other than the caller is what their CPUs
 * wrote down last: without ticks, up to a second ago.
 * @linux kernel/time/posix-cpu-timers.c cpu_clock_sample_group
 */
export function cpuClockSampleGroup(cpu: KernelCpu, member: TaskId, clock: CpuClock): Ns {
  const { groupCputime } = cpu;
  threadGroupCputime(cpu, member, 'linux', groupCputime);
  return cpuClockOf(clock, groupCputime.utime, groupCputime.stime, groupCputime.sumExecRuntime);
}
