import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { countersOf, HardwareCounter, type CounterSpec } from '../../src/machine/counters.ts';

const { Tsc, AcpiPm, Hpet } = ClocksourceId;
const S = 1_000_000_000;
const spec = (more: Partial<CounterSpec> = {}): CounterSpec => ({ id: Tsc, hz: 2_400_000_000, drifts: [], skews: [], ...more });

describe('a hardware counter', () => {
  test('has counted its frequency times the time, rounded down', () => {
    fc.assert(fc.property(fc.integer({ min: 1_000, max: 4_000_000_000 }), fc.nat(1e15), (hz, now) => {
      expect(new HardwareCounter(spec({ hz }), 0).at(now)).toBe(Number((BigInt(now) * BigInt(hz)) / BigInt(S)));
    }));
  });

  test('starts anew where its bits are over', () => {
    const pm = new HardwareCounter(spec({ id: AcpiPm, hz: 3_579_545 }), 0);
    const wrap = Math.ceil((2 ** 24 * S) / 3_579_545);
    expect([pm.at(wrap - 300), pm.at(wrap), pm.at(2 * S)]).toEqual([2 ** 24 - 2, 0, 7_159_090]);
    expect(new HardwareCounter(spec({ id: Hpet, hz: 100_000_000 }), 0).at(43 * S)).toBe(4_300_000_000 - 2 ** 32);
  });

  test('runs faster or slower from an instant on, and never jumps there', () => {
    const counter = new HardwareCounter(spec({ hz: S, drifts: [{ at: S, ppb: 500_000 }, { at: 2 * S, ppb: -500_000 }] }), 0);
    expect([counter.at(S), counter.at(2 * S), counter.at(3 * S)]).toEqual([S, 2 * S + 500_000, 3 * S]);
    expect([counter.at(2 * S - 1), counter.at(2 * S + 1)]).toEqual([2 * S + 499_998, 2 * S + 500_001]);
  });

  test('never goes back while it drifts', () => {
    const drifts = [{ at: 100, ppb: 100_000_000 }, { at: 5_000, ppb: -100_000_000 }, { at: 9_000, ppb: 1 }];
    const counter = new HardwareCounter(spec({ drifts }), 0);
    let last = 0;
    for (let now = 0; now < 12_000; now++) {
      expect(counter.at(now)).toBeGreaterThanOrEqual(last);
      last = counter.at(now);
    }
  });

  test('jumps on one CPU only, and shows no less than 0', () => {
    const skews = [{ at: S, cpu: 1, byNs: 1_000 }, { at: 2 * S, cpu: 1, byNs: -3_000 }];
    const [first, second] = [0, 1].map((cpu) => new HardwareCounter(spec({ hz: S, skews }), cpu)) as [HardwareCounter, HardwareCounter];
    expect([second.at(S - 1), second.at(S), second.at(2 * S)]).toEqual([S - 1, S + 1_000, 2 * S - 2_000]);
    expect(first.at(2 * S)).toBe(2 * S);
    const early = new HardwareCounter(spec({ hz: S, skews: [{ at: 0, cpu: 0, byNs: -500 }] }), 0);
    expect([early.at(400), early.at(600)]).toEqual([0, 100]);
  });

  test('is there for those sources that the machine has', () => {
    const counters = countersOf([spec(), spec({ id: Hpet, hz: 14_318_180 })], 0);
    expect([counters[Tsc]!.at(S), counters[Hpet]!.at(S), counters[AcpiPm]]).toEqual([2_400_000_000, 14_318_180, undefined]);
  });

  test('tells how long it takes to go so far, as fast as it runs, and not a ns longer', () => {
    const far = fc.integer({ min: 1, max: 1e10 });
    fc.assert(fc.property(far, fc.nat(1e12), fc.integer({ min: -5e6, max: 5e6 }), (cycles, now, ppb) => {
      const counter = new HardwareCounter(spec({ hz: 2_400_000_000, drifts: [{ at: 0, ppb }] }), 0);
      const span = counter.spanOf(cycles, now);
      expect(counter.at(now + span) - counter.at(now)).toBeGreaterThanOrEqual(cycles);
      expect(counter.at(now + span - 2) - counter.at(now)).toBeLessThan(cycles);
    }));
  });
});
