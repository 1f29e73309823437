/** Softirqs: work that an interrupt leaves for its way out, with interrupts on again. */
import { Event, Mode } from '../../../shared/events.ts';
import { MAX_SOFTIRQ_RESTART } from '../../../shared/limits.ts';
import { NR_SOFTIRQS, SoftirqVec } from '../../../shared/structs/cpu.ts';
import { KernelBug } from '../../../shared/assert.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { SOFTIRQ_OFFSET } from './preempt-count.ts';

/** @linux kernel/softirq.c raise_softirq_irqoff */
export function raiseSoftirq(cpu: KernelCpu, vec: SoftirqVec): void {
  cpu.state.softirqPending |= 1 << vec;
  cpu.arch.trace(Event.softirq_raise, vec);
}

/** Whether timers of the wheel are due and wait for their softirq. @linux include/linux/interrupt.h local_timer_softirq_pending */
export function localTimerSoftirqPending(cpu: KernelCpu): boolean {
  return (cpu.state.softirqPending & (1 << SoftirqVec.Timer)) !== 0;
}

/**
 * Runs what is pending, lowest number first, and what that raises again, a bounded number of times;
 * the rest waits for the next interrupt's way out.
 * @linux kernel/softirq.c handle_softirqs
 */
export function handleSoftirqs(cpu: KernelCpu): void {
  const { state, arch } = cpu;
  arch.setMode(Mode.Softirq);
  state.preemptCount += SOFTIRQ_OFFSET;
  cpu.irqsOff -= 1;
  for (let pass = 0; pass < MAX_SOFTIRQ_RESTART; pass++) {
    const pending = state.softirqPending;
    if (pending === 0) break;
    state.softirqPending = 0;
    for (let vec = 0; vec < NR_SOFTIRQS; vec++) if (pending & (1 << vec)) runSoftirq(cpu, vec);
  }
  cpu.irqsOff += 1;
  state.preemptCount -= SOFTIRQ_OFFSET;
}

function runSoftirq(cpu: KernelCpu, vec: number): void {
  const { arch, state } = cpu;
  state.setSoftirqs(vec, state.softirqs(vec) + 1);
  arch.trace(Event.softirq_entry, vec);
  arch.spend(Path.Softirq);
  const action = cpu.callbacks.softirqs[vec];
  if (action === undefined) throw new KernelBug(`softirq ${vec} has no handler: whoever raised it must bring one`);
  action(cpu);
  arch.trace(Event.softirq_exit, vec);
}
