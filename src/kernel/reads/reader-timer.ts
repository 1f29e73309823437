/**
 * A reader in interrupts: its task starts a timer and sleeps for good; the timer's function makes all the looks of a
 * pass, one after the other.
 *
 * When it comes to them the interrupt has been under way for a while, and what other CPUs did meanwhile may be
 * still to come in the order of events. So the looks are as of the instant at which the interrupt came:
 *
 *      CPU 0                                  CPU 1
 *      at 900: interrupt
 *      at 1,150: looks, as of 900
 *                                             at 1,000: leaves user mode
 */
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { HrtimerFunction, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import { TaskState, type UserRegs } from '../../../shared/structs/task.ts';
import { KTIME_MAX, type Ns, type TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { itimerOf } from '../image.ts';
import type { HrtimerCallback, KernelCpu } from '../kernel-cpu.ts';
import { Outcome } from '../syscalls/outcome.ts';
import { hrtimerForwardNow, hrtimerInit, hrtimerStart } from '../time/hrtimer.ts';
import { look } from './look.ts';

const READER_TIMER = HrtimerMode.Rel | HrtimerMode.Pinned | HrtimerMode.Hard;

/**
 * Each `argB` ns from now on somebody looks at `Workload.reads[argA]`: a timer here, or (argC 1) the coordinator.
 * @dynticks a reader that is no task
 */
export function startReaderTimer(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  cpu.image.tasks[task]!.state = TaskState.Sleeping;
  if (regs.argC === 1) cpu.arch.send(cpu.image.map.shape.cpus, MessageKind.StartReader, task, 0);
  else startTimer(cpu, task, regs.argB);
  return Outcome.Blocked;
}

function startTimer(cpu: KernelCpu, task: TaskId, periodNs: Ns): void {
  // it has no other use for its ITIMER_REAL
  const timer = itimerOf(cpu.image, task);
  hrtimerInit(cpu, timer, ClockId.Monotonic, READER_TIMER, HrtimerFunction.ReaderTimerFn, task);
  hrtimerStart(cpu, timer, periodNs, periodNs, READER_TIMER);
}

/**
 * Hardirq. Where it has come in the midst of an event, as in a cut, it looks at nothing: another look may be under way there.
 * @dynticks a reader in interrupts
 */
export const readerTimerFn: HrtimerCallback = (cpu, timer) => {
  const task: TaskId = timer.data;
  const { argA, argB } = cpu.image.regs[task]!;
  if (cpu.depth === 1) pass(cpu, task, argA);
  hrtimerForwardNow(cpu, timer, argB);
  return true;
};

function pass(cpu: KernelCpu, by: TaskId, read: number): void {
  const target = cpu.config.workload.reads[read]!;
  cpu.looksUntil = cpu.eventStart;
  for (let n = 0; n < target.looks.length; n++) look(cpu, by, target, n);
  cpu.looksUntil = KTIME_MAX;
  cpu.arch.spend(Path.ReadCputime);
}
