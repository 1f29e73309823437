import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { ClockId, ClocksourceId, TimekeepingAction } from '../../../shared/structs/timekeeper.ts';
import type { Oracle } from '../../../src/check/oracle.ts';
import { ClockCoarse } from '../../../src/check/oracles/clock-coarse.ts';
import { ClockDrift } from '../../../src/check/oracles/clock-drift.ts';
import { ClockFast } from '../../../src/check/oracles/clock-fast.ts';
import { ClockGap } from '../../../src/check/oracles/clock-gap.ts';
import { ClockJump } from '../../../src/check/oracles/clock-jump.ts';
import { ClockMonotonic } from '../../../src/check/oracles/clock-monotonic.ts';
import { ClockNormal } from '../../../src/check/oracles/clock-normal.ts';
import { ClockOffsets } from '../../../src/check/oracles/clock-offsets.ts';
import { ClockShadow } from '../../../src/check/oracles/clock-shadow.ts';
import { ClockSteps } from '../../../src/check/oracles/clock-steps.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const plain = runFacts(2, 'tick', ['r', 'q']);
const [R, Q] = [2, 3];
const counter = (id: ClocksourceId, hz: number) => ({ id, hz, readNs: 0, drifts: [], skews: [] });
const facts: RunFacts = {
  ...plain,
  clocks: { sources: [counter(ClocksourceId.Tsc, 1e9), counter(ClocksourceId.AcpiPm, 3_579_545)], frequencies: [] },
};
const verdictOf = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, of = facts) => judgeStream(OracleOfRun, of, stream);

const { Monotonic, MonotonicCoarse, MonotonicFast, Realtime } = ClockId;
const read = (clock: ClockId, t: number, value: number, by = R) => ({ by, clock, t, value });
/** The timekeeper as the tsc gives it, its wall clock `real` ahead. */
const change = (version: number, more: Record<string, number> = {}, real = 0) => ({
  action: TimekeepingAction.ChangeClocksource, source: ClocksourceId.Tsc, mult: 8_388_608, cs_mult: 8_388_608, maxadj: 922_746, shift: 23,
  wall_to_monotonic: -real, offs_real: real, offs_tai: real, version, ...more,
});
const booted = () => new EventStream().add('timekeeping_change', 0, 100, change(2));

describe('T-01, no way back', () => {
  const good = () => booted().add('clock_gettime', 0, 200, read(Monotonic, 200, 200))
    .add('clock_gettime', 1, 210, read(Monotonic, 210, 200, Q));

  it('holds while each read is at least the one before', () => {
    expect(verdictOf(ClockMonotonic, good())).toEqual({ verdict: 'held', checked: 1 });
    expect(verdictOf(ClockMonotonic, booted())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a reader that is told an earlier time than another was, but where CPUs race only the same reader', () => {
    const back = good().add('clock_gettime', 0, 230, read(Monotonic, 230, 199));
    expect(witnessOf(verdictOf(ClockMonotonic, back)).says).toBe('Monotonic is 199 ns for r, and was 200 ns for q before');
    const other = booted().add('clock_gettime', 0, 200, read(Monotonic, 200, 200))
      .add('clock_gettime', 1, 210, read(Monotonic, 210, 190, Q));
    expect(verdictOf(ClockMonotonic, other, racingFacts(facts, 100)).verdict).toBe('not exercised');
    const same = other.add('clock_gettime', 1, 220, read(Monotonic, 220, 189, Q));
    expect(verdictOf(ClockMonotonic, same, racingFacts(facts, 100)).verdict).toBe('broken');
  });
});

describe('T-02, coarse clocks', () => {
  const update = (version: number, coarse: number) => ({ version, coarse });

  it('finds one that is published with an earlier time, in the order of versions', () => {
    const good = new EventStream().add('timekeeping_update', 0, 1, update(2, 10)).add('timekeeping_update', 1, 3, update(6, 30))
      .add('timekeeping_update', 0, 3, update(4, 20));
    expect(verdictOf(ClockCoarse, good).verdict).toBe('held');
    const back = good.add('timekeeping_update', 0, 9, update(8, 29));
    expect(witnessOf(verdictOf(ClockCoarse, back)).says).toBe('CPU 0 publishes a coarse clock of 29 ns, which was 30 ns before');
  });

  it('finds one that is ahead of the clock that it is taken from', () => {
    const good = booted().add('clock_gettime', 0, 200, read(MonotonicCoarse, 200, 150))
      .add('clock_gettime', 0, 210, read(Monotonic, 210, 210));
    expect(verdictOf(ClockCoarse, good).verdict).toBe('held');
    const ahead = good.add('clock_gettime', 0, 220, read(MonotonicCoarse, 220, 230))
      .add('clock_gettime', 0, 225, read(Monotonic, 225, 225));
    expect(witnessOf(verdictOf(ClockCoarse, ahead)).says).toBe('Monotonic is 225 ns for r, who had read 230 ns from a coarse clock');
  });
});

describe('T-03 and T-04, the rate', () => {
  const at = (ns: number, mono: number, clock: ClockId = Monotonic) => ['clock_gettime', 0, ns, read(clock, ns, mono)] as const;
  const good = () => booted().add(...at(1_000, 900)).add(...at(5_001_000, 5_000_901));

  it('hold while monotonic time keeps its distance to true time', () => {
    expect(verdictOf(ClockJump, good())).toEqual({ verdict: 'held', checked: 1 });
    expect(verdictOf(ClockDrift, good())).toEqual({ verdict: 'held', checked: 1 });
  });

  it('find a jump ahead, of the wall clock too if it was not set', () => {
    const jump = good().add(...at(5_002_000, 5_003_500, Realtime));
    expect(witnessOf(verdictOf(ClockJump, jump)).says)
      .toBe('Realtime jumps for r: it goes 1599 ns further than true time since its read at 5001000 ns');
    const set = good().add('timekeeping_change', 0, 5_001_500, change(4, { action: TimekeepingAction.SetTime }, 1_599))
      .add(...at(5_002_000, 5_003_500, Realtime));
    expect(verdictOf(ClockJump, set).verdict).toBe('held');
  });

  it('find time that is lost, but not where the clock source has changed', () => {
    const lost = good().add(...at(5_002_000, 5_001_000));
    expect(verdictOf(ClockJump, lost).verdict).toBe('held');
    expect(witnessOf(verdictOf(ClockDrift, lost)).says).toContain('monotonic time has moved -900 ns away from true time since 1000 ns');
    const changed = good().add('timekeeping_change', 0, 5_001_500, change(4)).add(...at(5_002_000, 5_001_000));
    expect(verdictOf(ClockDrift, changed).verdict).toBe('held');
  });

  it('allow what a counter is off and what frequency is asked for', () => {
    const slow = booted().add(...at(1_000, 1_000)).add(...at(1_000_001_000, 999_951_000));
    expect(verdictOf(ClockDrift, slow).verdict).toBe('broken');
    const asked = { ...facts, clocks: { ...facts.clocks, frequencies: [-60_000] } };
    expect(verdictOf(ClockDrift, slow, asked).verdict).toBe('held');
  });
});

describe('T-05, offsets', () => {
  it('finds offsets that do not hang together', () => {
    expect(verdictOf(ClockOffsets, booted())).toEqual({ verdict: 'held', checked: 1 });
    const wrong = [
      [change(4, { offs_real: 7 }), 'offs_real is 7, but wall_to_monotonic 0'],
      [change(4, { tai_offset: 37 }), 'offs_tai is 0, but 37 s ahead of the wall clock is 37000000000'],
      [change(4, { offs_boot: -1 }), 'boot time is behind monotonic time: offs_boot is -1'],
    ] as const;
    for (const [fields, says] of wrong) {
      const broken = booted().add('timekeeping_change', 0, 150, fields);
      expect(witnessOf(verdictOf(ClockOffsets, broken)).says).toBe(`at 150 ns ${says.replace('-0', '0')}`);
    }
  });

  it('finds a wall clock that is read behind monotonic time', () => {
    const stream = booted().add('clock_gettime', 0, 200, read(Monotonic, 200, 200)).add('clock_gettime', 0, 210, read(Realtime, 210, 190));
    expect(witnessOf(verdictOf(ClockOffsets, stream)).says)
      .toBe('Realtime without its offset is 190 ns for r, who had read 200 ns from monotonic time before');
  });
});

describe('T-06, steps', () => {
  const step = (version: number, more: Record<string, number> = {}) =>
    change(version, { action: TimekeepingAction.SetTime, clock_was_set_seq: 1, ...more }, 5_000);

  it('holds while each step counts once, whichever way the stream has them', () => {
    const stream = new EventStream().add('timekeeping_change', 1, 200, step(4)).add('timekeeping_change', 0, 200, change(2));
    expect(verdictOf(ClockSteps, stream)).toEqual({ verdict: 'held', checked: 1 });
  });

  it.each([
    ['a step that is not counted', step(4, { clock_was_set_seq: 0 }), 'moves clock_was_set_seq by 0 in a step'],
    ['a count without a step', change(4, { action: TimekeepingAction.SetFrequency, clock_was_set_seq: 1 }), 'by 1 in what is no step'],
    ['a change of the source that is not counted', change(4), 'moves cs_was_changed_seq by 0'],
    ['a step of boot time', step(4, { offs_boot: 3 }), 'moves boot time by 3 ns'],
    [
      'a wall clock that moves by itself', change(4, { action: TimekeepingAction.SetFrequency }, 9),
      'moves the wall clock by 9 ns in what is no step',
    ],
  ])('finds %s', (_, fields, says) => {
    const stream = booted().add('timekeeping_change', 1, 200, fields);
    expect(witnessOf(verdictOf(ClockSteps, stream)).says).toContain(says);
  });
});

describe('T-07, the shadow', () => {
  it('finds what a refused step left behind', () => {
    const clean = new EventStream().add('timekeeping_set', 0, 100, { result: -22, offs_real: 5, shadow_offs_real: 5 });
    expect(verdictOf(ClockShadow, clean)).toEqual({ verdict: 'held', checked: 1 });
    const dirty = clean.add('timekeeping_set', 0, 200, { result: -22, offs_real: 5, shadow_offs_real: -9, shadow_ahead: 4 });
    expect(witnessOf(verdictOf(ClockShadow, dirty)).says).toContain('after a step that was refused at 200 ns the wall clock is 5 ns ahead');
  });
});

describe('T-08, the normal form', () => {
  const update = (version: number, fraction: number, mult = 8_388_608) => ({ version, fraction, mult });
  const stream = (fraction: number, mult?: number) =>
    new EventStream().add('timekeeping_update', 0, 1, update(2, 0)).add('timekeeping_change', 0, 1, change(2))
      .add('timekeeping_update', 0, 2, update(4, fraction, mult));

  it('finds a fraction that is none, and a multiplier too far from its source', () => {
    expect(verdictOf(ClockNormal, stream(2 ** 23 - 1))).toEqual({ verdict: 'held', checked: 2 });
    expect(witnessOf(verdictOf(ClockNormal, stream(2 ** 23))).says).toContain('publishes a fraction of 8388608 (shift 23)');
    expect(verdictOf(ClockNormal, stream(0, 8_388_608 - 922_746)).verdict).toBe('held');
    expect(verdictOf(ClockNormal, stream(0, 8_388_608 + 922_747)).verdict).toBe('broken');
  });
});

describe('T-09, the gap', () => {
  const onAcpi = () => new EventStream().add('timekeeping_update', 0, 1, { version: 2 })
    .add('timekeeping_change', 0, 1, change(2, { source: ClocksourceId.AcpiPm }));

  it('finds clocks that nobody moves for half the way of their counter, at the end of the run too', () => {
    const good = onAcpi().add('timekeeping_update', 1, 2.3e9, { version: 4 });
    expect(verdictOf(ClockGap, good).verdict).toBe('held');
    const late = onAcpi().add('timekeeping_update', 1, 2.4e9, { version: 4 });
    expect(witnessOf(verdictOf(ClockGap, late)).says).toContain('nobody has moved the clocks on for 2399999999 ns before 2400000000 ns');
    expect(judgeStream(ClockGap, facts, good, 4.7e9).verdict).toBe('broken');
  });

  it('asks nothing of a counter that never starts anew', () => {
    const never = booted().add('timekeeping_update', 0, 1, {}).add('timekeeping_update', 0, 9e12, {});
    expect(verdictOf(ClockGap, never).verdict).toBe('not exercised');
  });
});

describe('T-10, fast twins', () => {
  const pair = (fast: number) =>
    booted().add('clock_gettime', 0, 1_000, read(Monotonic, 1_000, 900)).add('clock_gettime', 0, 2_000, read(MonotonicFast, 2_000, fast));

  it('finds one that is further away than true time has gone', () => {
    expect(verdictOf(ClockFast, pair(1_910))).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(verdictOf(ClockFast, pair(1_940))).says)
      .toBe('MonotonicFast is 40 ns further than Monotonic was for r 1000 ns before');
  });
});

it('a tick of the jiffies clock source is no jump', () => {
  const stream = new EventStream().add('timekeeping_change', 0, 100, change(2, { source: ClocksourceId.Jiffies }))
    .add('clock_gettime', 0, 200, read(Monotonic, 200, 0)).add('clock_gettime', 0, 300, read(Monotonic, 300, TICK));
  expect(verdictOf(ClockJump, stream).verdict).toBe('held');
});
