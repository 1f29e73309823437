/**
 * The clock by which the CPU timers of a process count. It begins with what the threads had really had, and goes on with
 * what they are charged: with each tick, or with each flush where contexts are tracked. So a tick can read it without
 * asking any thread what it is doing, and it may be behind the truth by what is not charged yet.
 *
 *      set: had 7.3, of which charged 4    ->  ahead by 3.3
 *      a tick or a flush: charged 8        ->  shows 11.3 (the 3.3 are charged a second time: interval timers allow for a tick)
 *      no timer is left: stops at 11.3     ->  begins again no earlier than there
 */
import { LockClass } from '../../../shared/lock-order.ts';
import { CPUCLOCK_MAX, type PosixCputimers } from '../../../shared/structs/posix-cpu-timers.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../../shared/sync/seqcount.ts';
import { KTIME_MAX, type Ns, type ProcessId, type TaskId } from '../../../shared/units.ts';
import type { CputimerTimes, KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { processSpecOf } from '../process.ts';
import { threadGroupCputime } from '../sched/thread-group.ts';
import { CpuClock, cpuClockOf } from './posix-cpu-clock.ts';

/** @linux include/linux/sched/signal.h lock_task_sighand */
export function lockTaskSighand(cpu: KernelCpu, process: ProcessId): PosixCputimers {
  const pct = cpu.image.posixCputimers[process]!;
  spinLock(cpu, pct.lock, LockClass.Siglock, process);
  return pct;
}

/** @linux include/linux/sched/signal.h unlock_task_sighand */
export function unlockTaskSighand(cpu: KernelCpu, process: ProcessId): void {
  spinUnlock(cpu, cpu.image.posixCputimers[process]!.lock, LockClass.Siglock, process);
}

/** What one of the three clocks shows. @linux kernel/time/posix-cpu-timers.c store_samples */
export function sampleOf({ utime, stime, runtime }: CputimerTimes, clock: CpuClock): Ns {
  return cpuClockOf(clock, utime, stime, runtime);
}

/**
 * The clock while it goes on; loads only. Without siglock it may be stopping: whoever looks so looks again with it.
 * @linux kernel/time/posix-cpu-timers.c proc_sample_cputime_atomic
 */
export function procSampleCputime(cpu: KernelCpu, process: ProcessId): CputimerTimes {
  const pct = cpu.image.posixCputimers[process]!;
  const times = chargedTimes(cpu, process);
  times.utime += pct.utime;
  times.stime += pct.stime;
  times.runtime += pct.runtime;
  return times;
}

/** What all threads of a process were charged, those that are gone included; loads only. */
function chargedTimes(cpu: KernelCpu, process: ProcessId): CputimerTimes {
  const { seq } = cpu.image.signalStructs[process]!;
  for (;;) {
    const start = readSeqcountBegin(cpu.memory, seq);
    sumCharged(cpu, process, cpu.cputimer);
    if (!readSeqcountRetry(cpu.memory, seq, start)) return cpu.cputimer;
  }
}

function sumCharged(cpu: KernelCpu, process: ProcessId, out: CputimerTimes): void {
  const { image } = cpu;
  const signal = image.signalStructs[process]!;
  const { threads } = processSpecOf(cpu, process);
  out.utime = signal.chargedUtime;
  out.stime = signal.chargedStime;
  out.runtime = signal.sumSchedRuntime;
  for (let i = 0; i < threads.length; i++) {
    const record = image.tasks[threads[i]!]!;
    if (record.listed === 0) continue;
    out.utime += record.utime;
    out.stime += record.stime;
    out.runtime += record.sumExecRuntime;
  }
}

/**
 * The clock, which goes on from now on; siglock held. What is charged between the two looks makes it late, never early.
 * @linux kernel/time/posix-cpu-timers.c thread_group_start_cputime
 */
export function threadGroupStartCputime(cpu: KernelCpu, process: ProcessId, pct: PosixCputimers, member: TaskId): CputimerTimes {
  if (pct.timersActive === 0) {
    const { groupCputime } = cpu;
    threadGroupCputime(cpu, member, 'linux', groupCputime);
    const charged = chargedTimes(cpu, process);
    pct.utime = Math.max(pct.utime, groupCputime.utime) - charged.utime;
    pct.stime = Math.max(pct.stime, groupCputime.stime) - charged.stime;
    pct.runtime = Math.max(pct.runtime, groupCputime.sumExecRuntime) - charged.runtime;
    pct.timersActive = 1;
  }
  return procSampleCputime(cpu, process);
}

/** No timer is left; siglock held. @linux kernel/time/posix-cpu-timers.c stop_process_timers */
export function stopProcessTimers(cpu: KernelCpu, process: ProcessId, pct: PosixCputimers): void {
  const { utime, stime, runtime } = procSampleCputime(cpu, process);
  pct.timersActive = 0;
  pct.utime = utime;
  pct.stime = stime;
  pct.runtime = runtime;
}

/** A new process has no timers, and its clock has never gone. @linux kernel/fork.c posix_cpu_timers_init_group */
export function posixCpuTimersInitGroup(cpu: KernelCpu, process: ProcessId): void {
  const pct = lockTaskSighand(cpu, process);
  pct.timersActive = 0;
  pct.utime = 0;
  pct.stime = 0;
  pct.runtime = 0;
  for (let clock = 0; clock < CPUCLOCK_MAX; clock++) pct.setNextevt(clock, KTIME_MAX);
  for (let which = CpuClock.Prof; which <= CpuClock.Virt; which++) {
    pct.setItExpires(which, 0);
    pct.setItIncr(which, 0);
  }
  unlockTaskSighand(cpu, process);
}
