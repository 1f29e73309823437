/**
 * POSIX timers. A timer with a period does not queue itself again: that happens when its signal is delivered, and the
 * periods that have passed since are the overruns of that signal.
 *
 *      CPU 0 (callback)                       CPU 1 (the task)
 *      lock: requeues 3 -> 4
 *        signal queued, of setting 4
 *      unlock
 *                                             lock: sets the timer anew: requeues 4 -> 6
 *                                             unlock
 *                                             the signal is delivered: 4 is not 6, so it starts nothing
 */
import { Event } from '../../../shared/events.ts';
import { DELAYTIMER_MAX } from '../../../shared/limits.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { HrtimerFunction, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import { Signal, SignalBit, type PosixTimer } from '../../../shared/structs/signal.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import { NONE, type Ns, type TaskId } from '../../../shared/units.ts';
import { posixTimerOf } from '../image.ts';
import type { HrtimerCallback, KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { sendSignal } from '../signal.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { disarmTimer, isCpuClock, posixCpuTimerGet, posixCpuTimerRearm, posixCpuTimerSet } from './posix-cpu-timers.ts';
import {
  Cancelled, hrtimerCancelWaitRunning, hrtimerForwardNow, hrtimerGetRemaining, hrtimerInit, hrtimerRestart, hrtimerStart,
  hrtimerTryToCancel,
} from './hrtimer.ts';

/** Boot: there is none. @linux kernel/time/posix-timers.c init_posix_timers */
export function posixTimersInit(cpu: KernelCpu): void {
  for (let index = 0; index < cpu.image.posixTimers.length; index++) {
    lockTimer(cpu, index).owner = NONE;
    unlockTimer(cpu, index);
  }
}

/** With the timer locked: it begins with its first setting. @linux kernel/time/posix-timers.c do_timer_create */
export function timerCreate(cpu: KernelCpu, task: TaskId, index: number, timer: PosixTimer): void {
  timer.owner = task;
  timer.clock = cpu.config.workload.posixTimers[index]!.clock;
  cpu.image.signals[task]!.hasTimers = 1;
}

/** Each instance of a declaration has its own timers. @dynticks timers are known before the machine boots */
export function indexOf(cpu: KernelCpu, task: TaskId, { argA }: UserRegs): number {
  return argA + cpu.image.tasks[task]!.instance;
}

/**
 * Timer `argA` fires at or after `argB` ns (0: never) and then each `argC` ns (0: once).
 * @linux kernel/time/posix-timers.c common_timer_set
 */
export function timerSettime(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const { argB, argC } = regs;
  const index = indexOf(cpu, task, regs);
  const timer = stopTimer(cpu, index);
  if (timer.owner === NONE) timerCreate(cpu, task, index, timer);
  timer.interval = argB > 0 ? argC : 0;
  timer.overrun = -1;
  timer.overrunLast = 0;
  if (cpu.config.version.dropsQueuedTimerSignal) timer.queued = 0;
  if (argB > 0) arm(cpu, index, timer, argB);
  unlockTimer(cpu, index);
  return Outcome.Done;
}

/** With the timer locked. One that sends no signal only has a date. @linux kernel/time/posix-timers.c common_hrtimer_arm */
function arm(cpu: KernelCpu, index: number, timer: PosixTimer, value: Ns): void {
  const { absolute } = cpu.config.workload.posixTimers[index]!;
  if (isCpuClock(timer.clock)) {
    // one that is due already fires now, even if the thread never runs again
    if (!posixCpuTimerSet(cpu, index, timer, value, absolute)) cpuTimerFire(cpu, index, timer);
    return;
  }
  const mode = absolute ? HrtimerMode.Abs : HrtimerMode.Rel;
  const id = posixTimerOf(cpu.image, index);
  hrtimerInit(cpu, id, timer.clock, mode, HrtimerFunction.PosixTimerFn, index);
  hrtimerStart(cpu, id, value, value, mode);
  timer.active = 1;
}

/**
 * With the timer locked: its signal, or the end of its task's sleep; without a period it has no date any more.
 * @linux kernel/time/posix-cpu-timers.c cpu_timer_fire
 */
export function cpuTimerFire(cpu: KernelCpu, index: number, timer: PosixTimer): void {
  if (cpu.config.workload.posixTimers[index]!.wakes) tryToWakeUp(cpu, timer.owner);
  else posixTimerEvent(cpu, timer);
  if (timer.interval === 0) timer.expires = 0;
}

/** How long until timer `argA` fires. @linux kernel/time/posix-timers.c common_timer_get */
export function timerGettime(cpu: KernelCpu, task: TaskId, regs: UserRegs): void {
  const index = indexOf(cpu, task, regs);
  const timer = lockTimer(cpu, index);
  const { interval, active, overrunLast } = timer;
  const id = posixTimerOf(cpu.image, index);
  let remaining = 0;
  if (isCpuClock(timer.clock)) remaining = posixCpuTimerGet(cpu, timer);
  else if (interval > 0 || active !== 0) {
    // while its signal waits it is not queued, so its date is moved on here
    if (interval > 0 && timer.queued !== 0) timer.overrun += hrtimerForwardNow(cpu, cpu.image.timers[id]!, interval);
    remaining = Math.max(1, hrtimerGetRemaining(cpu, id));
  }
  unlockTimer(cpu, index);
  cpu.arch.trace6(Event.timer_gettime, index, task, remaining, interval, overrunLast);
}

/** Timer `argA` ends. @linux kernel/time/posix-timers.c timer_delete */
export function timerDeleteCall(cpu: KernelCpu, task: TaskId, regs: UserRegs): void {
  deleteTimer(cpu, indexOf(cpu, task, regs));
}

/** @linux kernel/time/posix-timers.c exit_itimers */
export function deletePosixTimersOf(cpu: KernelCpu, task: TaskId): void {
  cpu.image.posixTimers.forEach(({ owner }, index) => { if (owner === task) deleteTimer(cpu, index); });
}

function deleteTimer(cpu: KernelCpu, index: number): void {
  const timer = stopTimer(cpu, index);
  timer.owner = NONE;
  timer.queued = 0;
  unlockTimer(cpu, index);
}

/**
 * Returns the timer, locked, its hrtimer neither queued nor running: its callback wants the lock, so whoever holds that
 * cannot wait for it.
 */
function stopTimer(cpu: KernelCpu, index: number): PosixTimer {
  for (;;) {
    const timer = lockTimer(cpu, index);
    if (timer.owner !== NONE && isCpuClock(timer.clock)) {
      disarmTimer(cpu, index, timer);
      timer.requeues += 2;
      return timer;
    }
    if (hrtimerTryToCancel(cpu, posixTimerOf(cpu.image, index)) !== Cancelled.Running) {
      timer.active = 0;
      timer.requeues += 2;
      return timer;
    }
    unlockTimer(cpu, index);
    hrtimerCancelWaitRunning(cpu, posixTimerOf(cpu.image, index));
  }
}

/** @linux kernel/time/posix-timers.c posix_timer_fn */
export const posixTimerFn: HrtimerCallback = (cpu, { data }) => {
  const timer = lockTimer(cpu, data);
  timer.active = 0;
  posixTimerEvent(cpu, timer);
  unlockTimer(cpu, data);
  return false;
};

/** With the timer locked: its signal is queued, unless one still waits. @linux kernel/time/posix-timers.c posix_timer_event */
function posixTimerEvent(cpu: KernelCpu, timer: PosixTimer): void {
  const first = timer.queued === 0;
  timer.requeues += 1;
  timer.queued = 1;
  timer.signalled = timer.requeues;
  if (first) sendSignal(cpu, timer.owner, SignalBit.PosixTimer, Signal.RtMin);
}

/** The signals of a task's timers are being delivered; returns how many. @linux kernel/time/posix-timers.c posixtimer_rearm */
export function deliverPosixTimers(cpu: KernelCpu, task: TaskId): number {
  const { posixTimers } = cpu.image;
  let delivered = 0;
  for (let index = 0; index < posixTimers.length; index++) {
    if (posixTimers[index]!.owner === task && deliver(cpu, index, task)) delivered += 1;
  }
  return delivered;
}

function deliver(cpu: KernelCpu, index: number, task: TaskId): boolean {
  const timer = lockTimer(cpu, index);
  const queued = timer.queued !== 0;
  timer.queued = 0;
  if (queued) {
    const overruns = rearm(cpu, index, timer);
    cpu.arch.trace(Event.signal_deliver, Signal.RtMin, task);
    cpu.arch.trace6(Event.posixtimer_deliver, index, task, overruns);
  }
  unlockTimer(cpu, index);
  return queued;
}

/** With the timer locked: the next period, and how many have gone by. */
function rearm(cpu: KernelCpu, index: number, timer: PosixTimer): number {
  const { interval } = timer;
  if (interval === 0 || timer.signalled !== timer.requeues) return 0;
  const overruns = timer.overrun + (isCpuClock(timer.clock) ? posixCpuTimerRearm(cpu, timer) : hrtimerRearm(cpu, index, timer));
  timer.overrun = -1;
  timer.requeues += 1;
  timer.overrunLast = Math.min(overruns, DELAYTIMER_MAX);
  return timer.overrunLast;
}

/** @linux kernel/time/posix-timers.c common_hrtimer_rearm */
function hrtimerRearm(cpu: KernelCpu, index: number, timer: PosixTimer): number {
  const id = posixTimerOf(cpu.image, index);
  const periods = hrtimerForwardNow(cpu, cpu.image.timers[id]!, timer.interval);
  hrtimerRestart(cpu, id);
  timer.active = 1;
  return periods;
}

/** @linux kernel/time/posix-timers.c lock_timer */
export function lockTimer(cpu: KernelCpu, index: number): PosixTimer {
  const timer = cpu.image.posixTimers[index]!;
  spinLock(cpu, timer.lock, LockClass.PosixTimer, index);
  return timer;
}

/** @linux kernel/time/posix-timers.c unlock_timer */
export function unlockTimer(cpu: KernelCpu, index: number): void {
  spinUnlock(cpu, cpu.image.posixTimers[index]!.lock, LockClass.PosixTimer, index);
}
