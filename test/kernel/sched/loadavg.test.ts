import { describe, expect, test } from 'vitest';
import {
  FIXED_1, calcGlobalLoad, calcGlobalLoadTick, calcLoadN, calcLoadNohzStart, calcLoadNohzStop, loadFreq,
} from '../../../src/kernel/sched/loadavg.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const WINDOW = loadFreq(250);
const EXP_1 = 1884;

/** The machine at a jiffy, with so many runnable tasks on each CPU. */
function at(machine: FakeMachine, jiffies: number, running: readonly number[] = []): void {
  machine.memory.lowerGuards();
  machine.image.jiffies.jiffies = jiffies;
  running.forEach((count, cpu) => { machine.image.rqs[cpu]!.nrRunning = count; });
}

const tick = (machine: FakeMachine, cpu: number) => machine.as(cpu, calcGlobalLoadTick);
const fold = (machine: FakeMachine) => machine.as(0, calcGlobalLoad);

describe('the decay', () => {
  const CASES = [[0, 3], [700, 1], [4096, 0], [2048, 1]];
  test.each(CASES as [number, number][])('of %i under %i tasks over many windows is that of each in turn', (load, tasks) => {
    for (const windows of [1, 2, 3, 7, 12, 100]) {
      let one: number = load;
      for (let i = 0; i < windows; i++) one = calcLoadN(one, EXP_1, tasks * FIXED_1, 1);
      expect(Math.abs(calcLoadN(load, EXP_1, tasks * FIXED_1, windows) - one)).toBeLessThan(windows + 4);
    }
  });

  test('rounds up while it rises, so that a load is reached, and down while it falls', () => {
    expect(calcLoadN(FIXED_1 - 1, EXP_1, FIXED_1, 1)).toBe(FIXED_1);
    expect(calcLoadN(1, EXP_1, 0, 1)).toBe(0);
  });
});

describe('a window', () => {
  test('counts each CPU in its own tick, once, and is taken ten ticks later', () => {
    const machine = new FakeMachine(2, []);
    at(machine, WINDOW - 1, [2, 1]);
    tick(machine, 0);
    expect(machine.image.load.tasks).toBe(0);
    at(machine, WINDOW);
    [0, 0, 1].forEach((cpu) => tick(machine, cpu));
    expect(machine.image.load.tasks).toBe(3);
    at(machine, WINDOW + 9);
    fold(machine);
    expect(machine.image.load.avenrun(0)).toBe(0);
    at(machine, WINDOW + 10);
    fold(machine);
    expect(machine.image.load.avenrun(0)).toBe(calcLoadN(0, EXP_1, 3 * FIXED_1, 1));
    expect(machine.image.load.update).toBe(2 * WINDOW);
  });

  test('holds what a CPU counted that stopped its tick before it, and not what it counted after its end', () => {
    const machine = new FakeMachine(2, []);
    const { load } = machine.image;
    at(machine, WINDOW, [1, 1]);
    [0, 1].forEach((cpu) => tick(machine, cpu));
    at(machine, WINDOW + 5, [1, 0]);
    // its task has gone since: that is of the next window
    machine.as(1, calcLoadNohzStart);
    at(machine, WINDOW + 10);
    fold(machine);
    expect([load.tasks, load.avenrun(0)]).toEqual([2, calcLoadN(0, EXP_1, 2 * FIXED_1, 1)]);
    at(machine, 2 * WINDOW + 10);
    fold(machine);
    expect(load.tasks).toBe(1);
  });

  test('that passed while everybody slept is caught up with, at the load that there was', () => {
    const machine = new FakeMachine(1, []);
    const { load } = machine.image;
    at(machine, WINDOW, [1]);
    tick(machine, 0);
    at(machine, 4 * WINDOW + 11);
    fold(machine);
    expect(load.update).toBe(5 * WINDOW);
    expect(load.avenrun(0)).toBe(calcLoadN(calcLoadN(0, EXP_1, FIXED_1, 1), EXP_1, FIXED_1, 3));
  });

  test.each([
    ['in it', WINDOW - 1, WINDOW],
    ['between its end and its fold: it is counted already', WINDOW + 3, 2 * WINDOW],
    ['after that', WINDOW + 10, WINDOW],
  ])('a CPU that ticks again %s counts itself next at the right time', (_, jiffies, next) => {
    const machine = new FakeMachine(1, []);
    at(machine, jiffies);
    machine.as(0, calcLoadNohzStop);
    expect(machine.image.rqs[0]!.calcLoadUpdate).toBe(next);
  });
});
