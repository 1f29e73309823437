/** Calls of functions on other CPUs. A function is a number, because a closure cannot cross threads. */
import { KernelBug } from '../../shared/assert.ts';
import type { CpuId } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';

/** What can be called on another CPU. */
export const SmpFunction = {
  /** raise the SCHED softirq for idle CPUs. @linux kernel/sched/core.c nohz_csd_func */
  NohzCsd: 0,
  /** look at the clock bases anew. @linux kernel/time/hrtimer.c retrigger_next_event */
  RetriggerNextEvent: 1,
  /** a memory barrier. @linux kernel/sched/membarrier.c ipi_mb */
  Membarrier: 2,
  /** nothing: the phase event `call` */
  Nothing: 3,
} as const;
export type SmpFunction = (typeof SmpFunction)[keyof typeof SmpFunction];

/**
 * Calls `fn(data)` on `target` and does not wait; on this CPU at once. Whoever may call while an earlier
 * call of the same kind is under way keeps it apart with a flag of its own.
 * @linux kernel/smp.c smp_call_function_single_async
 */
export function smpCallFunctionSingleAsync(_cpu: KernelCpu, target: CpuId, fn: SmpFunction, _data: number): void {
  throw new KernelBug(`function ${fn} cannot be called on CPU ${target} yet`);
}
