import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_SOFTIRQ_RESTART, SOFTIRQ_IDLE_REPORTS } from '../../../shared/limits.ts';
import { Printk } from '../../../shared/printk.ts';
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import { SystemState } from '../../../shared/structs/global.ts';
import { TaskState } from '../../../shared/structs/task.ts';
import { HARDIRQ_OFFSET } from '../../../src/kernel/irq/preempt-count.ts';
import { handleSoftirqs, raiseSoftirq, reportIdleSoftirq } from '../../../src/kernel/irq/softirq.ts';
import type { KernelCpu } from '../../../src/kernel/kernel-cpu.ts';
import { reschedCurr } from '../../../src/kernel/sched/core.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

const { Timer, Sched, Hrtimer, Rcu } = SoftirqVec;

let machine: FakeMachine;
let order: number[];
/** What each softirq does, by number. */
let does: Map<number, (cpu: KernelCpu) => void>;

/** One CPU; its task is ksoftirqd/0 and sleeps. */
beforeEach(() => {
  machine = new FakeMachine(1, [attributesOf()]);
  order = [];
  does = new Map();
  machine.as(0, (cpu) => {
    const actions = Array.from({ length: 10 }, (_, vec) => (at: KernelCpu): void => {
      order.push(vec);
      does.get(vec)?.(at);
    });
    Object.assign(cpu, {
      callbacks: { ...cpu.callbacks, softirqs: actions },
      config: { ...cpu.config, workload: { ...cpu.config.workload, ksoftirqds: [machine.first] } },
    });
    machine.task(0).state = TaskState.Sleeping;
    cpu.image.system.state = SystemState.Running;
    machine.task(0).slice = 1;
  });
});

/** As on an interrupt's way out, after it has raised these. */
const runAfter = (...vecs: SoftirqVec[]): void => machine.as(0, (cpu) => {
  cpu.state.preemptCount += HARDIRQ_OFFSET;
  for (const vec of vecs) raiseSoftirq(cpu, vec);
  cpu.state.preemptCount -= HARDIRQ_OFFSET;
  handleSoftirqs(cpu);
});
const threadWoken = (): boolean => machine.task(0).state !== TaskState.Sleeping;

describe('softirqs', () => {
  test('run lowest number first, and what they raise in a round of its own', () => {
    does.set(Sched, (cpu) => { if (order.length < 3) raiseSoftirq(cpu, Timer); });
    runAfter(Hrtimer, Sched, Timer);
    expect([order, threadWoken()]).toEqual([[Timer, Sched, Hrtimer, Timer], false]);
  });

  test('run a limited number of rounds, and leave the rest to ksoftirqd', () => {
    does.set(Timer, (cpu) => raiseSoftirq(cpu, Timer));
    runAfter(Timer);
    expect([order.length, threadWoken(), machine.cpus[0]!.state.softirqPending]).toEqual([MAX_SOFTIRQ_RESTART, true, 1 << Timer]);
  });

  test('stop when another task shall run', () => {
    does.set(Timer, (cpu) => {
      raiseSoftirq(cpu, Timer);
      if (order.length === 3) reschedCurr(cpu);
    });
    runAfter(Timer);
    expect([order.length, threadWoken()]).toEqual([3, true]);
  });

  test('stop when two milliseconds of jiffies are over', () => {
    machine.memory.lowerGuards();
    const page = machine.image.jiffies;
    does.set(Timer, (cpu) => {
      raiseSoftirq(cpu, Timer);
      if (order.length === 4) page.jiffies += 1;
    });
    runAfter(Timer);
    expect([order.length, threadWoken()]).toEqual([4, true]);
  });

  test('wake ksoftirqd where they are raised in no interrupt', () => {
    machine.as(0, (cpu) => raiseSoftirq(cpu, Sched));
    expect(threadWoken()).toBe(true);
  });

  test('that wait while a CPU stops its tick are reported, a few times, but for RCU', () => {
    const reports = (): unknown => machine.archs[0]!.fieldsOf('printk').filter(([line]) => line === Printk.softirqPending);
    machine.as(0, (cpu) => {
      cpu.state.preemptCount += HARDIRQ_OFFSET;
      raiseSoftirq(cpu, Rcu);
      expect([reportIdleSoftirq(cpu), reports()]).toEqual([false, []]);
      raiseSoftirq(cpu, Timer);
      for (let n = 0; n < SOFTIRQ_IDLE_REPORTS + 5; n++) expect(reportIdleSoftirq(cpu)).toBe(n < SOFTIRQ_IDLE_REPORTS);
    });
    expect(reports()).toEqual(Array.from({ length: SOFTIRQ_IDLE_REPORTS }, () => [Printk.softirqPending, 1 << Timer, 0]));
  });
});
