/** Sleeping until an instant: nanosleep, and the timer of rt-app that is made of it. */
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { HrtimerFunction, HrtimerMode, type Hrtimer } from '../../../shared/structs/hrtimer.ts';
import { Policy, TaskState, type Task, type UserRegs } from '../../../shared/structs/task.ts';
import type { Ns, TaskId } from '../../../shared/units.ts';
import { sleepTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { hrtimerInit, hrtimerStart } from '../time/hrtimer.ts';
import { ktimeGet } from '../time/timekeeping.ts';
import { Outcome } from './outcome.ts';

/** Relative sleep of `regs.argA` ns. @linux kernel/time/hrtimer.c hrtimer_nanosleep */
export function nanosleep(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  sleepUntil(cpu, task, ktimeGet(cpu) + regs.argA);
  regs.stage = 1;
  return Outcome.Blocked;
}

/** Modes of a task's timer, argC of the operation. */
const TimerMode = { Relative: 0, Absolute: 1, Grid: 2 } as const;

/**
 * rt-app's timer: argA which one, argB period, argC its mode. The next expiry is one period
 * after the last, the first one period after the task's start. If that has passed, a relative timer
 * starts again from now and an absolute one keeps its grid; neither sleeps. Ours expires on whole
 * periods of CLOCK_MONOTONIC, as a task's does that rounds up by itself; late, it sleeps until the next.
 * @dynticks rt-app `timer`
 */
export function rtappTimer(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  const next = regs.argA >= 0 ? ownTimer(cpu, regs) : sharedTimer(cpu, regs);
  if (next === 0) return Outcome.Done;
  sleepUntil(cpu, task, next);
  regs.stage = 1;
  return Outcome.Blocked;
}

/** The instant to sleep until, 0 when it has passed. */
function ownTimer(cpu: KernelCpu, regs: UserRegs): Ns {
  const index = regs.argA;
  const now = ktimeGet(cpu);
  const next = nextExpiry(regs, regs.timerNext(index), now);
  regs.setTimerNext(index, keptExpiry(next, now, regs.argC));
  return now < next ? next : 0;
}

function sharedTimer(cpu: KernelCpu, regs: UserRegs): Ns {
  const index = -1 - regs.argA;
  const timer = cpu.image.sharedTimers[index]!;
  spinLock(cpu, timer.lock, LockClass.SharedTimer, index);
  const now = ktimeGet(cpu);
  const next = nextExpiry(regs, timer.next, now);
  timer.next = keptExpiry(next, now, regs.argC);
  spinUnlock(cpu, timer.lock, LockClass.SharedTimer, index);
  return now < next ? next : 0;
}

function nextExpiry(regs: UserRegs, last: Ns, now: Ns): Ns {
  const { argB: period, argC: mode } = regs;
  if (mode !== TimerMode.Grid) return (last || regs.firstStart) + period;
  const whole = Math.floor(now / period) * period;
  if (last === 0) return whole + 2 * period;
  return last + period < now ? whole + period : last + period;
}

function keptExpiry(next: Ns, now: Ns, mode: number): Ns {
  return now < next || mode !== TimerMode.Relative ? next : now;
}

/** Puts the task's sleep timer up and the task to sleep; the caller schedules. @linux kernel/time/hrtimer.c do_nanosleep */
export function sleepUntil(cpu: KernelCpu, task: TaskId, expires: Ns): void {
  const record = cpu.image.tasks[task]!;
  const timer = sleepTimerOf(cpu.image, task);
  record.state = TaskState.Sleeping;
  hrtimerInit(cpu, timer, ClockId.Monotonic, HrtimerMode.Abs, HrtimerFunction.HrtimerWakeup, task);
  hrtimerStart(cpu, timer, expires, expires + slackOf(record), HrtimerMode.Abs);
}

/** Real-time and deadline tasks sleep without slack. @linux kernel/time/hrtimer.c hrtimer_nanosleep */
function slackOf(task: Task): Ns {
  const { policy } = task;
  const exact = policy === Policy.Fifo || policy === Policy.Rr || policy === Policy.Deadline;
  return exact ? 0 : task.timerSlackNs;
}

/** @linux kernel/time/hrtimer.c hrtimer_wakeup */
export function hrtimerWakeup(cpu: KernelCpu, timer: Hrtimer): boolean {
  tryToWakeUp(cpu, timer.data);
  return false;
}
