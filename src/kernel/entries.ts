/**
 * The four entries at which the machine calls the kernel: timer interrupt, IPI, device interrupt,
 * step. Each runs to its end; an interrupt may come inside another event only where a cut makes it
 * (interrupts on), and then returns to the interrupted code instead of choosing a task.
 */
import { Event, type Mode } from '../../shared/events.ts';
import { MessageKind, TickHandler } from '../../shared/structs/cpu.ts';
import { CALL_BY_MASK, MultiStopState } from '../../shared/structs/smp.ts';
import { NONE, type Ns, type TaskId } from '../../shared/units.ts';
import { irqEnter, irqExit, pauseStretch, returnToTask } from './irq/entry.ts';
import { irqWorkRun } from './irq/irq-work.ts';
import type { IncomingCall, KernelCpu } from './kernel-cpu.ts';
import { bootStep, startSecondary } from './main.ts';
import { callsDone, flushSmpCallFunctionQueue } from './smp.ts';
import { REMOTE_TICK, remoteTickArrives, reschedCurr } from './sched/core.ts';
import { schedTtwuPending } from './sched/wakeup.ts';
import { signalArrives } from './signal.ts';
import { tryToStop, wakeStopper } from './stop-machine.ts';
import { taskStep } from './syscalls/step.ts';
import { TIMER_IRQ } from './time/clockevent-devices.ts';
import { DeviceId, clockeventsFired, deviceOf } from './time/clockevents.ts';
import { hrtimerInterrupt } from './time/hrtimer-interrupt.ts';
import { tickHandlePeriodic } from './time/tick-common.ts';
import { tickNohzLowresHandler } from './time/tick-sched.ts';

/** x86's vectors, as the tracepoints show them. @linux arch/x86/include/asm/irq_vectors.h */
const LOCAL_TIMER_VECTOR = 0xec;
const RESCHEDULE_VECTOR = 0xfd;
const IRQ_WORK_VECTOR = 0xf6;
const CALL_FUNCTION_VECTOR = 0xfc;
const CALL_FUNCTION_SINGLE_VECTOR = 0xfb;

/** @linux arch/x86/kernel/apic/apic.c sysvec_apic_timer_interrupt */
export function timerInterrupt(cpu: KernelCpu): void {
  const outer = begin(cpu);
  irqEnter(cpu);
  cpu.state.localTimerIrqs += 1;
  cpu.arch.trace(Event.local_timer_entry, LOCAL_TIMER_VECTOR);
  handleEvent(cpu, DeviceId.Lapic);
  cpu.arch.trace(Event.local_timer_exit, LOCAL_TIMER_VECTOR);
  end(cpu, outer);
}

/** A global event device interrupts this CPU. @linux arch/x86/kernel/time.c timer_interrupt */
export function deviceInterrupt(cpu: KernelCpu, id: DeviceId): void {
  const outer = begin(cpu);
  irqEnter(cpu);
  cpu.state.deviceIrqs += 1;
  cpu.arch.trace(Event.irq_handler_entry, TIMER_IRQ);
  handleEvent(cpu, id);
  cpu.arch.trace(Event.irq_handler_exit, TIMER_IRQ, 1);
  end(cpu, outer);
}

/** A message of another CPU that is no call. @linux arch/x86/kernel/smp.c sysvec_reschedule_ipi, start_secondary */
export function ipiInterrupt(cpu: KernelCpu, kind: MessageKind, a: number): void {
  switch (kind) {
    case MessageKind.CallsDone: return noInterrupt(cpu, callsDone);
    case MessageKind.StopMachine: return stopMessage(cpu, a);
    case MessageKind.IrqWorkSelf: return irqWorkInterrupt(cpu);
    case MessageKind.Signal: return signalInterrupt(cpu, a);
    case MessageKind.BringUp: return noInterrupt(cpu, startSecondary);
    default: return rescheduleInterrupt(cpu, a);
  }
}

/** Calls that have arrived; `since`: when this CPU was last free. @linux arch/x86/kernel/smp.c sysvec_call_function_single */
export function callInterrupt(cpu: KernelCpu, calls: readonly IncomingCall[], since: Ns): void {
  const outer = begin(cpu);
  const { arch, state } = cpu;
  irqEnter(cpu);
  state.callFunctionIrqs += 1;
  const byMask = calls.some(isByMask);
  if (byMask) arch.trace(Event.call_function_entry, CALL_FUNCTION_VECTOR);
  else arch.trace(Event.call_function_single_entry, CALL_FUNCTION_SINGLE_VECTOR);
  flushSmpCallFunctionQueue(cpu, calls, since);
  if (byMask) arch.trace(Event.call_function_exit, CALL_FUNCTION_VECTOR);
  else arch.trace(Event.call_function_single_exit, CALL_FUNCTION_SINGLE_VECTOR);
  end(cpu, outer);
}

/** The running task's present stretch is over, or the boot CPU goes on with its boot. @dynticks the step entry */
export function step(cpu: KernelCpu): void {
  begin(cpu);
  if (cpu.stopRequest !== undefined) stopAgain(cpu);
  else if (cpu.booted) taskStep(cpu);
  else bootStep(cpu);
  cpu.depth -= 1;
}

/**
 * A task comes to a busy CPU: an interrupt in Linux only if it shall run at once. Without a task the idle loop shall look again.
 * @linux arch/x86/kernel/smp.c sysvec_reschedule_ipi
 */
function rescheduleInterrupt(cpu: KernelCpu, task: TaskId): void {
  const outer = begin(cpu);
  irqEnter(cpu);
  const asked = cpu.state.needResched;
  if (task === REMOTE_TICK) remoteTickArrives(cpu);
  else if (task !== NONE) schedTtwuPending(cpu, task);
  else if (cpu.curr === cpu.idle) reschedCurr(cpu);
  if (cpu.state.needResched !== asked) {
    cpu.state.rescheduleIrqs += 1;
    cpu.arch.trace(Event.reschedule_entry, RESCHEDULE_VECTOR);
    cpu.arch.trace(Event.reschedule_exit, RESCHEDULE_VECTOR);
  }
  end(cpu, outer);
}

/** A task that is here, or was, has got a signal. @linux arch/x86/kernel/smp.c sysvec_reschedule_ipi */
function signalInterrupt(cpu: KernelCpu, task: TaskId): void {
  const outer = begin(cpu);
  irqEnter(cpu);
  cpu.state.rescheduleIrqs += 1;
  cpu.arch.trace(Event.reschedule_entry, RESCHEDULE_VECTOR);
  signalArrives(cpu, task);
  cpu.arch.trace(Event.reschedule_exit, RESCHEDULE_VECTOR);
  end(cpu, outer);
}

/** @linux arch/x86/kernel/irq_work.c sysvec_irq_work */
function irqWorkInterrupt(cpu: KernelCpu): void {
  const outer = begin(cpu);
  irqEnter(cpu);
  cpu.state.irqWorkIrqs += 1;
  cpu.arch.trace(Event.irq_work_entry, IRQ_WORK_VECTOR);
  irqWorkRun(cpu);
  cpu.arch.trace(Event.irq_work_exit, IRQ_WORK_VECTOR);
  end(cpu, outer);
}

/** The caller's request could not be made: another stop was under way. @linux kernel/stop_machine.c stop_cpus_mutex */
function stopAgain(cpu: KernelCpu): void {
  pauseStretch(cpu);
  tryToStop(cpu);
  returnToTask(cpu);
}

/**
 * The first message of a stop wakes this CPU's stopper; the others tell it to look. A CPU that looked before it was
 * told, since an interrupt or an older message made it look, may be through with the stop when the last one comes.
 * @linux kernel/stop_machine.c cpu_stop_queue_work
 */
function stopMessage(cpu: KernelCpu, told: number): void {
  if (cpu.stopState !== MultiStopState.None) return noInterrupt(cpu, returnToTask);
  if (told !== MultiStopState.Prepare) return noInterrupt(cpu, nothing);
  const outer = begin(cpu);
  const { arch, state } = cpu;
  const idle = cpu.curr === cpu.idle;
  irqEnter(cpu);
  if (idle) state.callFunctionIrqs += 1;
  else state.rescheduleIrqs += 1;
  arch.trace(idle ? Event.call_function_single_entry : Event.reschedule_entry, idle ? CALL_FUNCTION_SINGLE_VECTOR : RESCHEDULE_VECTOR);
  wakeStopper(cpu);
  arch.trace(idle ? Event.call_function_single_exit : Event.reschedule_exit, idle ? CALL_FUNCTION_SINGLE_VECTOR : RESCHEDULE_VECTOR);
  end(cpu, outer);
}

/** What a CPU does without having been interrupted. */
function noInterrupt(cpu: KernelCpu, what: (cpu: KernelCpu) => void): void {
  begin(cpu);
  what(cpu);
  cpu.depth -= 1;
}

function nothing(): void {}

function isByMask({ kind, a }: IncomingCall): boolean {
  return kind !== MessageKind.CallFunctionSingle && (a & CALL_BY_MASK) !== 0;
}

/** @linux include/linux/clockchips.h event_handler */
function handleEvent(cpu: KernelCpu, id: DeviceId): void {
  clockeventsFired(cpu, id);
  const { handler } = deviceOf(cpu, id);
  if (handler === TickHandler.Periodic) tickHandlePeriodic(cpu);
  else if (handler === TickHandler.Hrtimer) hrtimerInterrupt(cpu);
  else if (handler === TickHandler.NohzLowres) tickNohzLowresHandler(cpu);
}

/** Interrupts are masked at every entry. Returns the mode to go back to. */
function begin(cpu: KernelCpu): Mode {
  if (cpu.depth === 0) cpu.eventStart = cpu.arch.schedClock();
  cpu.depth += 1;
  cpu.irqsOff += cpu.depth > 1 ? 1 : 0;
  return cpu.arch.mode;
}

/** An interrupt's way out: to the task that is to run, or to the event that it interrupted. */
function end(cpu: KernelCpu, outer: Mode): void {
  irqExit(cpu);
  cpu.depth -= 1;
  if (cpu.depth === 0) {
    returnToTask(cpu);
    return;
  }
  cpu.irqsOff -= 1;
  cpu.arch.setMode(outer);
}
