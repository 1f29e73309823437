import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Policy, TaskState } from '../../../shared/structs/task.ts';
import { lockRq, schedTick, schedule, unlockRq } from '../../../src/kernel/sched/core.ts';
import { avgVruntime, baseSlice, eevdf } from '../../../src/kernel/sched/eevdf.ts';
import { calcDeltaFair } from '../../../src/kernel/sched/fair.ts';
import { weightOf } from '../../../src/kernel/sched/prio.ts';
import { linkTail } from '../../../src/kernel/sched/run-list.ts';
import { tryToWakeUp, wakeUpNewTask } from '../../../src/kernel/sched/wakeup.ts';
import { attributesOf, FAKE_CONFIG, FakeMachine } from '../../support/fake-arch.ts';
import { oneCpu, runTicks, runTimes } from '../../support/sched-loop.ts';

const nice = (n: number) => attributesOf({ nice: n });

describe('the fair class', () => {
  test('shares 1024 : 335 between nice 0 and nice 5 within 1 %', () => {
    const machine = oneCpu(nice(0), nice(5));
    runTicks(machine, 5000);
    const [a, b] = runTimes(machine);
    expect(a! + b!).toBe(5000 * 4_000_000);
    expect(Math.abs(a! / b! / (1024 / 335) - 1)).toBeLessThan(0.01);
  });

  test('shares by weight among any tasks', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 2, maxLength: 5 }), (nices) => {
      const machine = oneCpu(...nices.map(nice));
      runTicks(machine, 3000);
      const weights = nices.map((_, i) => weightOf(machine.task(i)));
      const load = weights.reduce((sum, w) => sum + w, 0);
      // a task is at most some slices and ticks away from its share
      runTimes(machine).forEach((ns, i) => expect(Math.abs(ns - (3000 * 4e6 * weights[i]!) / load)).toBeLessThan(5 * 4e6 * nices.length));
    }), { numRuns: 25 });
  });

  test('gives a SCHED_IDLE task 3 parts against 1024', () => {
    const machine = oneCpu(nice(0), attributesOf({ policy: Policy.Idle }));
    runTicks(machine, 20_000);
    const [a, b] = runTimes(machine);
    expect(b! / (a! + b!)).toBeGreaterThan(0.5 * 3 / 1027);
    expect(b! / (a! + b!)).toBeLessThan(2 * 3 / 1027);
  });

  test('has the base slice grow with the logarithm of the CPUs, up to 8', () => {
    const base = FAKE_CONFIG.version.baseSliceNs;
    expect([1, 2, 3, 4, 7, 8, 64].map((cpus) => baseSlice(FAKE_CONFIG, cpus) / base)).toEqual([1, 2, 2, 3, 3, 4, 4]);
  });

  test('stretches run time by weight, rounded down', () => {
    expect(calcDeltaFair(1_000_000, 1024)).toBe(1_000_000);
    expect(calcDeltaFair(1_000_000, 335)).toBe(3_056_716);
  });

  test('has a task whose slice is used compete again, though it has not had its share', () => {
    const machine = oneCpu(attributesOf({ dlRuntime: 1_000_000 }), nice(0));
    machine.as(0, (cpu) => {
      const curr = machine.image.tasks[cpu.rq.curr]!;
      machine.image.tasks[cpu.rq.head]!.vruntime = 100_000_000;
      machine.setClock(200_000);
      schedTick(cpu);
      expect(cpu.state.needResched).toBe(0);
      machine.setClock(curr.slice + 200_000);
      schedTick(cpu);
      expect([cpu.state.needResched, curr.vruntime < avgVruntime(cpu)]).toEqual([1, true]);
    });
  });

  test('gives a task the slice it asked for, within bounds', () => {
    const machine = oneCpu(...[50_000, 3_000_000, 500_000_000].map((dlRuntime) => attributesOf({ dlRuntime })));
    expect([0, 1, 2].map((i) => machine.task(i).slice)).toEqual([100_000, 3_000_000, 100_000_000]);
  });
});

/** Task 0 runs and has used 100 µs; task 1 wakes. Returns whether it preempts. */
function preemptsOnWakeup(running: ReturnType<typeof nice>, waker: ReturnType<typeof nice>): boolean {
  const machine = new FakeMachine(1, [running, waker]);
  return machine.as(0, (cpu) => {
    wakeUpNewTask(cpu, machine.first);
    schedule(cpu);
    machine.setClock(100_000);
    machine.task(1).state = TaskState.Sleeping;
    tryToWakeUp(cpu, machine.first + 1);
    return cpu.state.needResched === 1;
  });
}

describe('a fair task that wakes', () => {
  const idle = attributesOf({ policy: Policy.Idle });
  const batch = attributesOf({ policy: Policy.Batch });
  const shortSlice = (policy: number) => attributesOf({ policy, dlRuntime: 100_000 });

  test('waits until the slice of its equal is used', () => expect(preemptsOnWakeup(nice(0), nice(0))).toBe(false));
  test('preempts at once if its slice is shorter', () => expect(preemptsOnWakeup(nice(0), shortSlice(Policy.Other))).toBe(true));
  test('never preempts as SCHED_BATCH', () => expect(preemptsOnWakeup(nice(0), shortSlice(Policy.Batch))).toBe(false));
  test('preempts SCHED_IDLE', () => expect(preemptsOnWakeup(idle, nice(0))).toBe(true));
  test('preempts SCHED_IDLE even as SCHED_BATCH', () => expect(preemptsOnWakeup(idle, batch)).toBe(true));
  test('does not preempt an ordinary task as SCHED_IDLE', () => expect(preemptsOnWakeup(nice(0), shortSlice(Policy.Idle))).toBe(false));
});

describe('placement', () => {
  test('gives back the lag that a task left with, whatever vruntimes the queue has', () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.integer({ min: -10, max: 10 }), fc.integer({ min: 0, max: 3_000_000 })), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: -10, max: 10 }), fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 1e12 }),
      (others, n, lag, base) => {
        const machine = new FakeMachine(1, [...others.map(([o]) => nice(o)), nice(n)]);
        const t = machine.task(others.length);
        machine.as(0, (cpu) => {
          lockRq(cpu);
          cpu.rq.minVruntime = base;
          others.forEach(([, v], i) => {
            machine.task(i).vruntime = base + v;
            linkTail(cpu, machine.first + i);
          });
          t.vlag = lag;
          eevdf.place(cpu, t, false);
          linkTail(cpu, machine.first + others.length);
          // what it has now that the queue counts it is what it had, but for rounding down
          const weight = weightOf(t);
          const load = others.reduce((sum, _, i) => sum + weightOf(machine.task(i)), 0);
          expect(Math.abs(avgVruntime(cpu) - t.vruntime - lag)).toBeLessThanOrEqual(2 + (load + weight) / load);
          unlockRq(cpu);
        });
      }), { numRuns: 200 });
  });

  test('bounds the lag that a task may take along by two slices or a tick', () => {
    const machine = new FakeMachine(1, [nice(0), nice(0)]);
    machine.as(0, (cpu) => {
      lockRq(cpu);
      [0, 1].forEach((i) => linkTail(cpu, machine.first + i));
      machine.task(1).vruntime = 1_000_000_000;
      eevdf.leave(cpu, machine.task(1));
      expect(machine.task(1).vlag).toBe(-FAKE_CONFIG.tickNs);
      eevdf.leave(cpu, machine.task(0));
      expect(machine.task(0).vlag).toBe(FAKE_CONFIG.tickNs);
      unlockRq(cpu);
    });
  });

  test('does not let a task that slept run ahead of those that did not', () => {
    const machine = oneCpu(nice(0), nice(0));
    runTicks(machine, 10);
    machine.as(0, (cpu) => {
      const sleeper = cpu.rq.curr;
      machine.image.tasks[sleeper]!.state = TaskState.Sleeping;
      schedule(cpu);
      runTicks(machine, 1000);
      const before = machine.image.tasks[sleeper]!.sumExecRuntime;
      tryToWakeUp(cpu, sleeper);
      runTicks(machine, 100);
      expect(Math.abs(machine.image.tasks[sleeper]!.sumExecRuntime - before - 200_000_000)).toBeLessThan(3 * 4_000_000);
    });
  });
});
