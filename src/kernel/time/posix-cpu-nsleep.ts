/**
 * A sleep on the CPU clock of a process: until its threads have had so much, the sleeper not being one that runs. It is a
 * CPU timer that sends no signal, and wakes its task instead; so ticks look for it, and the thread that finds it due fires it.
 *
 *      CPU 0 (sleeps for 50)                  CPU 1 (another thread of the process)
 *      lock: due at 57; asleep
 *      unlock, gives its CPU away
 *                                             a tick: 58 >= 57; on the way to user mode:
 *                                             lock: no date any more; wakes it; unlock
 *      lock: no date: the sleep is over
 *
 * It falls asleep with the lock held, so whoever fires the timer finds it asleep. Once it is awake a date that is left says
 * that a signal was faster. If all other threads sleep, too, nothing but a signal ends the sleep, as in Linux.
 */
import { Event } from '../../../shared/events.ts';
import { TaskState, type UserRegs } from '../../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { wokenBySignal } from '../syscalls/sleep.ts';
import { disarmTimer, posixCpuTimerGet, posixCpuTimerSet } from './posix-cpu-timers.ts';
import { indexOf, lockTimer, timerCreate, unlockTimer } from './posix-timers.ts';

/** Asleep until timer `argA` of the task has counted `argB` ns. @linux kernel/time/posix-cpu-timers.c do_cpu_nanosleep */
export function processCpuNsleep(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const signals = cpu.image.signals[task]!;
  const index = indexOf(cpu, task, regs);
  if (regs.stage === 0) {
    regs.stage = 1;
    signals.interruptible = 1;
    if (startSleep(cpu, task, index, regs) && !wokenBySignal(cpu, task)) return Outcome.Blocked;
  }
  signals.interruptible = 0;
  endSleep(cpu, task, index);
  return Outcome.Done;
}

/** False: it is due already. */
function startSleep(cpu: KernelCpu, task: TaskId, index: number, { argB }: UserRegs): boolean {
  const timer = lockTimer(cpu, index);
  timerCreate(cpu, task, index, timer);
  timer.interval = 0;
  const comes = posixCpuTimerSet(cpu, index, timer, argB, cpu.config.workload.posixTimers[index]!.absolute);
  if (comes) cpu.image.tasks[task]!.state = TaskState.Sleeping;
  else timer.expires = 0;
  unlockTimer(cpu, index);
  return comes;
}

/** The timer is no more; the program goes on, as one does that does not look at what is left. */
function endSleep(cpu: KernelCpu, task: TaskId, index: number): void {
  const timer = lockTimer(cpu, index);
  const rest = posixCpuTimerGet(cpu, timer);
  disarmTimer(cpu, index, timer);
  timer.owner = NONE;
  unlockTimer(cpu, index);
  if (rest > 0) cpu.arch.trace(Event.nanosleep_interrupted, task, rest);
}
