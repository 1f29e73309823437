import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { Oracle } from '../../../src/check/oracle.ts';
import { DutyOwner } from '../../../src/check/oracles/duty-owner.ts';
import { JiffiesClock } from '../../../src/check/oracles/jiffies-clock.ts';
import { JiffiesOnce } from '../../../src/check/oracles/jiffies-once.ts';
import { JiffiesRelation } from '../../../src/check/oracles/jiffies-relation.ts';
import { EventStream, IPI_DELAY, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
/** jiffy `jiffies` of a grid that starts at 40, written as version 2 * `nth`. */
const jiffy = (jiffies: number, nth: number, change: Record<string, number> = {}) => ({
  ticks: 1, jiffies, last_jiffies_update: 40 + jiffies * TICK, tick_next_period: 40 + (jiffies + 1) * TICK, version: 2 * nth, ...change,
});
const good = () =>
  new EventStream()
    .add('jiffies_update', 0, 40 + TICK, jiffy(1, 2))
    .add('jiffies_update', 0, 45 + 2 * TICK, jiffy(2, 3))
    .add('jiffies_update', 1, 41 + 5 * TICK, jiffy(5, 4, { ticks: 3 }));
const verdictOf = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream) => judgeStream(OracleOfRun, facts, stream);

describe('J-01, J-02 and J-07 together', () => {
  it.each([['J-01', JiffiesRelation], ['J-02', JiffiesClock], ['J-07', JiffiesOnce]])('%s holds on a right stream, is not exercised on ' +
    'none', (_, OracleOfRun) => {
    expect(verdictOf(OracleOfRun, good())).toEqual({ verdict: 'held', checked: 3 });
    expect(verdictOf(OracleOfRun, new EventStream())).toEqual({ verdict: 'not exercised' });
  });
});

describe('J-01, the relation', () => {
  it('finds tick_next_period off by anything but a tick', () => {
    const wrong = good().add('jiffies_update', 0, 50 + 6 * TICK, jiffy(6, 5, { tick_next_period: 41 + 7 * TICK }));
    const witness = witnessOf(verdictOf(JiffiesRelation, wrong));
    expect(witness.says)
      .toBe(`at ${50 + 6 * TICK} ns on CPU 0 tick_next_period is ${41 + 7 * TICK}, but one tick after last_jiffies_update is ` +
        `${40 + 7 * TICK}`);
    expect(witness.events).toHaveLength(2);
  });

  it('finds jiffies and their instant drifting apart', () => {
    const wrong = good().add('jiffies_update', 0, 50 + 6 * TICK, jiffy(6, 5, { jiffies: 7 }));
    expect(witnessOf(verdictOf(JiffiesRelation, wrong)).says)
      .toContain(`last_jiffies_update is ${40 + 6 * TICK}, but jiffies 7 began at ${40 + 7 * TICK}`);
  });
});

describe('J-02, the clock', () => {
  const early = jiffy(6, 5);
  const at = 39 + 6 * TICK;

  it('finds a jiffy that begins before its time', () => {
    const wrong = good().add('tick', 0, 5 * TICK, { mode: 1 }).add('jiffies_update', 0, at, early);
    const witness = witnessOf(verdictOf(JiffiesClock, wrong));
    expect(witness.says).toBe(`CPU 0 lets jiffy 6 begin at ${at + 1} ns, 1 ns ahead of its clock, which stands at ${at} ns`);
    expect(witness.events.map((event) => event.event)).toEqual(['tick', 'jiffies_update']);
  });

  it('allows a periodic device its rounding, but not a tick', () => {
    expect(verdictOf(JiffiesClock, good().add('tick', 0, 5 * TICK, { mode: 0 }).add('jiffies_update', 0, at, early)).verdict).toBe('held');
    expect(witnessOf(verdictOf(JiffiesClock, good().add('jiffies_update', 0, 40 + 5 * TICK, early))).says)
      .toContain(`${TICK} ns ahead of its clock`);
  });
});

describe('J-02, the clock, where CPUs race', () => {
  /** The kernel's clock was moved by an event that had taken 300 ns; then CPU 1 lets a jiffy begin so far ahead of its own. */
  const ahead = (ns: number) => judgeStream(JiffiesClock, racingFacts(facts, TICK), good()
    .add('event', 0, 6 * TICK, { time: 6 * TICK }).add('timekeeping_update', 0, 6 * TICK + 300, { mono: 6 * TICK })
    .add('tick', 1, 5 * TICK, { mode: 1 }).add('jiffies_update', 1, 40 + 6 * TICK - ns, jiffy(6, 5)));

  it('allows a message’s way and what the other event had taken, and no more', () => {
    expect(ahead(IPI_DELAY + 300).verdict).toBe('held');
    expect(witnessOf(ahead(IPI_DELAY + 301)).says).toContain(`${IPI_DELAY + 301} ns ahead of its clock`);
  });
});

describe('J-07, each period once', () => {
  it('finds a period that two CPUs count', () => {
    const wrong = good().add('jiffies_update', 0, 50 + 5 * TICK, jiffy(5, 5));
    const witness = witnessOf(verdictOf(JiffiesOnce, wrong));
    expect(witness.says).toBe(`at ${50 + 5 * TICK} ns CPU 0 moves jiffies from 5 to 5 in an update of 1 ticks`);
    expect(witness.events.map((event) => event.cpu)).toEqual([1, 0]);
  });

  it('finds a period that is skipped, an update of nothing, and instants that do not follow', () => {
    expect(witnessOf(verdictOf(JiffiesOnce, good().add('jiffies_update', 0, 9 * TICK, jiffy(7, 5)))).says)
      .toContain('moves jiffies from 5 to 7 in an update of 1 ticks');
    expect(witnessOf(verdictOf(JiffiesOnce, good().add('jiffies_update', 0, 9 * TICK, jiffy(5, 5, { ticks: 0 })))).says)
      .toContain('moves jiffies by 0 ticks');
    const next = jiffy(6, 5, { tick_next_period: 1 });
    expect(witnessOf(verdictOf(JiffiesOnce, good().add('jiffies_update', 0, 9 * TICK, next))).says)
      .toContain(`moves tick_next_period from ${40 + 6 * TICK} to 1`);
    const last = jiffy(6, 5, { last_jiffies_update: 1 });
    expect(witnessOf(verdictOf(JiffiesOnce, good().add('jiffies_update', 0, 9 * TICK, last))).says)
      .toContain(`moves last_jiffies_update from ${40 + 5 * TICK} to 1`);
  });

  it('takes updates in the order of their versions', () => {
    const swapped = good().add('jiffies_update', 0, 40 + 7 * TICK, jiffy(7, 6)).add('jiffies_update', 1, 40 + 6 * TICK, jiffy(6, 5));
    expect(verdictOf(JiffiesOnce, swapped)).toEqual({ verdict: 'held', checked: 5 });
  });
});

describe('J-03, the duty', () => {
  const owners = (...of: number[]) => {
    const stream = new EventStream();
    of.forEach((owner, i) => stream.add('tick_do_timer_cpu', 0, 10 * i, { owner }));
    return verdictOf(DutyOwner, stream);
  };

  it('holds for CPUs and nobody, is not exercised when it is never given', () => {
    expect(owners(-2, 0, -1, 1)).toEqual({ verdict: 'held', checked: 4 });
    expect(owners()).toEqual({ verdict: 'not exercised' });
  });

  it('finds an owner that the machine has not', () => {
    const witness = witnessOf(owners(0, 2));
    expect(witness.says).toBe('at 10 ns CPU 0 gives the do_timer duty to 2: the machine has CPUs 0 .. 1');
    expect(witness.events.map((event) => event.fields.owner)).toEqual([0, 2]);
    expect(witnessOf(owners(-3)).says).toContain('to -3');
  });

  it('finds a duty that returns to "not yet"', () => {
    expect(witnessOf(owners(0, -2)).says).toContain('to -2: somebody has had it already');
  });
});
