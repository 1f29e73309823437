import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TaskState } from '../../../shared/structs/task.ts';
import { schedule } from '../../../src/kernel/sched/core.ts';
import { weightOf } from '../../../src/kernel/sched/prio.ts';
import { tryToWakeUp, wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { KERNEL_VERSIONS } from '../../../src/kernel/versions.ts';
import type { Attributes } from '../../../src/kernel/user.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';
import { allAwake, runTicks, runTimes } from '../../support/sched-loop.ts';

const version = KERNEL_VERSIONS.find(({ name }) => name === '6.1')!;
const here = attributesOf({ cpus: [0] });
const nice = (n: number) => attributesOf({ nice: n });
const machineOf = (cpus: number, ...tasks: Attributes[]) =>
  new FakeMachine(cpus, tasks, { config: { version } });
const oneCpu = (...tasks: Attributes[]) => allAwake(machineOf(1, ...tasks));

describe('CFS, the fair class of 6.1', () => {
  test('on four CPUs has two equal tasks take turns of three ticks of 4 ms, as a real 6.1 does', () => {
    const ran = runTicks(allAwake(machineOf(4, here, here)), 60);
    const turns = ran.join('').match(/(.)\1*/g)!.map(({ length }) => length);
    expect(turns.length).toBeGreaterThan(15);
    // the first turn of a task that was placed behind is shorter, the last one is cut off
    expect(new Set(turns.slice(2, -1))).toEqual(new Set([3]));
  });

  test('shares by weight among any tasks', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 2, maxLength: 5 }), (nices) => {
      const machine = oneCpu(...nices.map(nice));
      runTicks(machine, 3000);
      const weights = nices.map((_, i) => weightOf(machine.task(i)));
      const load = weights.reduce((sum, w) => sum + w, 0);
      // a task is at most some latencies and ticks away from its share
      runTimes(machine).forEach((ns, i) => expect(Math.abs(ns - (3000 * 4e6 * weights[i]!) / load)).toBeLessThan(8 * 4e6 * nices.length));
    }), { numRuns: 25 });
  });

  /** Task 0 has run for so long when task 1, which slept, wakes: whether it preempts. */
  const preemptsAfter = (ns: number): boolean => {
    const machine = machineOf(1, nice(0), nice(0));
    return machine.as(0, (cpu) => {
      wakeUpNewTask(cpu, machine.first);
      schedule(cpu);
      machine.task(1).vruntime = machine.task(0).vruntime;
      machine.setClock(ns);
      machine.task(1).state = TaskState.Sleeping;
      machine.task(1).slice = 1;
      tryToWakeUp(cpu, machine.first + 1);
      return cpu.state.needResched === 1;
    });
  };

  test('lets a woken task preempt only if it is further behind than the wakeup granularity', () => {
    expect([900_000, 1_100_000].map(preemptsAfter)).toEqual([false, true]);
  });

  test('brings a long sleeper back half a latency behind, so that it cannot hoard', () => {
    const machine = machineOf(1, nice(0), nice(0));
    machine.as(0, (cpu) => {
      wakeUpNewTask(cpu, machine.first);
      schedule(cpu);
      machine.setClock(1_000_000_000);
      machine.task(1).state = TaskState.Sleeping;
      machine.task(1).slice = 1;
      tryToWakeUp(cpu, machine.first + 1);
      expect(cpu.rq.minVruntime - machine.task(1).vruntime).toBe(3_000_000);
    });
  });
});
