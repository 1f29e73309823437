/**
 * The tick as a profiler: it notes what it interrupts. Linux counts addresses of kernel code and nothing else;
 * here there are no addresses, and the kernel is hardly ever interrupted, so what is noted is the operation
 * that a task is at, in user mode too.
 */
import { Event } from '../../shared/events.ts';
import type { KernelCpu } from './kernel-cpu.ts';

/** A tick has come, with `profile=` on the command line. @linux kernel/profile.c profile_tick */
export function profileTick(cpu: KernelCpu): void {
  if (!cpu.config.profile) return;
  const { curr } = cpu;
  cpu.arch.trace6(Event.profile_hit, curr, cpu.interruptedUser ? 1 : 0, cpu.image.regs[curr]!.kind);
}
