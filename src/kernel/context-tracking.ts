/**
 * The edges between user mode and the kernel, and between a guest and the kernel. On CPUs with context tracking
 * each of them drives the CPU-time accounting of the running task, so that no tick is needed for it.
 */
import { Event } from '../../shared/events.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { vtime2013UserEnter, vtime2013UserExit } from './sched/vtime-2013.ts';
import { vtimeUserEnter, vtimeUserExit } from './sched/vtime.ts';

/** @linux kernel/context_tracking.c __ct_user_enter */
export function ctUserEnter(cpu: KernelCpu): void {
  cpu.arch.trace(Event.user_enter, 0);
  if (cpu.vtimeOf2013) vtime2013UserEnter(cpu);
  else vtimeUserEnter(cpu, cpu.curr);
}

/** @linux kernel/context_tracking.c __ct_user_exit */
export function ctUserExit(cpu: KernelCpu): void {
  if (cpu.vtimeOf2013) vtime2013UserExit(cpu);
  else vtimeUserExit(cpu, cpu.curr);
  cpu.arch.trace(Event.user_exit, 0);
}

/** The kernel is left for the running task's guest. @linux include/linux/context_tracking.h guest_enter_irqoff */
export function guestEnterIrqoff(cpu: KernelCpu): void {
  cpu.accounting.guestEnter(cpu);
  cpu.arch.trace(Event.guest_enter, cpu.curr);
}

/** If the running task still bears its guest’s mark, the guest is left now. @linux include/linux/context_tracking.h guest_exit_irqoff */
export function leaveGuest(cpu: KernelCpu): void {
  if (cpu.image.tasks[cpu.curr]!.vcpu === 0) return;
  cpu.accounting.guestExit(cpu);
  cpu.arch.trace(Event.guest_exit, cpu.curr);
}
