/**
 * CPU timers that are due. The tick only looks; the task expires them itself, on its way to user mode, in a stretch of
 * its own, so that no interrupt has to walk lists. Until it has, further ticks leave it alone.
 *
 *      tick: 58 >= 57: work               | task: siglock: finds them, first one due: 107 | fires each | signals
 *      ----------------|------------------|------------------------------------------------|-----------|--------> user mode
 */
import { Event } from '../../../shared/events.ts';
import { CPUCLOCK_MAX, type PosixCputimers } from '../../../shared/structs/posix-cpu-timers.ts';
import { Signal, SignalBit, type PosixTimer } from '../../../shared/structs/signal.ts';
import { KTIME_MAX, NONE, type Ns, type ProcessId, type TaskId } from '../../../shared/units.ts';
import type { CputimerTimes, KernelCpu } from '../kernel-cpu.ts';
import { processOf } from '../process.ts';
import { sendSignal } from '../signal.ts';
import { CpuClock } from './posix-cpu-clock.ts';
import { NO_POSIX_TIMER, isCpuClock, isPerThread, itimerNumberOf, perThread, traceCputimer } from './posix-cpu-timers.ts';
import { cpuTimerFire, lockTimer, unlockTimer } from './posix-timers.ts';
import { lockTaskSighand, procSampleCputime, sampleOf, stopProcessTimers, unlockTaskSighand } from './thread-group-cputimer.ts';

/** Timers of one clock that one pass expires. @linux kernel/time/posix-cpu-timers.c MAX_COLLECTED */
const MAX_COLLECTED = 20;

/**
 * The tick, its interrupts off: loads of other CPUs' records, and a store to the task's.
 * @linux kernel/time/posix-cpu-timers.c run_posix_cpu_timers
 */
export function runPosixCpuTimers(cpu: KernelCpu): void {
  const task = cpu.curr;
  if (task === cpu.idle) return;
  const signals = cpu.image.signals[task]!;
  if (signals.cputimerWork === 0 && fastpathTimerCheck(cpu, task)) signals.cputimerWork = 1;
}

/** Whether any may be due. @linux kernel/time/posix-cpu-timers.c fastpath_timer_check */
function fastpathTimerCheck(cpu: KernelCpu, task: TaskId): boolean {
  const { image } = cpu;
  if (image.tasks[task]!.sumExecRuntime >= image.signals[task]!.nextevt) return true;
  const process = processOf(cpu, task);
  const pct = image.posixCputimers[process]!;
  return pct.timersActive !== 0 && anyExpired(pct, procSampleCputime(cpu, process));
}

/** @linux kernel/time/posix-cpu-timers.c task_cputimers_expired */
function anyExpired(pct: PosixCputimers, times: CputimerTimes): boolean {
  for (let clock = 0; clock < CPUCLOCK_MAX; clock++) {
    if (sampleOf(times, clock as CpuClock) >= pct.nextevt(clock)) return true;
  }
  return false;
}

/** The running task, on its way to user mode. @linux kernel/time/posix-cpu-timers.c handle_posix_cpu_timers */
export function handlePosixCpuTimers(cpu: KernelCpu, task: TaskId): void {
  const process = processOf(cpu, task);
  const pct = lockTaskSighand(cpu, process);
  cpu.image.signals[task]!.cputimerWork = 0;
  checkThreadTimers(cpu, task);
  checkProcessTimers(cpu, task, process, pct);
  unlockTaskSighand(cpu, process);
  // outside, since a timer's own lock comes first
  for (let index = nextFiring(cpu, task); index !== NONE; index = nextFiring(cpu, task)) fire(cpu, task, index);
}

/** @linux kernel/time/posix-cpu-timers.c check_thread_timers */
function checkThreadTimers(cpu: KernelCpu, task: TaskId): void {
  const signals = cpu.image.signals[task]!;
  if (signals.nextevt === KTIME_MAX) return;
  signals.nextevt = collect(cpu, task, task, NONE, cpu.image.tasks[task]!.sumExecRuntime);
}

/** @linux kernel/time/posix-cpu-timers.c check_process_timers */
function checkProcessTimers(cpu: KernelCpu, task: TaskId, process: ProcessId, pct: PosixCputimers): void {
  if (pct.timersActive === 0) return;
  const times = procSampleCputime(cpu, process);
  const { Prof, Virt, Sched } = CpuClock;
  const sched = collect(cpu, task, NONE, process, times.runtime);
  const prof = checkCpuItimer(cpu, task, pct, Prof, sampleOf(times, Prof));
  const virt = checkCpuItimer(cpu, task, pct, Virt, sampleOf(times, Virt));
  pct.setNextevt(Sched, sched);
  pct.setNextevt(Prof, prof);
  pct.setNextevt(Virt, virt);
  if (Math.min(sched, prof, virt) === KTIME_MAX) stopProcessTimers(cpu, process, pct);
}

/**
 * One period at most each time, and the signal goes to who found it. Returns when it is due next.
 * @linux kernel/time/posix-cpu-timers.c check_cpu_itimer
 */
function checkCpuItimer(cpu: KernelCpu, task: TaskId, pct: PosixCputimers, clock: CpuClock, now: Ns): Ns {
  const expires = pct.itExpires(clock);
  if (expires === 0) return KTIME_MAX;
  if (now < expires) return expires;
  const incr = pct.itIncr(clock);
  const next = incr > 0 ? expires + incr : 0;
  pct.setItExpires(clock, next);
  cpu.arch.trace6(Event.itimer_expire, itimerNumberOf(clock), task, now);
  traceCputimer(cpu, Event.cputimer_expire, task, clock, 0, NO_POSIX_TIMER, now, expires, incr, 0);
  const isProf = clock === CpuClock.Prof;
  sendSignal(cpu, task, isProf ? SignalBit.Prof : SignalBit.Vtalrm, isProf ? Signal.Prof : Signal.Vtalrm);
  return next > 0 ? next : KTIME_MAX;
}

/**
 * Marks the timers of a thread, or of a process, that are due by their clock; siglock held. Returns when the first of the
 * others is due.
 * @linux kernel/time/posix-cpu-timers.c collect_timerqueue
 */
function collect(cpu: KernelCpu, task: TaskId, thread: TaskId, process: ProcessId, now: Ns): Ns {
  const { posixTimers } = cpu.image;
  for (let collected = 0; ; collected++) {
    let first = NONE;
    for (let index = 0; index < posixTimers.length; index++) {
      if (!isArmedOf(cpu, posixTimers[index]!, thread, process)) continue;
      if (first === NONE || posixTimers[index]!.expires < posixTimers[first]!.expires) first = index;
    }
    if (first === NONE) return KTIME_MAX;
    const timer = posixTimers[first]!;
    const { expires } = timer;
    if (now < expires || collected === MAX_COLLECTED) return expires;
    timer.armed = 0;
    timer.firing = task + 1;
    traceCputimer(cpu, Event.cputimer_expire, task, CpuClock.Sched, perThread(timer), first, now, expires, timer.interval, 0);
  }
}

function isArmedOf(cpu: KernelCpu, timer: PosixTimer, thread: TaskId, process: ProcessId): boolean {
  if (timer.armed === 0 || !isCpuClock(timer.clock)) return false;
  return thread === NONE ? !isPerThread(timer) && processOf(cpu, timer.owner) === process : isPerThread(timer) && timer.owner === thread;
}

/** Of those that the task has marked, the one that was due first. */
function nextFiring({ image: { posixTimers } }: KernelCpu, task: TaskId): number {
  let first = NONE;
  for (let index = 0; index < posixTimers.length; index++) {
    if (posixTimers[index]!.firing !== task + 1) continue;
    if (first === NONE || posixTimers[index]!.expires < posixTimers[first]!.expires) first = index;
  }
  return first;
}

/** Unless it was set anew since, and perhaps found due by another thread. @linux kernel/time/posix-cpu-timers.c handle_posix_cpu_timers */
function fire(cpu: KernelCpu, task: TaskId, index: number): void {
  const timer = lockTimer(cpu, index);
  if (timer.firing === task + 1) {
    cpuTimerFire(cpu, index, timer);
    timer.firing = 0;
  }
  unlockTimer(cpu, index);
}
