import { describe, expect, test } from 'vitest';
import { Policy, TaskState } from '../../../shared/structs/task.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { doSchedYield } from '../../../src/kernel/sched/syscalls.ts';
import { tryToWakeUp } from '../../../src/kernel/sched/wakeup.ts';
import { attributesOf } from '../../support/fake-arch.ts';
import { oneCpu, preempt, runTicks } from '../../support/sched-loop.ts';

const rr = (rtPriority: number) => attributesOf({ policy: Policy.Rr, rtPriority });
const fifo = (rtPriority: number) => attributesOf({ policy: Policy.Fifo, rtPriority });
/** Ticks of 4 ms in the slice of SCHED_RR, 100 ms. */
const SLICE = 25;

describe('SCHED_RR', () => {
  test('alternates between equals, one slice each', () => {
    const ran = runTicks(oneCpu(rr(5), rr(5), rr(5)), 4 * SLICE);
    const turns = [0, 1, 2, 0].flatMap((task) => Array<number>(SLICE).fill(task));
    expect(ran).toEqual(turns);
  });

  test('does not give way to a lower priority', () => {
    expect(new Set(runTicks(oneCpu(rr(5), rr(4)), 3 * SLICE))).toEqual(new Set([0]));
  });

  test('keeps the rest of its slice, and its place, when it is preempted', () => {
    const machine = oneCpu(rr(5), rr(5), fifo(9));
    machine.as(0, (cpu) => {
      machine.task(2).state = TaskState.Sleeping;
      schedule(cpu);
      runTicks(machine, 10);
      tryToWakeUp(cpu, machine.first + 2);
      preempt(cpu);
      expect(cpu.rq.curr).toBe(machine.first + 2);
      machine.task(2).state = TaskState.Sleeping;
      schedule(cpu);
    });
    expect(runTicks(machine, 16)).toEqual([...Array<number>(15).fill(0), 1]);
  });
});

describe('SCHED_FIFO', () => {
  test('runs until it sleeps, whoever of its priority waits', () => {
    const machine = oneCpu(fifo(5), fifo(5));
    expect(new Set(runTicks(machine, 100))).toEqual(new Set([0]));
    machine.task(0).state = TaskState.Sleeping;
    machine.as(0, schedule);
    expect(machine.cpus[0]!.rq.curr).toBe(machine.first + 1);
  });

  test('lets an equal run when it yields, and comes back when that one does', () => {
    const machine = oneCpu(fifo(5), fifo(5));
    const order = machine.as(0, (cpu) => [0, 1, 2].map(() => {
      doSchedYield(cpu);
      preempt(cpu);
      return cpu.rq.curr - machine.first;
    }));
    expect(order).toEqual([1, 0, 1]);
  });

  test.each([[5, 0], [6, 1], [4, 0]])('with priority %i in second place against 5 the CPU goes to task %i', (priority, expected) => {
    const machine = oneCpu(fifo(5), fifo(priority));
    expect(machine.cpus[0]!.rq.curr - machine.first).toBe(expected);
  });

  test('starves the fair class', () => {
    expect(new Set(runTicks(oneCpu(attributesOf(), fifo(1)), 100))).toEqual(new Set([1]));
  });
});
