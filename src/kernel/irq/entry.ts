/**
 * In and out of the kernel: interrupts, system calls, and the way back to whichever task runs next.
 *
 * At each edge context tracking comes first and the machine's log of contexts with it, both at one
 * reading of the clock: what happens before an edge is the task's, what happens after it the kernel's.
 *
 *      user work | user_exit, mode irq | entry path, handler, softirqs, exit path | schedule? | user_enter, mode user | user work
 *
 * A guest is left later than user mode: the task bears its mark (PF_VCPU) through the interrupt that ends a stretch of
 * it, and through a preemption at that interrupt's end, as where guests run preemptibly (s390). Whoever accounts
 * more exactly takes the mark off at the interrupt's beginning.
 *
 *      guest work | mode irq | entry path to exit path | schedule? | guest_exit | its loop | guest_enter, mode guest | guest work
 */
import { Mode } from '../../../shared/events.ts';
import { OpKind } from '../user.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { schedule } from '../sched/core.ts';
import { guestEnterIrqoff, leaveGuest } from '../context-tracking.ts';
import { rcuNoteContextSwitch } from '../rcu.ts';
import { doIdle, endHalt } from '../sched/idle.ts';
import { idleCpu } from '../sched/select-task-rq.ts';
import { tickNohzFullCpu } from '../time/tick-sched-full.ts';
import { tickNohzIrqEnter, tickNohzIrqExit } from '../time/tick-sched-idle.ts';
import { mayStandStill, multiCpuStop } from '../stop-machine.ts';
import { isKthread } from '../kthread.ts';
import { HARDIRQ_OFFSET } from './preempt-count.ts';
import { handleSoftirqs } from './softirq.ts';

/** `UserRegs.mode`: which side of the kernel's borders a task is on. */
export const RegsMode = { Kernel: 0, User: 1, Guest: 2 } as const;

/** @linux kernel/softirq.c irq_enter */
export function irqEnter(cpu: KernelCpu): void {
  pauseStretch(cpu);
  const { preemptCount } = cpu.state;
  // a task in user mode whose interrupt is interrupted again has left user mode already
  cpu.interruptedUser = preemptCount === 0 && cpu.stopState === 0 && inUserMode(cpu);
  if (cpu.interruptedUser) cpu.accounting.userExit(cpu);
  if (cpu.idling && preemptCount === 0) cpu.cpuidle?.wake(cpu);
  cpu.state.preemptCount = preemptCount + HARDIRQ_OFFSET;
  cpu.accounting.irqEnter(cpu);
  cpu.arch.setMode(Mode.Irq);
  // one that interrupts a softirq finds the sleep ended already
  if (tickNohzFullCpu(cpu) || (preemptCount === 0 && cpu.curr === cpu.idle)) tickNohzIrqEnter(cpu);
  cpu.arch.spend(Path.IrqEntry);
}

/** @linux kernel/softirq.c irq_exit */
export function irqExit(cpu: KernelCpu): void {
  const { state, arch } = cpu;
  cpu.accounting.irqExit(cpu);
  state.preemptCount -= HARDIRQ_OFFSET;
  if (state.preemptCount === 0 && state.softirqPending !== 0) handleSoftirqs(cpu);
  // an interrupted softirq goes on
  arch.setMode(state.preemptCount === 0 ? Mode.System : Mode.Softirq);
  if (tickMayChange(cpu)) tickNohzIrqExit(cpu);
  arch.spend(Path.IrqExit);
}

/** Whether the way out may stop the tick, or begin a sleep. @linux kernel/softirq.c tick_irq_exit */
function tickMayChange(cpu: KernelCpu): boolean {
  const { needResched, preemptCount } = cpu.state;
  if (cpu.curr === cpu.idle) return needResched === 0 && idleCpu(cpu.image, cpu.id);
  return tickNohzFullCpu(cpu) && preemptCount < HARDIRQ_OFFSET;
}

/** The task's step has come in user mode: it enters the kernel. @linux kernel/entry/common.c syscall_enter_from_user_mode */
export function syscallEnter(cpu: KernelCpu): void {
  cpu.accounting.userExit(cpu);
  cpu.arch.setMode(Mode.System);
  cpu.image.regs[cpu.curr]!.mode = RegsMode.Kernel;
  cpu.arch.spend(Path.SyscallEntry);
}

/** @linux kernel/entry/common.c syscall_exit_to_user_mode */
export function syscallExit(cpu: KernelCpu): void {
  cpu.arch.spend(Path.SyscallExit);
  cpu.image.regs[cpu.curr]!.mode = RegsMode.User;
}

/** The running task's guest has done its work: its step has come. @linux arch/x86/kvm/x86.c vcpu_enter_guest */
export function vmExit(cpu: KernelCpu, regs: UserRegs): void {
  leaveGuest(cpu);
  cpu.arch.setMode(Mode.System);
  regs.mode = RegsMode.Kernel;
}

/**
 * Leaves the kernel for whichever task is to run: preempts where that is allowed (user mode, a guest and the
 * idle task; the kernel itself is not preemptible), then starts the next stretch of the task's work.
 * @linux kernel/entry/common.c exit_to_user_mode_loop
 */
export function returnToTask(cpu: KernelCpu): void {
  if (cpu.idling) endHalt(cpu);
  cpu.signalDue = false;
  cpu.workDue = false;
  if (mayStandStill(cpu, mayStop(cpu))) {
    leaveGuest(cpu);
    if (!multiCpuStop(cpu)) return;
  }
  while (shallSwitch(cpu)) schedule(cpu);
  if (inGuest(cpu)) returnToGuest(cpu);
  cpu.workDue = inUserMode(cpu) && cpu.image.signals[cpu.curr]!.cputimerWork !== 0;
  cpu.signalDue = inUserMode(cpu) && cpu.image.signals[cpu.curr]!.notified !== 0;
  if (inUserMode(cpu)) {
    cpu.accounting.userEnter(cpu);
    cpu.arch.setMode(Mode.User);
  }
  startStretch(cpu);
}

/**
 * Around the vCPU's loop once more. A signal, or a CPU timer that will send one, is for the program whose guest it is:
 * the call ends, and is made again for the rest when the handlers have run.
 * @linux arch/x86/kvm/x86.c vcpu_run
 */
function returnToGuest(cpu: KernelCpu): void {
  const { arch, image, curr } = cpu;
  leaveGuest(cpu);
  if (image.signals[curr]!.notified !== 0 || image.signals[curr]!.cputimerWork !== 0) {
    const regs = image.regs[curr]!;
    regs.argA = regs.remaining;
    regs.remaining = arch.costOf(Path.UserGap);
    regs.stage = 0;
    syscallExit(cpu);
    return;
  }
  arch.spend(Path.GuestEntry);
  rcuNoteContextSwitch(cpu);
  guestEnterIrqoff(cpu);
  arch.setMode(Mode.Guest);
}

/** Whether another task shall run now: the idle loop asks in its own way. */
function shallSwitch(cpu: KernelCpu): boolean {
  if (cpu.curr === cpu.idle) return cpu.booted && !doIdle(cpu);
  return cpu.state.needResched !== 0 && (inUserMode(cpu) || inGuest(cpu));
}

/** Whether a stopper of the highest priority would run now: in user mode, a guest or idle, between two operations of a kernel thread. */
function mayStop(cpu: KernelCpu): boolean {
  if (cpu.curr === cpu.idle) return cpu.booted;
  return inUserMode(cpu) || inGuest(cpu) || (cpu.image.regs[cpu.curr]!.stage === 0 && isKthread(cpu, cpu.curr));
}

/** Whether the running task is in user mode, or will be when the present event is over. @linux arch/x86/include/asm/ptrace.h user_mode */
export function inUserMode(cpu: KernelCpu): boolean {
  const { curr } = cpu;
  return curr !== cpu.idle && !cpu.signalDue && !cpu.workDue && cpu.image.regs[curr]!.mode === RegsMode.User;
}

/** Whether the running task's work is its guest's; it may be in the kernel still, or again. */
function inGuest(cpu: KernelCpu): boolean {
  const { curr } = cpu;
  return curr !== cpu.idle && cpu.image.regs[curr]!.mode === RegsMode.Guest;
}

/** An interrupt ends the present stretch of the task's work; the rest stays in its registers. @dynticks a processor stops by itself */
export function pauseStretch(cpu: KernelCpu): void {
  const { curr } = cpu;
  if (curr === cpu.idle || cpu.stretchStart === KTIME_MAX) return;
  const regs = cpu.image.regs[curr]!;
  regs.remaining = Math.max(0, regs.remaining - (cpu.arch.schedClock() - cpu.stretchStart));
  cpu.stretchStart = KTIME_MAX;
}

/** When the task's step is due, if nothing interrupts it. @dynticks a processor runs by itself */
export function startStretch(cpu: KernelCpu): void {
  const { curr } = cpu;
  const now = cpu.arch.schedClock();
  if (cpu.stopRequest !== undefined) {
    // another stop was under way: once more, soon
    cpu.stepDue = now + cpu.arch.costOf(Path.Syscall);
    return;
  }
  if (cpu.waitsForCalls !== 0) {
    // still in the kernel, until the last of the others says that it has made the call
    cpu.stepDue = KTIME_MAX;
    return;
  }
  if (cpu.workDue) {
    cpu.stepDue = now + cpu.arch.costOf(Path.TaskWork);
    return;
  }
  if (cpu.signalDue) {
    cpu.stepDue = now + cpu.arch.costOf(Path.Signal);
    return;
  }
  if (curr === cpu.idle) {
    const boots = !cpu.booted && cpu.image.jiffies.jiffies >= cpu.bootWaitsFor;
    cpu.stepDue = boots ? now : KTIME_MAX;
    return;
  }
  const regs = cpu.image.regs[curr]!;
  cpu.stretchStart = now;
  const spinning = regs.kind === OpKind.RunUntil && regs.mode === RegsMode.User;
  cpu.stepDue = spinning ? Math.max(now, regs.until) : now + regs.remaining;
}
