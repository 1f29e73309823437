import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ClockId, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { Cycles, Ns } from '../../../shared/units.ts';
import type { Decisions } from '../../../src/kernel/decisions.ts';
import { clockGettime } from '../../../src/kernel/time/clock-gettime.ts';
import { ntpFreqOf } from '../../../src/kernel/time/ntp.ts';
import { ktimeGetUpdateOffsets, type ClockOffsets } from '../../../src/kernel/time/timekeeping.ts';
import {
  adjtimexFrequency, doSettimeofday, EINVAL, timekeepingInjectOffset, timekeepingSetTaiOffset,
} from '../../../src/kernel/time/timekeeping-set.ts';
import { changeClocksource, updateWallTime } from '../../../src/kernel/time/timekeeping-update.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const { Realtime, Monotonic, MonotonicRaw, RealtimeCoarse, MonotonicCoarse, Boottime, Tai, MonotonicFast, RawFast } = ClockId;
const S: Ns = 1_000_000_000;
const HOUR: Ns = 3_600 * S;

let machine: FakeMachine;
let counter: Cycles;

function newMachine(epochSec: number, decisions: Partial<Decisions> = {}, tscHz = S): void {
  machine = new FakeMachine(2, [], { tscHz, config: { epochSec }, decisions });
  counter = 0;
  for (const arch of machine.archs) arch.counter = () => counter;
}
const read = (...clocks: ClockId[]): Ns[] => clocks.map((clock) => machine.as(1, (cpu) => clockGettime(cpu, clock)));
/** The counter goes on; with a tick when that is over, unless it is in the middle of one. */
function pass(cycles: Cycles, ticks = true): void {
  counter += cycles;
  if (ticks) machine.as(0, updateWallTime);
}
const shadowIsReal = () => {
  const { timekeeper: tk, shadowTimekeeper: shadow } = machine.image;
  const keys = ['offsReal', 'offsTai', 'cycleLast', 'baseNs'] as const;
  return keys.every((key) => tk[key] === shadow[key]);
};

beforeEach(() => newMachine(1_767_225_600));

describe('the clocks', () => {
  test('all begin at 0; coarse ones show the last tick', () => {
    pass(10_000_000);
    const fine = [Monotonic, MonotonicRaw, Boottime, Realtime, Tai, MonotonicFast, RawFast];
    expect(read(...fine)).toEqual(fine.map(() => 10_000_000));
    expect(read(MonotonicCoarse, RealtimeCoarse)).toEqual([8_000_000, 8_000_000]);
  });
});

describe('a step of the wall clock', () => {
  test('moves the wall clock and TAI, and nothing else', () => {
    pass(10_000_000);
    expect(machine.as(0, (cpu) => doSettimeofday(cpu, HOUR))).toBe(0);
    expect(read(Realtime, RealtimeCoarse, Tai)).toEqual([HOUR, HOUR, HOUR]);
    expect(read(Monotonic, MonotonicRaw, Boottime, MonotonicFast)).toEqual(Array.from({ length: 4 }, () => 10_000_000));
    pass(1_000_000, false);
    expect(machine.as(0, (cpu) => timekeepingInjectOffset(cpu, -2 * HOUR))).toBe(0);
    expect(read(Realtime, Monotonic)).toEqual([-HOUR + 1_000_000, 11_000_000]);
    expect([machine.image.timekeeper.clockWasSetSeq, shadowIsReal()]).toEqual([2, true]);
  });

  test('is refused if the machine had booted before 1970, and leaves nothing behind', () => {
    newMachine(10);
    pass(20 * S);
    const back = (by: Ns) => machine.as(0, (cpu) => timekeepingInjectOffset(cpu, -by));
    expect([back(10 * S + 1), read(Realtime), shadowIsReal()]).toEqual([EINVAL, [20 * S], true]);
    expect([back(10 * S), read(Realtime)]).toEqual([0, [10 * S]]);
    expect(machine.as(0, (cpu) => doSettimeofday(cpu, 9 * S))).toBe(EINVAL);
    expect(machine.image.timekeeper.clockWasSetSeq).toBe(1);
  });

  test('is refused beyond what 53 bits of ns can hold', () => {
    expect(machine.as(0, (cpu) => timekeepingInjectOffset(cpu, 4.6e15))).toBe(EINVAL);
    expect(read(Realtime)).toEqual([0]);
  });

  test('that was refused takes place with the next tick, with the old bug', () => {
    newMachine(10, { leavesShadowDirty: true });
    machine.as(0, (cpu) => timekeepingInjectOffset(cpu, -HOUR));
    expect([shadowIsReal(), read(Realtime)]).toEqual([false, [0]]);
    pass(4_000_000);
    expect(read(Realtime)).toEqual([4_000_000 - HOUR]);
  });
});

describe('TAI', () => {
  test('is so many seconds ahead of the wall clock, through its steps', () => {
    expect(machine.as(0, (cpu) => timekeepingSetTaiOffset(cpu, 37))).toBe(0);
    expect(read(Tai)).toEqual([37 * S]);
    machine.as(0, (cpu) => doSettimeofday(cpu, HOUR));
    expect(read(Realtime, Tai)).toEqual([HOUR, HOUR + 37 * S]);
    expect([-1, 100_001].map((seconds) => machine.as(0, (cpu) => timekeepingSetTaiOffset(cpu, seconds)))).toEqual([EINVAL, EINVAL]);
  });
});

describe('a frequency', () => {
  const ask = (ppb: number) => machine.as(0, (cpu) => adjtimexFrequency(cpu, ppb));

  test('is followed on average, whatever the multiplier can do', () => {
    const hertz = fc.constantFrom(1_000_000_000, 2_400_000_000, 24_000_000, 2_893_201_337);
    fc.assert(fc.property(hertz, fc.integer({ min: -500_000, max: 500_000 }), (tscHz, ppb) => {
      newMachine(0, {}, tscHz);
      pass(Math.floor(tscHz / 250));
      const raw = (): Ns => read(MonotonicRaw)[0]!;
      ask(ppb);
      const [mono0, raw0] = [read(Monotonic)[0]!, raw()];
      for (let tick = 0; tick < 1_000; tick++) pass(Math.round(tscHz / 250));
      const gained = read(Monotonic)[0]! - mono0 - (raw() - raw0);
      expect(Math.abs(gained - ((raw() - raw0) * ppb) / 1e9)).toBeLessThan(3);
    }), { numRuns: 12 });
  });

  test('keeps now where it is, though the base moves', () => {
    pass(6_000_000);
    const before = read(Monotonic, MonotonicCoarse);
    ask(500_000);
    expect(read(Monotonic, MonotonicCoarse)).toEqual(before);
    expect(machine.image.timekeeper.baseNs).toBeLessThan(4_000_000);
  });

  test('takes coarse clocks back, with the old bug', () => {
    newMachine(0, { coarseFollowsAdjustment: true });
    pass(6_000_000);
    ask(500_000);
    expect(read(MonotonicCoarse)[0]).toBeLessThan(4_000_000);
  });

  test('is 500 ppm at most, and survives a change of the clock source', () => {
    const { timekeeper: tk } = machine.image;
    ask(-700_000);
    expect(tk.mult).toBe(8_388_608 - 4_195);
    ask(700_000);
    expect(tk.mult).toBe(8_388_608 + 4_194);
    machine.as(0, (cpu) => changeClocksource(cpu, ClocksourceId.Tsc));
    expect(tk.mult).toBe(8_388_608);
    pass(4_000_000);
    expect(tk.mult).toBe(8_388_608 + 4_194);
  });

  test('is so many 2^-32 ns a tick', () => {
    expect([ntpFreqOf(1, 4_000_000), ntpFreqOf(-250, 4_000_000)]).toEqual([17_179_869, -4_294_967_296]);
  });
});

describe('the offsets that a CPU keeps', () => {
  const take = (offsets: ClockOffsets): Ns => machine.as(1, (cpu) => ktimeGetUpdateOffsets(cpu, offsets));

  test('are taken anew only after a step', () => {
    const offsets = { clockWasSetSeq: -1, real: 1, boot: 1, tai: 1 };
    expect([take(offsets), offsets]).toEqual([0, { clockWasSetSeq: 0, real: 0, boot: 0, tai: 0 }]);
    offsets.real = 7;
    take(offsets);
    expect(offsets.real).toBe(7);
    machine.as(0, (cpu) => doSettimeofday(cpu, HOUR));
    take(offsets);
    expect(offsets).toEqual({ clockWasSetSeq: 1, real: HOUR, boot: 0, tai: HOUR });
  });

  test('are never half of two steps', () => {
    const offsets = { clockWasSetSeq: -1, real: 1, boot: 1, tai: 1 };
    let steps = 0;
    machine.archs[1]!.counter = () => {
      if (steps++ === 0) machine.as(0, (cpu) => doSettimeofday(cpu, HOUR));
      machine.memory.runAs(1, 2);
      return counter;
    };
    take(offsets);
    expect([offsets, steps]).toEqual([{ clockWasSetSeq: 1, real: HOUR, boot: 0, tai: HOUR }, 2]);
  });
});
