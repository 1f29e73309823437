/** Sleeping until an instant: nanosleep, and the timer of rt-app that is made of it. */
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { HrtimerFunction, HrtimerMode, type Hrtimer } from '../../../shared/structs/hrtimer.ts';
import { Policy, Task, TaskState, type UserRegs } from '../../../shared/structs/task.ts';
import type { Ns, TaskId } from '../../../shared/units.ts';
import { sleepTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { signalPending } from '../signal.ts';
import { hrtimerCancel, hrtimerGetRemaining, hrtimerInit, hrtimerStart } from '../time/hrtimer.ts';
import { ktimeGet } from '../time/timekeeping.ts';
import { TimerMode } from '../user.ts';
import { Outcome } from './outcome.ts';

/** Relative sleep of `regs.argA` ns. @linux kernel/time/hrtimer.c hrtimer_nanosleep */
export function nanosleep(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  return sleepOn(cpu, task, regs, ClockId.Monotonic, regs.argA, HrtimerMode.Rel);
}

/** `regs.argA` ns of clock `argB`; argC 1: until that instant. @linux kernel/time/posix-timers.c common_nsleep */
export function clockNanosleep(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  return sleepOn(cpu, task, regs, regs.argB as ClockId, regs.argA, regs.argC === 0 ? HrtimerMode.Rel : HrtimerMode.Abs);
}

/** Asleep until a signal comes. @linux kernel/signal.c pause */
export function pause(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const signals = cpu.image.signals[task]!;
  if (regs.stage === 0) {
    signals.interruptible = 1;
    cpu.image.tasks[task]!.state = TaskState.Sleeping;
    regs.stage = 1;
    if (!wokenBySignal(cpu, task)) return Outcome.Blocked;
  }
  signals.interruptible = 0;
  return Outcome.Done;
}

/**
 * Sleeps until `expires` of the clock, or a signal comes. A sender looks whether the task sleeps when its signal is there
 * to be seen; the task looks for signals when it can be seen asleep: so one of them finds the other.
 * @linux kernel/time/hrtimer.c do_nanosleep
 */
function sleepOn(cpu: KernelCpu, task: TaskId, regs: UserRegs, clock: ClockId, expires: Ns, mode: number): Outcome {
  const signals = cpu.image.signals[task]!;
  if (regs.stage === 0) {
    signals.interruptible = 1;
    startSleep(cpu, task, clock, expires, mode);
    regs.stage = 1;
    if (!wokenBySignal(cpu, task)) return Outcome.Blocked;
  }
  signals.interruptible = 0;
  const timer = sleepTimerOf(cpu.image, task);
  // still queued: a signal was faster; the program goes on, as one does that does not look at what is left
  if (hrtimerCancel(cpu, timer)) cpu.arch.trace(Event.nanosleep_interrupted, task, hrtimerGetRemaining(cpu, timer));
  return Outcome.Done;
}

/**
 * A signal is there already: the sleep is over before the CPU is given away, unless somebody has woken the task.
 * @linux kernel/sched/core.c signal_pending_state
 */
export function wokenBySignal(cpu: KernelCpu, task: TaskId): boolean {
  const { image, memory } = cpu;
  const at = image.tasks[task]!.base + Task.at.state;
  return signalPending(cpu, task) && memory.cas(at, TaskState.Sleeping, TaskState.Running) === TaskState.Sleeping;
}

/**
 * rt-app's timer: argA which one, argB period, argC its mode. The next expiry is one period
 * after the last, the first one period after the task's start. If that has passed, a relative timer
 * starts again from now and an absolute one keeps its grid; neither sleeps. Ours expires on whole
 * periods of CLOCK_MONOTONIC, as a task's does that rounds up by itself; late, it sleeps until the next.
 * @dynticks rt-app `timer`
 */
export function rtappTimer(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  let next = 0;
  if (regs.stage === 0) {
    next = regs.argA >= 0 ? ownTimer(cpu, regs) : sharedTimer(cpu, regs);
    if (next === 0) return Outcome.Done;
  }
  return sleepOn(cpu, task, regs, ClockId.Monotonic, next, HrtimerMode.Abs);
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

/**
 * Asks a device, which answers `argA` ns later. While the task sleeps its CPU counts it: if that has
 * nothing else to do, it is not idle but waits for I/O.
 * @linux kernel/sched/core.c io_schedule
 */
export function ioSleep(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const record = cpu.image.tasks[task]!;
  if (regs.stage !== 0) {
    record.inIowait = 0;
    return Outcome.Done;
  }
  record.inIowait = 1;
  const answer = ktimeGet(cpu) + regs.argA;
  record.state = TaskState.Sleeping;
  const timer = sleepTimerOf(cpu.image, task);
  hrtimerInit(cpu, timer, ClockId.Monotonic, HrtimerMode.Abs, HrtimerFunction.HrtimerWakeup, task);
  hrtimerStart(cpu, timer, answer, answer, HrtimerMode.Abs);
  regs.stage = 1;
  return Outcome.Blocked;
}

/** The same for a task that does not run, until an instant of CLOCK_MONOTONIC. @dynticks a task's `delay` */
export function sleepUntil(cpu: KernelCpu, task: TaskId, expires: Ns): void {
  startSleep(cpu, task, ClockId.Monotonic, expires, HrtimerMode.Abs);
}

/** Puts the task's sleep timer up and the task to sleep; the caller schedules. */
function startSleep(cpu: KernelCpu, task: TaskId, clock: ClockId, expires: Ns, mode: number): void {
  const record = cpu.image.tasks[task]!;
  const timer = sleepTimerOf(cpu.image, task);
  record.state = TaskState.Sleeping;
  hrtimerInit(cpu, timer, clock, mode, HrtimerFunction.HrtimerWakeup, task);
  hrtimerStart(cpu, timer, expires, expires + slackOf(record), mode);
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
