import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { Oracle } from '../../../src/check/oracle.ts';
import { HrtimerEarly } from '../../../src/check/oracles/hrtimer-early.ts';
import { HrtimerForgotten } from '../../../src/check/oracles/hrtimer-forgotten.ts';
import { HrtimerOrder } from '../../../src/check/oracles/hrtimer-order.ts';
import { EventStream, IPI_DELAY, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const judge = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, end?: number, of = facts) =>
  judgeStream(OracleOfRun, of, stream, end);

/** Timers 4 (for 200), 5 (for 100) and 6 (for 100, after 5) on CPU 0. */
const queued = () =>
  new EventStream()
    .add('hrtimer_start', 0, 10, { hrtimer: 4, expires: 200, softexpires: 150 })
    .add('hrtimer_start', 0, 11, { hrtimer: 5, expires: 100, softexpires: 100 })
    .add('hrtimer_start', 0, 12, { hrtimer: 6, expires: 100, softexpires: 90 });
const expire = (stream: EventStream, cpu: number, t: number, hrtimer: number, expires: number) =>
  stream.add('hrtimer_expire_entry', cpu, t, { hrtimer, expires, softexpires: expires, now: t })
    .add('hrtimer_expire_exit', cpu, t, { hrtimer });

describe('H-01, order of expiry', () => {
  it('holds by expiry, then first in first out, and for timers that start again', () => {
    const stream = queued();
    expire(expire(stream, 0, 100, 5, 100), 0, 101, 6, 100);
    stream.add('hrtimer_start', 0, 102, { hrtimer: 5, expires: 180 });
    expire(expire(stream, 0, 180, 5, 180), 0, 200, 4, 200);
    expect(judge(HrtimerOrder, stream)).toEqual({ verdict: 'held', checked: 4 });
  });

  it('takes Linux’s own way of saying it, a cancel before each expiry', () => {
    const stream = queued().add('hrtimer_cancel', 0, 100, { hrtimer: 5 });
    expect(judge(HrtimerOrder, expire(stream, 0, 100, 5, 100))).toEqual({ verdict: 'held', checked: 1 });
    const wrong = queued().add('hrtimer_cancel', 0, 100, { hrtimer: 6 });
    expect(witnessOf(judge(HrtimerOrder, expire(wrong, 0, 100, 6, 100))).says).toContain('before timer 5');
  });

  it('is not exercised when nothing expires', () => {
    expect(judge(HrtimerOrder, queued())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a later timer that overtakes', () => {
    const witness = witnessOf(judge(HrtimerOrder, expire(queued(), 0, 200, 4, 200)));
    expect(witness.says)
      .toBe('CPU 0 at 200 ns expires timer 4 (expires 200 ns), before timer 5 (expires 100 ns), which is the head of its queue');
    expect(witness.events)
      .toMatchObject([{ event: 'hrtimer_start', t: 11, fields: { hrtimer: 5 } }, { event: 'hrtimer_expire_entry', fields: {
        hrtimer: 4 },
      }]);
  });

  it('finds equal expiries run last in first out', () => {
    expect(witnessOf(judge(HrtimerOrder, expire(queued(), 0, 100, 6, 100))).says)
      .toContain('timer 6 (expires 100 ns), before timer 5 (expires 100 ns)');
  });

  it('puts a restarted timer behind its equals', () => {
    const stream = queued().add('hrtimer_start', 0, 20, { hrtimer: 5, expires: 100 });
    expect(judge(HrtimerOrder, expire(expire(stream, 0, 100, 6, 100), 0, 100, 5, 100)).verdict).toBe('held');
  });

  it('finds a timer that is not queued, queued elsewhere, or cancelled before', () => {
    expect(witnessOf(judge(HrtimerOrder, expire(queued(), 0, 100, 9, 100))).says)
      .toContain('expires timer 9 (expires 100 ns), which is not in its queue');
    const elsewhere = expire(queued(), 1, 100, 5, 100);
    expect(witnessOf(judge(HrtimerOrder, elsewhere)).says)
      .toContain('CPU 1 at 100 ns expires timer 5 (expires 100 ns), which is not in its queue');
    const cancelled = queued().add('hrtimer_cancel', 0, 50, { hrtimer: 5 }).add('hrtimer_start', 0, 60, { hrtimer: 7, expires: 300 });
    expect(witnessOf(judge(HrtimerOrder, expire(cancelled, 0, 100, 5, 100))).says).toContain('which is not in its queue');
    const twice = expire(expire(queued(), 0, 100, 5, 100), 0, 101, 5, 100);
    expect(witnessOf(judge(HrtimerOrder, twice)).says).toContain('which is not in its queue');
  });

  it('finds an expiry that moved while the timer was queued', () => {
    expect(witnessOf(judge(HrtimerOrder, expire(queued(), 0, 100, 5, 99))).says)
      .toContain('expires timer 5 (expires 99 ns), but it was started for 100 ns');
  });
});

describe('H-02, never early', () => {
  const once = (t: number, now: number, softexpires: number) =>
    judge(HrtimerEarly, new EventStream().add('hrtimer_expire_entry', 1, t, { hrtimer: 3, now, softexpires, expires: softexpires }));

  it('holds from softexpires on, is not exercised when nothing expires', () => {
    expect(once(100, 100, 100)).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(HrtimerEarly, queued())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a timer that is early by the kernel’s clock', () => {
    const witness = witnessOf(once(100, 99, 100));
    expect(witness.says).toBe("CPU 1 expires timer 3 before its softexpires 100 ns: the kernel's clock stands at 99 ns");
    expect(witness.events[0]!.fields).toMatchObject({ hrtimer: 3, now: 99 });
  });

  it('finds a kernel’s clock that runs ahead of the true one', () => {
    expect(once(1_000_000, 1_000_012, 1_000_012).verdict).toBe('held');
    expect(witnessOf(once(1_000_000, 1_000_100, 1_000_100)).says).toContain('the true clock stands at 1000000 ns');
  });

  describe('where CPUs race', () => {
    const race = (stream: EventStream) => judge(HrtimerEarly, stream, undefined, racingFacts(facts, 1_000_000));
    const START = TICK - 400;
    /** CPU 1's clock stands at 3,999,700; it reads the kernel's, which says 4,000,000, and a timer for then expires. */
    const expires = (stream: EventStream) => stream.add('event', 1, START, { time: START })
      .add('hrtimer_expire_entry', 1, TICK - 300, { hrtimer: 3, now: TICK, softexpires: TICK, expires: TICK });
    /** A CPU moves that clock to an instant in an event that begins at `start`. */
    const moves = (stream: EventStream, cpu: number, start: number, mono = TICK) => stream.add('event', cpu, start, { time: start })
      .add('timekeeping_update', cpu, start + 470, { mono });

    it('forgives what a CPU that is ahead has made of the kernel’s clock, before or after it in the stream', () => {
      expect(race(moves(expires(new EventStream()), 0, TICK)).verdict).toBe('held');
      expect(race(expires(moves(new EventStream(), 0, START - 1))).verdict).toBe('held');
      expect(race(moves(expires(new EventStream()), 0, START + IPI_DELAY))).toEqual({ verdict: 'held', checked: 1 });
    });

    it('forgives the same of a CPU that moves jiffies, where they are the clock', () => {
      const stream = expires(new EventStream()).add('event', 0, TICK, { time: TICK });
      expect(race(stream.add('jiffies_update', 0, TICK + 10, { last_jiffies_update: TICK })).verdict).toBe('held');
    });

    it('finds a clock that nobody has moved there, nobody else, or nobody near enough', () => {
      for (const stream of [
        expires(new EventStream()), moves(expires(new EventStream()), 1, TICK), moves(expires(new EventStream()), 0, TICK, TICK - 1),
        moves(expires(new EventStream()), 0, START + IPI_DELAY + 1), expires(moves(new EventStream(), 1, START - 1)),
      ]) {
        const verdict = race(stream);
        expect(witnessOf(verdict).says)
          .toBe(`CPU 1 expires timer 3 before its softexpires ${TICK} ns: the true clock stands at ${TICK - 300} ns`);
        expect(verdict).toMatchObject({ checked: 1, violations: 1 });
      }
    });

    it('still goes by the kernel’s clock exactly', () => {
      const stream = new EventStream().add('hrtimer_expire_entry', 1, 100, { hrtimer: 3, now: 99, softexpires: 100, expires: 100 });
      expect(witnessOf(race(moves(stream, 0, 90, 99))).says).toContain("the kernel's clock stands at 99 ns");
    });
  });
});

describe('H-03, none forgotten', () => {
  const LATE = TICK + 1_000_000;

  it('holds while nothing is overdue, is not exercised without timers', () => {
    expect(judge(HrtimerForgotten, queued(), 100 + LATE)).toEqual({ verdict: 'held', checked: 3 });
    expect(judge(HrtimerForgotten, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('holds for timers that expired or were cancelled', () => {
    const stream = expire(expire(queued(), 0, 100, 5, 100), 0, 100, 6, 100).add('hrtimer_cancel', 0, 150, { hrtimer: 4 });
    expect(judge(HrtimerForgotten, stream).verdict).toBe('held');
  });

  it('finds each timer that is long overdue at the end', () => {
    const verdict = judge(HrtimerForgotten, queued(), 101 + LATE);
    expect(verdict).toMatchObject({ verdict: 'broken', violations: 2 });
    const witness = witnessOf(verdict);
    expect(witness.says).toBe(`timer 5 on CPU 0 expired at 100 ns, but is still queued at the end of the run, ${1 + LATE} ns later`);
    expect(witness.events).toMatchObject([{ event: 'hrtimer_start', t: 11 }]);
  });

  it('gives a timer time from when its CPU has a new event device, and for paths with interrupts off', () => {
    const since = 150 + LATE;
    const exchanged = (end: number) =>
      judge(HrtimerForgotten, queued().add('tick_device', 0, 150, { device: 1, mode: 0, handler: 1 }), end).verdict;
    expect([exchanged(since), exchanged(since + 1)]).toEqual(['held', 'broken']);
    const slow = { ...runFacts(2, 'gen', []), longestPathNs: 1_000 };
    const inPaths = (end: number) => judgeStream(HrtimerForgotten, slow, queued(), end).verdict;
    expect([inPaths(100 + LATE + 8_000), inPaths(101 + LATE + 8_000)]).toEqual(['held', 'broken']);
  });
});
