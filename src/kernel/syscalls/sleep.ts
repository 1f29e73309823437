/** Sleeping until an instant: nanosleep, and the timer of rt-app that is made of it. */
import { LockClass } from '../../../shared/lock-order.ts';
import { HrtimerFunction, type Hrtimer } from '../../../shared/structs/cpu.ts';
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

/**
 * rt-app's timer: argA which one, argB period, argC 1 for absolute. The next expiry is one period
 * after the last, the first one period after the task's start. If that has passed, a relative timer
 * starts again from now and an absolute one keeps its grid; neither sleeps.
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
  const next = (regs.timerNext(index) || regs.firstStart) + regs.argB;
  const now = ktimeGet(cpu);
  regs.setTimerNext(index, keptExpiry(next, now, regs.argC));
  return now < next ? next : 0;
}

function sharedTimer(cpu: KernelCpu, regs: UserRegs): Ns {
  const index = -1 - regs.argA;
  const timer = cpu.image.sharedTimers[index]!;
  spinLock(cpu, timer.lock, LockClass.SharedTimer, index);
  const next = (timer.next || regs.firstStart) + regs.argB;
  const now = ktimeGet(cpu);
  timer.next = keptExpiry(next, now, regs.argC);
  spinUnlock(cpu, timer.lock, LockClass.SharedTimer, index);
  return now < next ? next : 0;
}

function keptExpiry(next: Ns, now: Ns, absolute: number): Ns {
  return now < next || absolute !== 0 ? next : now;
}

/** Puts the task's sleep timer up and the task to sleep; the caller schedules. @linux kernel/time/hrtimer.c do_nanosleep */
export function sleepUntil(cpu: KernelCpu, task: TaskId, expires: Ns): void {
  const record = cpu.image.tasks[task]!;
  const timer = sleepTimerOf(cpu.image, task);
  record.state = TaskState.Sleeping;
  hrtimerInit(cpu, timer, HrtimerFunction.HrtimerWakeup, task);
  hrtimerStart(cpu, timer, expires, expires + slackOf(record));
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
