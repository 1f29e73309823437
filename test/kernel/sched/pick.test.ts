import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Policy, type Task } from '../../../shared/structs/task.ts';
import { weightOf } from '../../../src/kernel/sched/prio.ts';
import { linkTail } from '../../../src/kernel/sched/run-list.ts';
import { lockRq, unlockRq } from '../../../src/kernel/sched/core.ts';
import { pickNextTask } from '../../../src/kernel/sched/runqueue.ts';
import { attributesOf, FakeMachine } from '../../support/fake-arch.ts';

interface Candidate {
  readonly policy: number;
  readonly nice: number;
  readonly rtPriority: number;
  readonly vruntime: number;
  readonly deadline: number;
  readonly turnOver: boolean;
}

const candidate: fc.Arbitrary<Candidate> = fc.record({
  policy: fc.constantFrom(...Object.values(Policy)),
  nice: fc.integer({ min: -20, max: 19 }),
  rtPriority: fc.integer({ min: 1, max: 3 }),
  vruntime: fc.integer({ min: 0, max: 40_000_000 }),
  deadline: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 50_000_000 })),
  turnOver: fc.boolean(),
});

const isRt = (t: Candidate): boolean => t.policy === Policy.Fifo || t.policy === Policy.Rr;
const isDl = (t: Candidate): boolean => t.policy === Policy.Deadline;

/** The definition: sort by what the class says, ties by order of arrival. Index 0 runs if `running`. */
function pickByDefinition(all: readonly (Candidate & { weight: number })[], running: boolean, parity: boolean): number {
  const order = all.map((t, i) => ({ ...t, i }));
  const dl = order.filter(isDl);
  if (dl.length > 0) return dl.sort((a, b) => a.deadline - b.deadline || a.i - b.i)[0]!.i;
  const rt = order.filter(isRt);
  const late = (t: { i: number; turnOver: boolean }): number => (running && t.i === 0 && t.turnOver ? 1 : 0);
  if (rt.length > 0) return rt.sort((a, b) => b.rtPriority - a.rtPriority || late(a) - late(b) || a.i - b.i)[0]!.i;
  const load = order.reduce((sum, t) => sum + BigInt(t.weight), 0n);
  const sum = order.reduce((total, t) => total + BigInt(t.weight) * BigInt(t.vruntime), 0n);
  const eligible = order.filter((t) => BigInt(t.vruntime) * load <= sum);
  if (running && parity && eligible.some((t) => t.i === 0)) return 0;
  const place = (t: { i: number }): number => (running && t.i === 0 ? all.length : t.i);
  return eligible.sort((a, b) => a.deadline - b.deadline || place(a) - place(b))[0]!.i;
}

function fill(t: Task, from: Candidate): void {
  t.vruntime = from.vruntime;
  t.deadline = from.deadline;
  t.dlBudget = 1;
  t.rrLeft = from.turnOver ? 0 : 1000;
  t.onRq = 1;
}

/** The shipped pick over the same tasks: the first runs (if `running`), the others wait in this order. */
function pickShipped(all: readonly Candidate[], running: boolean, parity: boolean): { picked: number; weights: number[] } {
  const machine = new FakeMachine(1, all.map((t) => attributesOf(t)));
  return machine.as(0, (cpu) => {
    lockRq(cpu);
    all.forEach((from, i) => {
      fill(machine.task(i), from);
      if (running && i === 0) cpu.rq.curr = machine.first;
      else linkTail(cpu, machine.first + i);
    });
    machine.task(0).vlag = parity ? all[0]!.deadline : -1;
    cpu.rq.nrRunning = all.length;
    const picked = pickNextTask(cpu) - machine.first;
    unlockRq(cpu);
    return { picked, weights: all.map((_, i) => weightOf(machine.task(i))) };
  });
}

describe('pick_next_task', () => {
  test('picks the task that the definition of the classes picks', () => {
    fc.assert(fc.property(fc.array(candidate, { minLength: 1, maxLength: 7 }), fc.boolean(), fc.boolean(), (all, running, parity) => {
      const { picked, weights } = pickShipped(all, running, parity);
      expect(picked).toBe(pickByDefinition(all.map((t, i) => ({ ...t, weight: weights[i]! })), running, parity));
    }), { numRuns: 400 });
  });

  test('picks among fair tasks alone as the definition does', () => {
    const fair = candidate.map((t) => ({ ...t, policy: t.turnOver ? Policy.Other : Policy.Batch }));
    fc.assert(fc.property(fc.array(fair, { minLength: 1, maxLength: 7 }), fc.boolean(), fc.boolean(), (all, running, parity) => {
      const { picked, weights } = pickShipped(all, running, parity);
      expect(picked).toBe(pickByDefinition(all.map((t, i) => ({ ...t, weight: weights[i]! })), running, parity));
    }), { numRuns: 400 });
  });

  test('gives the CPU to the idle task when nobody waits', () => {
    const machine = new FakeMachine(1, []);
    expect(machine.as(0, pickNextTask)).toBe(0);
  });
});
