import { beforeEach, describe, expect, test } from 'vitest';
import { TaskState } from '../../shared/structs/task.ts';
import { NONE } from '../../shared/units.ts';
import type { BackgroundSpec } from '../../src/kernel/background.ts';
import { startBackground } from '../../src/kernel/kthread.ts';
import { Outcome } from '../../src/kernel/syscalls/outcome.ts';
import { timerPending } from '../../src/kernel/time/timer-base.ts';
import { backgroundTimerOf } from '../../src/kernel/image.ts';
import { queueWork, workerThread, workqueueInit } from '../../src/kernel/workqueue.ts';
import { attributesOf, FakeMachine } from '../support/fake-arch.ts';

const row = (given: Partial<BackgroundSpec>): BackgroundSpec =>
  ({ name: 'row', timer: 'delayed_work', cpu: 0, every: 40_000_000, work: 3_000, task: 2, pool: 0, ticks: NONE, ...given });
const ROWS = [row({ name: 'a' }), row({ name: 'b', work: 5_000 }), row({ name: 'c', timer: 'deferrable_work', cpu: 1 })];
const WORKER = 2;
let machine: FakeMachine;

beforeEach(() => {
  machine = new FakeMachine(2, [attributesOf()], { background: ROWS, workers: [WORKER] });
  machine.as(0, workqueueInit);
});

/** One pass of the worker over its works. */
function pass(): Outcome {
  return machine.as(0, (cpu) => workerThread(cpu, WORKER, cpu.image.regs[WORKER]!));
}
const queue = (work: number): boolean => machine.as(0, (cpu) => queueWork(cpu, 0, work));
const remaining = (): number => machine.image.regs[WORKER]!.remaining;

describe('a worker thread', () => {
  test('sleeps while nothing is queued', () => {
    expect([pass(), machine.image.tasks[WORKER]!.state]).toEqual([Outcome.Blocked, TaskState.Sleeping]);
  });

  test('does what is queued in order, each for as long as it takes, and then sleeps', () => {
    queue(1);
    queue(0);
    expect([pass(), remaining()]).toEqual([Outcome.Working, 5_000]);
    expect([pass(), remaining()]).toEqual([Outcome.Working, 3_000]);
    expect(pass()).toBe(Outcome.Blocked);
    const [begun, ended] = (['workqueue_execute_start', 'workqueue_execute_end'] as const).map((name) => machine.archs[0]!.fieldsOf(name));
    expect([begun, ended]).toEqual([[[1], [0]], [[1], [0]]]);
  });

  test('puts the timer of a work up again when it has done it', () => {
    queue(1);
    pass();
    const timer = machine.image.timerLists[backgroundTimerOf(machine.image, 1)]!;
    const before = machine.archs[0]!.fieldsOf('timer_start').length;
    pass();
    expect(machine.archs[0]!.fieldsOf('timer_start').length - before).toBe(1);
    expect([timerPending(timer), timer.expires]).toEqual([true, 10]);
  });
});

describe('a work', () => {
  test('that is queued already is not queued again, until it has begun', () => {
    expect([queue(0), queue(0)]).toEqual([true, false]);
    pass();
    expect(queue(0)).toBe(true);
  });

  test('wakes a worker that sleeps', () => {
    pass();
    machine.as(0, (cpu) => { cpu.image.tasks[WORKER]!.onCpu = 0; });
    queue(0);
    expect(machine.image.tasks[WORKER]!.state).not.toBe(TaskState.Sleeping);
  });
});

describe('the background', () => {
  test('begins with a timer for each row, where the row is, at a phase of its own', () => {
    machine.as(0, startBackground);
    const started = machine.archs[0]!.fieldsOf('timer_start').map(([, , expires]) => expires);
    expect(started).toEqual([4, 7, 10]);
    const bases = ROWS.map((_, i) => machine.image.timerLists[backgroundTimerOf(machine.image, i)]!.flags & 0x8_0003);
    expect(bases).toEqual([0, 0, 0x8_0001]);
    expect(machine.image.timerBases[0]!.running).toBe(NONE);
  });
});
