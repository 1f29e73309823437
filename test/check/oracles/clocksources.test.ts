import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { ClocksourceFlag, ClocksourceId, TimekeepingAction } from '../../../shared/structs/timekeeper.ts';
import type { Oracle } from '../../../src/check/oracle.ts';
import { ClocksourceBest } from '../../../src/check/oracles/clocksource-best.ts';
import { ClocksourceHres } from '../../../src/check/oracles/clocksource-hres.ts';
import { ClocksourceRated } from '../../../src/check/oracles/clocksource-rated.ts';
import { ClocksourceVerdict } from '../../../src/check/oracles/clocksource-verdict.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const { Jiffies, Tsc, Hpet, AcpiPm } = ClocksourceId;
const { ValidForHres, Unstable } = ClocksourceFlag;
const plain = runFacts(2, 'tick', []);
const S = 1_000_000_000;

const verdictOf = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, of = plain) =>
  judgeStream(OracleOfRun, of, stream, 99 * S);
const source = (id: ClocksourceId, order: number, rating: number, flags: number = ValidForHres) => ({ source: id, order, rating, flags });
const listed = () =>
  new EventStream().add('clocksource_state', 0, 10, source(Hpet, 1, 250)).add('clocksource_state', 0, 11, source(Jiffies, 2, 1, 0))
    .add('clocksource_state', 0, 12, source(Tsc, 3, 300));
const reads = (id: ClocksourceId) => ({ action: TimekeepingAction.ChangeClocksource, source: id });

describe('K-01, the best', () => {
  const select = (best: number, more: Record<string, number> = {}) => ({ best, current: Jiffies, override: -1, ...more });

  it.each([
    ['the highest rating', select(Tsc)],
    ['the override', select(Hpet, { override: Hpet })],
    ['the next best, if the present one goes', select(Hpet, { current: Tsc, skip_current: 1 })],
    ['the best, if the override cannot carry the tick', select(Tsc, { oneshot: 1, override: Jiffies })],
    ['the best, if the override is not there', select(Tsc, { override: AcpiPm })],
  ])('allows %s', (_, fields) => {
    expect(verdictOf(ClocksourceBest, listed().add('clocksource_select', 0, 20, fields))).toEqual({ verdict: 'held', checked: 1 });
  });

  it.each([
    ['the second best', select(Hpet), 'selects the clock source hpet; tsc is the one to use'],
    ['the best in the place of the override', select(Tsc, { override: Hpet }), 'selects the clock source tsc; hpet is the one to use'],
    ['nothing', select(-1), 'selects the clock source none; tsc'],
  ])('finds %s', (_, fields, says) => {
    expect(witnessOf(verdictOf(ClocksourceBest, listed().add('clocksource_select', 0, 20, fields))).says).toContain(says);
  });

  it('forgets what has left the list', () => {
    const left = listed().add('clocksource_state', 0, 15, source(Tsc, 0, 300)).add('clocksource_select', 0, 20, select(Hpet));
    expect(verdictOf(ClocksourceBest, left).verdict).toBe('held');
  });
});

describe('K-02, one-shot ticks', () => {
  const onTsc = () => listed().add('timekeeping_change', 0, 20, reads(Tsc));
  const bad = (t: number) => onTsc().add('clocksource_state', 0, S, source(Tsc, 3, 300, Unstable)).add('tick', 1, t, { mode: 1 });

  it('allows a source that is valid, and for a second one that no longer is', () => {
    expect(verdictOf(ClocksourceHres, onTsc().add('tick', 0, 9 * S, { mode: 1 }))).toEqual({ verdict: 'held', checked: 1 });
    expect(verdictOf(ClocksourceHres, bad(2 * S)).verdict).toBe('held');
    expect(verdictOf(ClocksourceHres, onTsc().add('tick', 0, 9 * S, { mode: 0 })).verdict).toBe('not exercised');
  });

  it('finds one that stays, unless there is no other', () => {
    expect(witnessOf(verdictOf(ClocksourceHres, bad(2 * S + 1))).says)
      .toBe('CPU 1 takes a one-shot tick at 2000000001 ns on the clock source tsc, which has not been valid for that since 1000000000 ns');
    const alone = bad(9 * S).add('clocksource_state', 0, 9 * S, source(Hpet, 0, 250)).add('tick', 1, 9 * S + 1, { mode: 1 });
    expect(verdictOf(ClocksourceHres, alone)).toMatchObject({ verdict: 'broken', violations: 1 });
  });
});

describe('K-04, ratings', () => {
  const given = (t: number) =>
    listed().add('timekeeping_change', 0, 20, reads(Tsc)).add('clocksource_state', 0, S, source(Tsc, 3, 0, Unstable))
      .add('tick', 0, t, { mode: 1 });

  it('finds a source that is read though it was given up a second ago', () => {
    expect(verdictOf(ClocksourceRated, given(2 * S)).verdict).toBe('held');
    expect(witnessOf(verdictOf(ClocksourceRated, given(2 * S + 1))).says)
      .toBe('at 2000000001 ns the clock source is still tsc, rated 0 since 1000000000 ns; hpet could be read');
  });
});

describe('K-03, the verdict', () => {
  /** The tsc runs fast by so much from 10 s on, and CPU 1's is ahead by `byNs` from 20 s on. */
  const facts = (ppb: number, byNs = 0): RunFacts => ({
    ...plain,
    clocks: {
      frequencies: [],
      sources: [
        {
          id: Tsc, hz: 1e9, readNs: 0, drifts: [{ at: 0, ppb: 0 }, { at: 10 * S, ppb }], skews: [{ at: 20 * S, cpu: 1, byNs }],
        },
        { id: Hpet, hz: 1e8, readNs: 0, drifts: [], skews: [] },
      ],
    },
  });
  const check = (verdict: number, more: Record<string, number> = {}) =>
    ({ source: Tsc, watchdog: Hpet, margin: 248_000, cs_nsec: S / 2, wd_nsec: S / 2, verdict, ...more });
  const pair = (verdict: number, t: number, cpus: readonly [number, number] = [0, 0], more?: Record<string, number>) =>
    new EventStream().add('clocksource_watchdog', cpus[0], t, check(0))
      .add('clocksource_watchdog', cpus[1], t + S / 2, check(verdict, more));

  it.each([
    ['good, if it is within the margins', 1, 400_000, 12 * S],
    ['skewed, if it is not', 2, 600_000, 12 * S],
    ['good, before it goes wrong', 1, 600_000, 5 * S],
  ])('may be %s', (_, verdict, ppb, t) => {
    expect(verdictOf(ClocksourceVerdict, pair(verdict, t), facts(ppb))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a good source that is marked, and a bad one that is not', () => {
    expect(witnessOf(verdictOf(ClocksourceVerdict, pair(2, 12 * S), facts(400_000))).says)
      .toBe('CPU 0 finds tsc skewed: in 500200000 ns it went 200000 ns further than hpet, and 248000 ns are allowed in up to ' +
        '1000000000 ns');
    expect(verdictOf(ClocksourceVerdict, pair(1, 12 * S), facts(600_000)).verdict).toBe('broken');
    expect(verdictOf(ClocksourceVerdict, pair(1, 12 * S, [0, 1]), facts(0)).verdict).toBe('held');
    expect(verdictOf(ClocksourceVerdict, pair(1, 22 * S, [0, 1]), facts(0, 300_000)).verdict).toBe('broken');
    expect(verdictOf(ClocksourceVerdict, pair(2, 22 * S, [0, 1]), facts(0, 300_000)).verdict).toBe('held');
  });

  it('finds a verdict on an interval that was too long to judge', () => {
    const long = { cs_nsec: 2 * S, wd_nsec: 2 * S };
    expect(verdictOf(ClocksourceVerdict, pair(3, 12 * S, [0, 0], long), facts(600_000)).verdict).toBe('held');
    expect(verdictOf(ClocksourceVerdict, pair(2, 12 * S, [0, 0], long), facts(600_000)).verdict).toBe('broken');
    expect(verdictOf(ClocksourceVerdict, pair(3, 12 * S), facts(600_000)).verdict).toBe('broken');
  });
});
