import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rawSpinGeneration } from '../../../shared/sync/raw-spinlock.ts';
import { EventKind } from '../../../shared/memory/guards.ts';
import { TICK_DO_TIMER_BOOT, TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import { NOBODY, type CpuId, type Ns } from '../../../shared/units.ts';
import { doTimer, setTickDoTimerCpu, tickDoUpdateJiffies64, tickSchedDoTimer } from '../../../src/kernel/time/jiffies.ts';
import { KERNEL_VERSIONS } from '../../../src/kernel/versions.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const TICK: Ns = 4_000_000;

/** Two CPUs whose grid of jiffies begins at one tick; CPU 0 has the duty. */
function newMachine(): FakeMachine {
  const machine = new FakeMachine(2, []);
  const page = machine.image.jiffies;
  machine.memory.runAs(NOBODY, EventKind.Interacting);
  page.lastJiffiesUpdate = TICK;
  page.tickNextPeriod = 2 * TICK;
  machine.as(0, (cpu) => setTickDoTimerCpu(cpu, 0));
  return machine;
}
const update = (machine: FakeMachine, now: Ns, cpu: CpuId = 0): boolean => {
  machine.setClock(Math.max(now, machine.archs[0]!.clock));
  return machine.as(cpu, (self) => tickDoUpdateJiffies64(self, now));
};
const tick = (machine: FakeMachine, cpu: CpuId, now: Ns): void => {
  machine.setClock(now);
  machine.as(cpu, (self) => tickSchedDoTimer(self, now));
};
const pageOf = ({ image: { jiffies: page } }: FakeMachine): number[] => [page.jiffies, page.lastJiffiesUpdate, page.tickNextPeriod];

describe('tick_do_update_jiffies64', () => {
  test('does nothing before the next period begins, and takes no lock for it', () => {
    const machine = newMachine();
    const { lock } = machine.image.jiffies;
    expect(update(machine, 2 * TICK - 1)).toBe(false);
    expect([...pageOf(machine), rawSpinGeneration(machine.memory, lock)]).toEqual([0, TICK, 2 * TICK, 0]);
  });

  test('advances at the very instant at which the period begins', () => {
    const machine = newMachine();
    expect(update(machine, 2 * TICK)).toBe(true);
    expect(pageOf(machine)).toEqual([1, 2 * TICK, 3 * TICK]);
  });

  test('catches several ticks up at once, and says so', () => {
    const machine = newMachine();
    update(machine, 7 * TICK - 1);
    expect(pageOf(machine)).toEqual([5, 6 * TICK, 7 * TICK]);
    const [ticks, jiffies, last, next] = machine.archs[0]!.fieldsOf('jiffies_update')[0]!;
    expect([ticks, jiffies, last, next]).toEqual([5, 5, 6 * TICK, 7 * TICK]);
  });

  test('is the number of whole periods since the grid began, whoever calls when', () => {
    fc.assert(fc.property(fc.array(fc.record({ step: fc.nat(3 * TICK), cpu: fc.nat(1) }), { maxLength: 40, size: 'max' }), (calls) => {
      const machine = newMachine();
      let now = TICK;
      for (const { step, cpu } of calls) {
        now += step;
        const before = machine.image.jiffies.jiffies;
        const moved = update(machine, now, cpu);
        const periods = Math.floor((now - TICK) / TICK);
        expect(pageOf(machine)).toEqual([periods, TICK + periods * TICK, TICK + (periods + 1) * TICK]);
        expect(moved).toBe(periods !== before);
      }
    }), { numRuns: 50 });
  });

  test('looks again under the lock: the CPU that comes second finds nothing to do', () => {
    const machine = newMachine();
    update(machine, 2 * TICK, 0);
    const { memory, image: { jiffies: page } } = machine;
    const { tickNextPeriod } = page;
    let looks = 0;
    // CPU 1 has loaded tickNextPeriod before CPU 0 stored it
    Object.defineProperty(page, 'tickNextPeriod', { get: () => (looks++ === 0 ? 2 * TICK : tickNextPeriod) });
    expect(update(machine, 2 * TICK, 1)).toBe(false);
    expect([looks, page.jiffies, rawSpinGeneration(memory, page.lock)]).toEqual([2, 1, 2]);
  });
});

describe('do_timer of the periodic tick', () => {
  test('adds one jiffy, whatever the clock says', () => {
    const machine = newMachine();
    machine.setClock(50 * TICK);
    machine.as(0, doTimer);
    expect(pageOf(machine)).toEqual([1, 2 * TICK, 3 * TICK]);
  });
});

describe('the do_timer duty', () => {
  const owner = (machine: FakeMachine): CpuId => machine.image.jiffies.tickDoTimerCpu;

  test('makes its owner advance jiffies in its tick, and nobody else', () => {
    const machine = newMachine();
    tick(machine, 1, 3 * TICK);
    expect(machine.image.jiffies.jiffies).toBe(0);
    tick(machine, 0, 3 * TICK);
    expect([machine.image.jiffies.jiffies, owner(machine)]).toEqual([2, 0]);
  });

  test('goes to the next CPU that ticks when it was dropped', () => {
    const machine = newMachine();
    machine.as(0, (cpu) => setTickDoTimerCpu(cpu, TICK_DO_TIMER_NONE));
    tick(machine, 1, 3 * TICK);
    expect([machine.image.jiffies.jiffies, owner(machine)]).toEqual([2, 1]);
    expect(machine.archs[1]!.fieldsOf('tick_do_timer_cpu')).toEqual([[1]]);
    tick(machine, 0, 4 * TICK);
    expect(owner(machine)).toBe(1);
  });

  test('is not taken by a tick as long as nobody has ever had it', () => {
    const machine = newMachine();
    machine.as(0, (cpu) => setTickDoTimerCpu(cpu, TICK_DO_TIMER_BOOT));
    tick(machine, 1, 3 * TICK);
    expect([machine.image.jiffies.jiffies, owner(machine)]).toEqual([0, TICK_DO_TIMER_BOOT]);
  });
});

describe('a CPU that sees jiffies stand still', () => {
  const { maxStalledJiffies } = KERNEL_VERSIONS[0]!;

  test('advances them itself at its fifth tick in a row, and leaves the duty where it is', () => {
    const machine = newMachine();
    // the first tick sees a number for the first time
    machine.as(1, (cpu) => { cpu.tick.lastTickJiffies = -1; });
    for (let n = 0; n < maxStalledJiffies; n++) tick(machine, 1, (3 + n) * TICK);
    expect(machine.image.jiffies.jiffies).toBe(0);
    tick(machine, 1, (3 + maxStalledJiffies) * TICK);
    expect([machine.image.jiffies.jiffies, machine.image.jiffies.tickDoTimerCpu]).toEqual([2 + maxStalledJiffies, 0]);
    expect(maxStalledJiffies).toBe(5);
  });

  test('counts from the beginning when they have moved', () => {
    const machine = newMachine();
    for (let n = 0; n < maxStalledJiffies - 1; n++) tick(machine, 1, (3 + n) * TICK);
    tick(machine, 0, 8 * TICK);
    const moved = machine.image.jiffies.jiffies;
    for (let n = 0; n < maxStalledJiffies; n++) tick(machine, 1, (9 + n) * TICK);
    expect(machine.image.jiffies.jiffies).toBe(moved);
  });
});
