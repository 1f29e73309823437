import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Cycles, Ns } from '../../../shared/units.ts';
import { clocksourceMultShift } from '../../../src/kernel/time/clocksource.ts';
import { doTimer } from '../../../src/kernel/time/jiffies.ts';
import { ktimeGet, timekeepingValidForHres } from '../../../src/kernel/time/timekeeping.ts';
import { changeClocksource, timekeepingInit, updateWallTime } from '../../../src/kernel/time/timekeeping-update.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

/** Two CPUs that read one counter of `hz`, set by the test. */
function newMachine(hz: number): { machine: FakeMachine; set: (counter: Cycles) => void } {
  const machine = new FakeMachine(2, [], { tscHz: hz });
  let counter = 0;
  for (const arch of machine.archs) arch.counter = () => counter;
  return { machine, set: (value) => { counter = value; } };
}
const now = (machine: FakeMachine, cpu: CpuId = 0): Ns => machine.as(cpu, ktimeGet);

describe('ktime_get', () => {
  const frequency = fc.constantFrom(1_000_000_000, 2_500_000_000, 2_893_201_337, 24_000_000, 3_999_999_937);
  const call = fc.record({ step: fc.nat(5_000_000_000), cpu: fc.nat(1), accumulates: fc.boolean() });

  test('is the whole counter converted at once, however often and by whom the base was moved', () => {
    fc.assert(fc.property(frequency, fc.array(call, { maxLength: 60, size: 'max' }), (hz, calls) => {
      const { machine, set } = newMachine(hz);
      const { mult, shift } = clocksourceMultShift(hz, 64);
      let counter = 0;
      for (const { step, cpu, accumulates } of calls) {
        counter += step;
        set(counter);
        if (accumulates) machine.as(cpu, updateWallTime);
        expect(now(machine, cpu)).toBe(Number((BigInt(counter) * BigInt(mult)) >> BigInt(shift)));
      }
    }), { numRuns: 60 });
  });

  test('stands still for a CPU whose counter is behind the last accumulation, instead of jumping', () => {
    const { machine, set } = newMachine(1_000_000_000);
    set(8_000_000);
    machine.as(0, updateWallTime);
    machine.archs[1]!.counter = () => 7_999_950;
    expect([now(machine, 0), now(machine, 1)]).toEqual([8_000_000, 8_000_000]);
    machine.as(1, updateWallTime);
    expect([machine.image.timekeeper.cycleLast, now(machine, 0)]).toEqual([8_000_000, 8_000_000]);
  });

  test('looks again when the base has moved under it', () => {
    const { machine, set } = newMachine(1_000_000_000);
    set(10_000_000);
    let moves = 0;
    machine.archs[1]!.counter = () => {
      if (moves++ === 0) machine.as(0, updateWallTime);
      return 10_000_000;
    };
    expect([now(machine, 1), moves]).toEqual([10_000_000, 2]);
  });
});

describe('update_wall_time', () => {
  test('moves the base by whole ticks only, and not before one is over', () => {
    const { machine, set } = newMachine(1_000_000_000);
    const { timekeeper: tk } = machine.image;
    set(3_999_999);
    machine.as(0, updateWallTime);
    expect(tk.cycleLast).toBe(0);
    set(13_000_000);
    machine.as(1, updateWallTime);
    expect([tk.cycleLast, tk.baseNs]).toEqual([12_000_000, 12_000_000]);
  });

  test('keeps a fraction below one ns', () => {
    const { machine, set } = newMachine(2_893_201_337);
    set(999_999_999_999);
    machine.as(0, updateWallTime);
    const { baseFraction } = machine.image.timekeeper;
    const { shift } = clocksourceMultShift(2_893_201_337, 64);
    expect(baseFraction).toBeGreaterThan(0);
    expect(baseFraction).toBeLessThan(2 ** shift);
  });
});

describe('change_clocksource', () => {
  test('keeps the time that the old source shows at that instant, and goes on with the new one', () => {
    const { machine, set } = newMachine(1_000_000_000);
    machine.as(0, timekeepingInit);
    set(777_000_000);
    for (let n = 0; n < 3; n++) machine.as(0, doTimer);
    expect(now(machine)).toBe(12_000_000);
    machine.as(0, (cpu) => changeClocksource(cpu, ClocksourceId.Tsc));
    expect(now(machine)).toBe(12_000_000);
    set(777_000_123);
    expect(now(machine, 1)).toBe(12_000_123);
    machine.as(0, (cpu) => changeClocksource(cpu, ClocksourceId.Jiffies));
    set(999_000_000);
    expect(now(machine)).toBe(12_000_123);
    machine.as(0, doTimer);
    expect(now(machine)).toBe(16_000_123);
  });

  test('says what it has done while the lock is held: later another CPU may have moved on', () => {
    const { machine } = newMachine(1_000_000_000);
    const { traced } = machine.archs[0]!;
    traced.length = 0;
    machine.as(0, (cpu) => changeClocksource(cpu, ClocksourceId.Jiffies));
    expect(traced.map(({ name }) => name)).toEqual(['lock_acquire', 'timekeeping_update', 'timekeeping_change', 'lock_release']);
  });

  test('decides whether the tick may become one-shot', () => {
    const { machine } = newMachine(1_000_000_000);
    expect(machine.as(0, timekeepingValidForHres)).toBe(true);
    machine.as(0, (cpu) => changeClocksource(cpu, ClocksourceId.Jiffies));
    expect(machine.as(0, timekeepingValidForHres)).toBe(false);
  });
});
