/**
 * Where this CPU is: in the kernel, idle or in user mode. On CPUs with context tracking each edge
 * drives the CPU-time accounting of the running task, so that no tick is needed for it.
 */
import { Event } from '../../shared/events.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { vtimeUserEnter, vtimeUserExit } from './sched/vtime.ts';

/** @linux include/linux/context_tracking_state.h enum ctx_state */
export const ContextState = { Kernel: 0, Idle: 1, User: 2, Guest: 3 } as const;

/** Boot: whether this CPU tracks. @linux kernel/context_tracking.c ct_cpu_track_user */
export function ctCpuTrackUser(cpu: KernelCpu): void {
  cpu.state.contextActive = cpu.config.cputime[cpu.id] === 'gen' ? 1 : 0;
}

/** @linux kernel/context_tracking.c __ct_user_enter */
export function ctUserEnter(cpu: KernelCpu): void {
  if (cpu.state.contextActive !== 0) {
    cpu.arch.trace(Event.user_enter, 0);
    vtimeUserEnter(cpu, cpu.curr);
  }
  cpu.state.contextState = ContextState.User;
}

/** @linux kernel/context_tracking.c __ct_user_exit */
export function ctUserExit(cpu: KernelCpu): void {
  if (cpu.state.contextActive !== 0) {
    vtimeUserExit(cpu, cpu.curr);
    cpu.arch.trace(Event.user_exit, 0);
  }
  cpu.state.contextState = ContextState.Kernel;
}
