/**
 * What tasks do to the clocks: a task that sets them when the scenario says so, and the thread that takes a
 * clock source out of use. Both are steps of a program like any other, so nothing happens by magic.
 */
import { Task, TaskState, type UserRegs } from '../../../shared/structs/task.ts';
import { NO_CLOCKSOURCE, type ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { SmpFunction, smpCallFunctionSingleAsync } from '../smp.ts';
import { clocksourceSelect, lockClocksources, unlockClocksources } from '../time/clocksource-list.ts';
import { clocksourceUnbind, clocksourceUnregister } from '../time/clocksource-register.ts';
import { clocksourceWatchdogKthread, clocksourceWorkPending } from '../time/clocksource-watchdog.ts';
import { timerfdClockWasSet } from '../time/timerfd.ts';
import { CLOCK_SET_WALL, clockWasSet } from '../time/hrtimer-clock-set.ts';
import { ktimeGetReal } from '../time/timekeeping.ts';
import { adjtimexFrequency, doSettimeofday, timekeepingInjectOffset, timekeepingSetTaiOffset } from '../time/timekeeping-set.ts';
import { ClockStepKind, type ClockStep } from '../user.ts';
import { Outcome } from './outcome.ts';
import { sleepUntil } from './sleep.ts';

/** `regs.argA`: which step. Sleeps until its instant, then does it. @linux kernel/time/posix-timers.c clock_settime */
export function clockCall(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const step = cpu.config.workload.clockSteps[regs.argA]!;
  if (regs.stage === 0) {
    regs.stage = 1;
    sleepUntil(cpu, task, step.at);
    return Outcome.Blocked;
  }
  if (regs.stage === 1) {
    regs.stage = 2;
    regs.remaining = cpu.arch.costOf(Path.Syscall);
    take(cpu, step);
    return Outcome.Working;
  }
  if (step.kind === ClockStepKind.Unbind) clocksourceUnregister(cpu, step.value as ClocksourceId);
  return Outcome.Done;
}

/** May end in a wait, so it is the last thing that its caller does. */
function take(cpu: KernelCpu, { kind, value }: ClockStep): void {
  switch (kind) {
    case ClockStepKind.Settime: return stepped(cpu, doSettimeofday(cpu, ktimeGetReal(cpu) + value));
    case ClockStepKind.Setoffset: return stepped(cpu, timekeepingInjectOffset(cpu, value));
    case ClockStepKind.Tai: return stepped(cpu, timekeepingSetTaiOffset(cpu, value));
    case ClockStepKind.Frequency: adjtimexFrequency(cpu, value); return;
    case ClockStepKind.Clocksource: return currentClocksourceStore(cpu, value);
    case ClockStepKind.Unbind: clocksourceUnbind(cpu, value as ClocksourceId); return;
    case ClockStepKind.UnbindDevice: smpCallFunctionSingleAsync(cpu, value, SmpFunction.UnbindDevice, 0); return;
  }
}

/** Timers on the wall clock must hear of it. @linux kernel/time/timekeeping.c do_settimeofday64 */
function stepped(cpu: KernelCpu, result: number): void {
  if (result !== 0) return;
  clockWasSet(cpu, CLOCK_SET_WALL);
  timerfdClockWasSet(cpu);
}

/** -1: nothing is asked for any more. @linux kernel/time/clocksource.c current_clocksource_store */
function currentClocksourceStore(cpu: KernelCpu, id: number): void {
  const page = lockClocksources(cpu);
  page.override = id < 0 ? NO_CLOCKSOURCE : id;
  unlockClocksources(cpu);
  clocksourceSelect(cpu, false);
}

/**
 * The thread of the watchdog: sleeps until there is something to take out of use. It calls itself asleep before
 * it looks, so that a check that comes in between finds a sleeper to wake.
 * @linux kernel/time/clocksource.c clocksource_watchdog_kthread
 */
export function kwatchdog(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const record = cpu.image.tasks[task]!;
  if (regs.stage === 1) {
    regs.stage = 0;
    if (clocksourceWatchdogKthread(cpu) && !cpu.decisions.neverReselects) clocksourceSelect(cpu, false);
    return Outcome.Done;
  }
  regs.stage = 1;
  record.state = TaskState.Sleeping;
  if (!clocksourceWorkPending(cpu)) return Outcome.Blocked;
  // a waker may have been faster: then the message is on its way, and ends the sleep
  if (cpu.memory.cas(record.base + Task.at.state, TaskState.Sleeping, TaskState.Running) !== TaskState.Sleeping) return Outcome.Blocked;
  regs.remaining = cpu.arch.costOf(Path.Syscall);
  return Outcome.Working;
}
