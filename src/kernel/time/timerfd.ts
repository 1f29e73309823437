/**
 * Timers that are files: each expiry is counted, a read takes the count and waits while there is none. With
 * cancel-on-set a step of the wall clock ends the wait, too.
 *
 * A timer with a period is started again by the read that finds it expired, as whole periods: one expiry that was
 * counted in the callback, the rest by the way that the date had to go.
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { HrtimerFunction, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import type { TimerFd } from '../../../shared/structs/signal.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import { KTIME_MAX, NONE, type TaskId } from '../../../shared/units.ts';
import { timerfdTimerOf } from '../image.ts';
import type { HrtimerCallback, KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { waitQueueAppend, waitQueueTakeAll, wakeUpQ } from '../syscalls/wait-queue.ts';
import {
  Cancelled, hrtimerCancelWaitRunning, hrtimerForwardNow, hrtimerInit, hrtimerRestart, hrtimerStart, hrtimerTryToCancel,
} from './hrtimer.ts';
import { TkOffset, ktimeGetOffset } from './timekeeping.ts';

/** Linux's number of "the clock was set". @linux include/uapi/asm-generic/errno.h ECANCELED */
export const ECANCELED = 125;

/** Boot: nobody waits. @linux fs/timerfd.c timerfd_create */
export function timerfdInit(cpu: KernelCpu): void {
  for (let index = 0; index < cpu.image.timerfds.length; index++) {
    const ctx = lockFd(cpu, index);
    ctx.waitHead = NONE;
    ctx.waitTail = NONE;
    unlockFd(cpu, index);
  }
}

/** File `argA` fires at or after `argB` ns (0: never), then each `argC` ns (0: once). @linux fs/timerfd.c do_timerfd_settime */
export function timerfdSettime(cpu: KernelCpu, _task: TaskId, { argA, argB, argC }: UserRegs): Outcome {
  const ctx = stopTimer(cpu, argA);
  const { clock, absolute, cancelOnSet, soft } = cpu.config.workload.timerfds[argA]!;
  ctx.expired = 0;
  ctx.ticks = 0;
  ctx.interval = argC;
  ctx.mayCancel = absolute && cancelOnSet && clock === ClockId.Realtime ? 1 : 0;
  if (ctx.mayCancel !== 0) ctx.moffs = ktimeGetOffset(cpu, TkOffset.Real);
  const mode = (absolute ? HrtimerMode.Abs : HrtimerMode.Rel) | (soft ? HrtimerMode.Soft : 0);
  const id = timerfdTimerOf(cpu.image, argA);
  hrtimerInit(cpu, id, clock, mode, HrtimerFunction.TimerfdTmrproc, argA);
  if (argB > 0) hrtimerStart(cpu, id, argB, argB, mode);
  unlockFd(cpu, argA);
  return Outcome.Done;
}

/** How often file `argA` has fired since the last read; waits for the first time. @linux fs/timerfd.c timerfd_read_iter */
export function timerfdRead(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const { argA } = regs;
  const ctx = lockFd(cpu, argA);
  if (ctx.ticks === 0) {
    waitQueueAppend(cpu, ctx, task);
    unlockFd(cpu, argA);
    regs.stage = 1;
    return Outcome.Blocked;
  }
  const cancelled = ctx.mayCancel !== 0 && ctx.moffs === KTIME_MAX;
  if (cancelled) ctx.moffs = ktimeGetOffset(cpu, TkOffset.Real);
  else if (ctx.expired !== 0 && ctx.interval > 0) nextPeriod(cpu, argA, ctx);
  cpu.arch.trace6(Event.timerfd_read, argA, task, cancelled ? -ECANCELED : ctx.ticks);
  ctx.expired = 0;
  ctx.ticks = 0;
  unlockFd(cpu, argA);
  return Outcome.Done;
}

/** With the file locked. One of the periods that have passed was counted when the timer fired. */
function nextPeriod(cpu: KernelCpu, index: number, ctx: TimerFd): void {
  const id = timerfdTimerOf(cpu.image, index);
  ctx.ticks += hrtimerForwardNow(cpu, cpu.image.timers[id]!, ctx.interval) - 1;
  hrtimerRestart(cpu, id);
}

/** @linux fs/timerfd.c timerfd_tmrproc */
export const timerfdTmrproc: HrtimerCallback = (cpu, { data }) => {
  const ctx = lockFd(cpu, data);
  ctx.expired = 1;
  ctx.ticks += 1;
  const first = waitQueueTakeAll(ctx);
  unlockFd(cpu, data);
  wakeUpQ(cpu, first);
  return false;
};

/** The wall clock was stepped: whoever wants to know is told. @linux fs/timerfd.c timerfd_clock_was_set */
export function timerfdClockWasSet(cpu: KernelCpu): void {
  for (let index = 0; index < cpu.image.timerfds.length; index++) {
    const ctx = lockFd(cpu, index);
    const tells = ctx.mayCancel !== 0 && ctx.moffs !== KTIME_MAX && ctx.moffs !== ktimeGetOffset(cpu, TkOffset.Real);
    const first = tells ? waitQueueTakeAll(ctx) : NONE;
    if (tells) {
      ctx.moffs = KTIME_MAX;
      ctx.ticks += 1;
    }
    unlockFd(cpu, index);
    if (first !== NONE) wakeUpQ(cpu, first);
  }
}

/** Returns the file, locked, its hrtimer neither queued nor running. */
function stopTimer(cpu: KernelCpu, index: number): TimerFd {
  for (;;) {
    const ctx = lockFd(cpu, index);
    if (hrtimerTryToCancel(cpu, timerfdTimerOf(cpu.image, index)) !== Cancelled.Running) return ctx;
    unlockFd(cpu, index);
    hrtimerCancelWaitRunning(cpu, timerfdTimerOf(cpu.image, index));
  }
}

function lockFd(cpu: KernelCpu, index: number): TimerFd {
  const ctx = cpu.image.timerfds[index]!;
  spinLock(cpu, ctx.lock, LockClass.TimerFd, index);
  return ctx;
}

function unlockFd(cpu: KernelCpu, index: number): void {
  spinUnlock(cpu, cpu.image.timerfds[index]!.lock, LockClass.TimerFd, index);
}
