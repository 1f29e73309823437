/**
 * Signals, as far as timers send them. A sender sets a bit; the task takes it when it next goes to user mode. Wherever
 * the task is, one of these sees to it that it looks:
 *
 *      asleep, interruptible      the sender wakes it
 *      on its way to a CPU        that CPU looks when it arrives
 *      on a CPU                   that CPU gets an interrupt
 *
 *      CPU 0 (sender)                         CPU 1 (the task arrives)
 *      pending |= bit
 *                                             task.cpu = 1
 *      task.cpu is 1: interrupt to CPU 1      pending: the bit is there
 *
 * Either the arrival sees the bit, or the sender sees where the task has gone. What a handler does takes a stretch of
 * its own between kernel and user mode (`Path.Signal`), and an event of its own.
 */
import { Event } from '../../shared/events.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { HrtimerFunction, HrtimerMode } from '../../shared/structs/hrtimer.ts';
import { Signal, SignalBit, Signals } from '../../shared/structs/signal.ts';
import { ClockId } from '../../shared/structs/timekeeper.ts';
import { TaskState } from '../../shared/structs/task.ts';
import { KTIME_MAX, type TaskId } from '../../shared/units.ts';
import { Path } from './arch.ts';
import { itimerOf } from './image.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { tryToWakeUp } from './sched/wakeup.ts';
import { hrtimerCancel, hrtimerInit } from './time/hrtimer.ts';
import { itimerRestart } from './time/itimer.ts';
import { deletePosixTimersOf, deliverPosixTimers } from './time/posix-timers.ts';

/** How a signal was received. @linux include/trace/events/signal.h TRACE_SIGNAL_DELIVERED and friends */
export const SignalResult = { Delivered: 0, Ignored: 1, AlreadyPending: 2 } as const;

/** A new task has none, and a real timer that is not started. @linux kernel/fork.c copy_signal */
export function signalsInit(cpu: KernelCpu, task: TaskId): void {
  const { image, memory } = cpu;
  const signals = image.signals[task]!;
  memory.handOver(signals.base, cpu.id);
  signals.pending = 0;
  signals.interruptible = 0;
  signals.notified = 0;
  signals.blocked = 0;
  signals.hasTimers = 0;
  signals.realIncr = 0;
  signals.delivered = 0;
  signals.cputimerWork = 0;
  signals.nextevt = KTIME_MAX;
  hrtimerInit(cpu, itimerOf(image, task), ClockId.Monotonic, HrtimerMode.Rel, HrtimerFunction.ItRealFn, task);
}

/** A task ends: nothing sends it signals any more. @linux kernel/exit.c do_exit */
export function exitSignals(cpu: KernelCpu, task: TaskId): void {
  if (cpu.image.signals[task]!.hasTimers === 0) return;
  hrtimerCancel(cpu, itimerOf(cpu.image, task));
  deletePosixTimersOf(cpu, task);
}

/** Any CPU, holding no lock that nests below rq.lock. @linux kernel/signal.c send_signal_locked */
export function sendSignal(cpu: KernelCpu, task: TaskId, bit: number, signal: number): void {
  const { image, memory, arch } = cpu;
  const old = memory.or(image.signals[task]!.base + Signals.at.pending, bit);
  const known = (old & bit) !== 0;
  arch.trace6(Event.signal_generate, signal, task, known ? SignalResult.AlreadyPending : SignalResult.Delivered);
  if (!known) signalWakeUp(cpu, task);
}

/** @linux kernel/signal.c signal_wake_up_state */
function signalWakeUp(cpu: KernelCpu, task: TaskId): void {
  const { image, arch } = cpu;
  if (!signalPending(cpu, task)) return;
  if (image.signals[task]!.interruptible !== 0 && tryToWakeUp(cpu, task)) return;
  const t = image.tasks[task]!;
  const on = t.cpu;
  // whoever gives it a CPU looks
  if (t.state !== TaskState.Running) return;
  if (on === cpu.id) {
    recalcSigpending(cpu, task);
    return;
  }
  arch.spend(Path.SendIpi);
  arch.send(on, MessageKind.Signal, task, 0);
}

/** The news has come to the CPU where the task was; it may have gone on meanwhile. @linux kernel/sched/core.c kick_process */
export function signalArrives(cpu: KernelCpu, task: TaskId): void {
  const t = cpu.image.tasks[task]!;
  if (t.state !== TaskState.Running) return;
  if (t.cpu === cpu.id) recalcSigpending(cpu, task);
  else cpu.arch.send(t.cpu, MessageKind.Signal, task, 0);
}

/** On the task's own CPU: notes whether there is anything for it. @linux kernel/signal.c recalc_sigpending */
export function recalcSigpending(cpu: KernelCpu, task: TaskId): void {
  const signals = cpu.image.signals[task]!;
  signals.notified = (signals.pending & ~signals.blocked) !== 0 ? 1 : 0;
}

/** Whether a sleep would not last. @linux include/linux/sched/signal.h signal_pending */
export function signalPending(cpu: KernelCpu, task: TaskId): boolean {
  const signals = cpu.image.signals[task]!;
  return (signals.pending & ~signals.blocked) !== 0;
}

/** The running task is about to go to user mode: its handlers run first. @linux kernel/signal.c get_signal */
export function doSignal(cpu: KernelCpu, task: TaskId): void {
  const { image, memory } = cpu;
  const signals = image.signals[task]!;
  const taken = signals.pending & ~signals.blocked;
  memory.and(signals.base + Signals.at.pending, ~taken);
  if ((taken & SignalBit.Alarm) !== 0) {
    itimerRestart(cpu, task);
    deliver(cpu, task, Signal.Alarm);
  }
  if ((taken & SignalBit.Vtalrm) !== 0) deliver(cpu, task, Signal.Vtalrm);
  if ((taken & SignalBit.Prof) !== 0) deliver(cpu, task, Signal.Prof);
  if ((taken & SignalBit.PosixTimer) !== 0) signals.delivered += deliverPosixTimers(cpu, task);
  // what has come since is in the bits again
  recalcSigpending(cpu, task);
}

function deliver({ image, arch }: KernelCpu, task: TaskId, signal: number): void {
  image.signals[task]!.delivered += 1;
  arch.trace(Event.signal_deliver, signal, task);
}

/** From now on the task does not want these; what has come stays until it does. @linux kernel/signal.c sigprocmask */
export function sigprocmask(cpu: KernelCpu, task: TaskId, blocked: number): void {
  cpu.image.signals[task]!.blocked = blocked;
  recalcSigpending(cpu, task);
}
