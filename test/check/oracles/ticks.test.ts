import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { HrtimerFunction } from '../../../shared/structs/hrtimer.ts';
import type { Oracle, Verdict } from '../../../src/check/oracle.ts';
import { DutyOwner } from '../../../src/check/oracles/duty-owner.ts';
import { JiffiesFresh } from '../../../src/check/oracles/jiffies-fresh.ts';
import { JiffiesStall } from '../../../src/check/oracles/jiffies-stall.ts';
import { TickPhase } from '../../../src/check/oracles/tick-phase.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(3, 'tick', []);
type OracleClass = new (facts: RunFacts) => Oracle;
const verdictOf = (OracleOfRun: OracleClass, stream: EventStream, change: Partial<RunFacts> = {}): Verdict =>
  judgeStream(OracleOfRun, { ...facts, ...change }, stream);
const says = (OracleOfRun: OracleClass, stream: EventStream, change: Partial<RunFacts> = {}): string =>
  witnessOf(verdictOf(OracleOfRun, stream, change)).says;

/** Jiffy `n` begins at n ticks, and is counted a little later. */
const jiffy = (stream: EventStream, n: number, cpu = 0) =>
  stream.add('jiffies_update', cpu, n * TICK + 300, {
    ticks: 1, jiffies: n, last_jiffies_update: n * TICK, tick_next_period: (n + 1) * TICK,
  });

describe('J-04, jiffies that stand still', () => {
  const finds = (jiffies: number, times: number, mode = 1, spacing = TICK) => {
    const stream = new EventStream();
    for (let n = 0; n < times; n++) stream.add('tick', 1, n * spacing, { mode, jiffies }).add('tick', 0, n * spacing, { mode, jiffies: n });
    return stream;
  };

  it('holds while they move, and for as many ticks as a CPU waits before it moves them', () => {
    expect(verdictOf(JiffiesStall, finds(9, 5))).toEqual({ verdict: 'held', checked: 10 });
    expect(verdictOf(JiffiesStall, finds(9, 5, 1, 10 * TICK)).verdict).toBe('held');
  });
  it('finds a tick that sees them where five before it did', () =>
    expect(says(JiffiesStall, finds(9, 6)))
      .toBe('at 20000000 ns a tick of CPU 1 finds jiffies at 9, where 5 of its ticks have found them before'));
  it('counts a tick that comes twice for one date once', () =>
    expect(verdictOf(JiffiesStall, finds(9, 10, 1, TICK / 2 - 1)).verdict).toBe('held'));
  it('does not judge a CPU that is still periodic, and is not exercised by it', () =>
    expect(verdictOf(JiffiesStall, finds(9, 8, 0)).verdict).toBe('not exercised'));
  it('allows CPUs that race to stand apart', () => {
    expect(verdictOf(JiffiesStall, finds(9, 6), racingFacts(facts, TICK)).verdict).toBe('held');
    expect(verdictOf(JiffiesStall, finds(9, 7), racingFacts(facts, TICK)).verdict).toBe('broken');
  });
  it('allows for a counter that jumped ahead, from when it did: time stands for the others', () => {
    const jumping = (at: number) => ({
      clocks: { sources: [{ id: 0, hz: 1e9, readNs: 0, drifts: [], skews: [{ cpu: 0, at, byNs: 2 * TICK }] }], frequencies: [] },
    });
    const found = (times: number, at: number) => verdictOf(JiffiesStall, finds(9, times), jumping(at)).verdict;
    expect([found(11, 0), found(12, 0), found(6, 100 * TICK)]).toEqual(['held', 'broken', 'broken']);
  });
});

describe('J-06, jiffies as an interrupt finds them', () => {
  const stopped = (flags: number) => jiffy(new EventStream(), 1).add('tick_nohz_idle_stop', 1, TICK + 900, { flags });
  const wakes = (stream: EventStream, n: number) =>
    stream.add('local_timer_entry', 1, n * TICK + 400).add('hrtimer_expire_entry', 1, n * TICK + 500, { now: n * TICK + 450 });

  it('holds where they are brought up to date first', () =>
    expect(verdictOf(JiffiesFresh, wakes(jiffy(stopped(TickFlag.Stopped), 90, 1), 90))).toEqual({ verdict: 'held', checked: 1 }));
  it('finds them old', () =>
    expect(says(JiffiesFresh, wakes(stopped(TickFlag.Stopped), 90)))
      .toContain('CPU 1, whose tick is stopped, and the last jiffy is 356000450 ns old'));
  it('does not judge a CPU that ticks, before the stop or after the restart', () => {
    expect(verdictOf(JiffiesFresh, wakes(stopped(TickFlag.Inidle), 90)).verdict).toBe('not exercised');
    const ticking = stopped(TickFlag.Stopped).add('tick_nohz_restart', 1, 2 * TICK);
    expect(verdictOf(JiffiesFresh, wakes(ticking, 90)).verdict).toBe('not exercised');
  });
});

describe('J-08, the phase of a tick', () => {
  const expires = (...at: number[]) =>
    at.reduce((stream, t) => {
      const fields = { function: HrtimerFunction.TickNohzHandler, now: t + 40, expires: t };
      return stream.add('hrtimer_expire_entry', 1, t + 50, fields);
    }, new EventStream());

  it('holds for whole numbers of ticks, one or many', () =>
    expect(verdictOf(TickPhase, expires(TICK + 7, 2 * TICK + 7, 90 * TICK + 7))).toEqual({ verdict: 'held', checked: 3 }));
  it('finds one that left its phase, and one that comes twice', () => {
    expect(says(TickPhase, expires(TICK + 7, 2 * TICK + 8))).toContain('no whole number of ticks after 4000007');
    expect(says(TickPhase, expires(TICK, TICK))).toContain('comes twice for 4000000');
  });
  it('looks at the tick’s own timer alone', () => {
    const other = expires(TICK).add('hrtimer_expire_entry', 1, 5, { function: HrtimerFunction.HrtimerWakeup, expires: TICK + 9 });
    expect(verdictOf(TickPhase, other)).toEqual({ verdict: 'held', checked: 1 });
  });
});

describe('J-03 with nohz_full=', () => {
  const owners = (...of: number[]) => of.reduce((stream, owner, i) => stream.add('tick_do_timer_cpu', 0, i, { owner }), new EventStream());
  const full = (...nohzFull: number[]) => ({ nohzFull });

  it('holds where a CPU has the duty that never stops its tick, and keeps it', () => {
    expect(verdictOf(DutyOwner, owners(0), full(1, 2))).toEqual({ verdict: 'held', checked: 1 });
    expect(verdictOf(DutyOwner, owners(0, 1), full(0, 2))).toEqual({ verdict: 'held', checked: 2 });
  });
  it('finds that it is dropped, or given to one of nohz_full=', () => {
    expect(says(DutyOwner, owners(0, -1), full(1, 2))).toContain('stays with a CPU that never stops its tick');
    expect(says(DutyOwner, owners(0, 2), full(1, 2))).toContain('stays with a CPU that never stops its tick');
  });
  it('finds at the end that it stayed with a boot CPU of nohz_full=', () =>
    expect(says(DutyOwner, owners(0), full(0))).toBe('no CPU that never stops its tick was ever given the do_timer duty'));
});
