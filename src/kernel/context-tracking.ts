/**
 * The edges between user mode and the kernel. On CPUs with context tracking each of them drives the
 * CPU-time accounting of the running task, so that no tick is needed for it.
 */
import { tracksContexts } from '../../shared/cputime-flavour.ts';
import { Event } from '../../shared/events.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { vtimeUserEnter, vtimeUserExit } from './sched/vtime.ts';

/** Boot: whether this CPU tracks. @linux kernel/context_tracking.c ct_cpu_track_user */
export function ctCpuTrackUser(cpu: KernelCpu): void {
  cpu.state.contextActive = tracksContexts(cpu.config.cputime[cpu.id]!) ? 1 : 0;
}

/** @linux kernel/context_tracking.c __ct_user_enter */
export function ctUserEnter(cpu: KernelCpu): void {
  cpu.arch.trace(Event.user_enter, 0);
  vtimeUserEnter(cpu, cpu.curr);
}

/** @linux kernel/context_tracking.c __ct_user_exit */
export function ctUserExit(cpu: KernelCpu): void {
  vtimeUserExit(cpu, cpu.curr);
  cpu.arch.trace(Event.user_exit, 0);
}
