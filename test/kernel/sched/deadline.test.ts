import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Policy, TaskState } from '../../../shared/structs/task.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { doSchedYield } from '../../../src/kernel/sched/syscalls.ts';
import { tryToWakeUp } from '../../../src/kernel/sched/wakeup.ts';
import { attributesOf } from '../../support/fake-arch.ts';
import { oneCpu, preempt, runTicks, runTimes } from '../../support/sched-loop.ts';

const MS = 1_000_000;
const dl = (runtime: number, period: number, deadline = period) =>
  attributesOf({ policy: Policy.Deadline, dlRuntime: runtime * MS, dlDeadline: deadline * MS, dlPeriod: period * MS });

describe('SCHED_DEADLINE', () => {
  test('runs the earliest deadline first, whatever the order of arrival', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 20, max: 500 }), { minLength: 1, maxLength: 6 }), (periods) => {
      const machine = oneCpu(...periods.map((p) => dl(10, p)));
      machine.as(0, (cpu) => {
        const order = periods.map(() => {
          const { curr } = cpu.rq;
          machine.image.tasks[curr]!.state = TaskState.Sleeping;
          schedule(cpu);
          return periods[curr - machine.first];
        });
        expect(order).toEqual([...periods].sort((a, b) => a - b));
      });
    }), { numRuns: 50 });
  });

  test('gives a task that never sleeps its runtime in each period, and the rest to others', () => {
    const machine = oneCpu(dl(30, 100), attributesOf());
    runTicks(machine, 25_000);
    const [deadline, fair] = runTimes(machine);
    expect(deadline! / (25_000 * 4 * MS)).toBeCloseTo(0.3, 2);
    expect(deadline! + fair!).toBe(25_000 * 4 * MS);
  });

  test('takes a tick of overrun off the budgets that follow', () => {
    const machine = oneCpu(dl(1, 10));
    runTicks(machine, 25_000);
    expect(runTimes(machine)[0]! / (25_000 * 4 * MS)).toBeCloseTo(0.1, 2);
  });

  test('leaves the queue while it is throttled, and the CPU idles', () => {
    const machine = oneCpu(dl(8, 40));
    expect(runTicks(machine, 12)).toEqual([0, 0, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0]);
    const t = machine.task(0);
    expect([t.dlThrottled, t.onRq, t.state, machine.cpus[0]!.rq.nrRunning]).toEqual([1, 0, TaskState.Running, 0]);
  });

  test('gives the rest of the budget up when it yields', () => {
    const machine = oneCpu(dl(8, 40));
    machine.as(0, (cpu) => {
      doSchedYield(cpu);
      preempt(cpu);
    });
    expect(runTicks(machine, 11)).toEqual([...Array<number>(10).fill(-1), 0]);
  });
});

/** The task runs for `ran` ms, sleeps, and wakes at `wakesAt` ms. */
function wakeAfterSleep(attributes: ReturnType<typeof dl>, ran: number, wakesAt: number) {
  const machine = oneCpu(attributes);
  machine.as(0, (cpu) => {
    machine.setClock(ran * MS);
    machine.task(0).state = TaskState.Sleeping;
    schedule(cpu);
    machine.setClock(wakesAt * MS);
    tryToWakeUp(cpu, machine.first);
  });
  return machine.task(0);
}

describe('a deadline task that wakes', () => {
  test('goes on with its budget when that fits its bandwidth', () => {
    const t = wakeAfterSleep(dl(10, 100), 6, 10);
    expect([t.deadline, t.dlBudget]).toEqual([100 * MS, 4 * MS]);
  });

  test('gets a new period when the rest of its budget would be too dense', () => {
    const t = wakeAfterSleep(dl(10, 100), 2, 90);
    expect([t.deadline, t.dlBudget]).toEqual([190 * MS, 10 * MS]);
  });

  test('gets a new period when its deadline has passed', () => {
    const t = wakeAfterSleep(dl(10, 100), 2, 150);
    expect([t.deadline, t.dlBudget]).toEqual([250 * MS, 10 * MS]);
  });

  test('has its budget cut to the time left when its deadline is shorter than its period', () => {
    const t = wakeAfterSleep(dl(10, 100, 50), 2, 45);
    expect(t.deadline).toBe(50 * MS);
    expect(t.dlBudget).toBeGreaterThan(0.99 * MS);
    expect(t.dlBudget).toBeLessThanOrEqual(1 * MS);
  });

  test('waits for its next period when it wakes between deadline and period', () => {
    const t = wakeAfterSleep(dl(10, 100, 50), 2, 60);
    expect([t.dlThrottled, t.onRq, t.state]).toEqual([1, 0, TaskState.Running]);
  });

  test('still owes what it overran, though it slept through the end of the period', () => {
    const t = wakeAfterSleep(dl(10, 100), 25, 120);
    expect([t.deadline, t.dlBudget]).toEqual([300 * MS, 5 * MS]);
  });
});
