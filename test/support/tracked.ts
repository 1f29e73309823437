/** A machine whose CPUs account by context tracking, with tasks that are switched by hand. */
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { HARDIRQ_OFFSET } from '../../src/kernel/irq/preempt-count.ts';
import type { KernelCpu } from '../../src/kernel/kernel-cpu.ts';
import { lockRq, unlockRq } from '../../src/kernel/sched/core.ts';
import type { Attributes } from '../../src/kernel/user.ts';
import { FakeMachine, type FakeOptions } from './fake-arch.ts';

export function trackedMachine(cpus: number, tasks: readonly Attributes[], options: FakeOptions = {}): FakeMachine {
  const cputime = Array.from({ length: cpus }, () => 'gen' as const);
  return new FakeMachine(cpus, tasks, { ...options, config: { cputime, ...options.config } });
}

/** At an instant, as a CPU. */
export function doAt<T>(machine: FakeMachine, now: Ns, cpu: CpuId, what: (cpu: KernelCpu) => T): T {
  machine.setClock(now);
  return machine.as(cpu, what);
}

/** The accounts change hands from whoever runs to `next`, as in a context switch. */
export function switchTo(cpu: KernelCpu, next: TaskId): void {
  const prev = cpu.rq.curr;
  lockRq(cpu);
  cpu.rq.curr = next;
  unlockRq(cpu);
  cpu.accounting.taskSwitch(cpu, prev, next);
}

/** With the preempt count of an interrupt. */
export function inInterrupt(cpu: KernelCpu, what: () => void): void {
  cpu.state.preemptCount += HARDIRQ_OFFSET;
  what();
  cpu.state.preemptCount -= HARDIRQ_OFFSET;
}
