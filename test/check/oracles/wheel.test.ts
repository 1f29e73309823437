import { describe, expect, it } from 'vitest';
import { LockClass } from '../../../shared/lock-order.ts';
import { WheelOp } from '../../../shared/structs/timer.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { Oracle } from '../../../src/check/oracle.ts';
import { WheelClock } from '../../../src/check/oracles/wheel-clock.ts';
import { WheelDeleted } from '../../../src/check/oracles/wheel-deleted.ts';
import { WheelExpiry } from '../../../src/check/oracles/wheel-expiry.ts';
import { WheelLate } from '../../../src/check/oracles/wheel-late.ts';
import { WheelLock } from '../../../src/check/oracles/wheel-lock.ts';
import { EventStream, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const judge = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, of = facts) => judgeStream(OracleOfRun, of, stream);

/** A stream of one wheel's changes; versions count by themselves, `t` is the version. */
class Wheel {
  readonly stream = new EventStream();
  #version = 0;
  #state = { clk: 0, next_expiry: 1000, recalc: 0, now: 0 };

  readonly base: number;

  constructor(base = 0) {
    this.base = base;
  }

  then(op: WheelOp, fields: Record<string, number> = {}, version = ++this.#version): this {
    this.#state = { ...this.#state, ...Object.fromEntries(Object.entries(fields).filter(([name]) => name in this.#state)) };
    this.stream.add('timer_base', 0, version, { base: this.base, version, op, timer: -1, ...this.#state, ...fields });
    return this;
  }

  enqueue(timer: number, expires: number, bucketExpiry: number, rest: Record<string, number> = {}): this {
    return this.then(WheelOp.Enqueue, { timer, expires, bucket_expiry: bucketExpiry, next_expiry: bucketExpiry, ...rest });
  }

  expire(timer: number, clk: number, now = clk - 1): this {
    this.then(WheelOp.Recalc, { clk, next_expiry: 2000, now });
    return this.then(WheelOp.Expire, { timer }).then(WheelOp.Done, { timer });
  }
}

describe('W-01, the jiffy at which a wheel timer is run', () => {
  it('holds behind the expiry, by a bucket of the level at most', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).expire(1, 12).enqueue(2, 112, 120, { clk: 12, now: 12 }).expire(2, 121);
    expect(judge(WheelExpiry, wheel.stream)).toEqual({ verdict: 'held', checked: 4 });
  });

  it('holds for what is over already, at the clock’s next step', () => {
    const wheel = new Wheel().then(WheelOp.Forward, { clk: 20, now: 20 }).enqueue(1, 5, 20).expire(1, 21);
    expect(judge(WheelExpiry, wheel.stream).verdict).toBe('held');
  });

  it('holds for the rest of a bucket when its first timer has brought the clock up to date, and for no other', () => {
    const two = (second: number) => new Wheel().enqueue(1, 10, 11).enqueue(2, second - 1, second).expire(1, 12, 15)
      .then(WheelOp.Forward, { clk: 15, now: 15 }).then(WheelOp.Expire, { timer: 2 });
    expect(judge(WheelExpiry, two(11).stream).verdict).toBe('held');
    expect(judge(WheelExpiry, two(13).stream).verdict).toBe('broken');
  });

  it('is not exercised where no timer is put up', () => {
    expect(judge(WheelExpiry, new Wheel().then(WheelOp.Forward).stream)).toEqual({ verdict: 'not exercised' });
  });

  it('finds a timer that is put up for its expiry itself', () => {
    expect(witnessOf(judge(WheelExpiry, new Wheel().enqueue(1, 10, 10).stream)).says)
      .toBe('CPU 0 at 1 ns (jiffy 0) puts up timer 1, which expires with jiffy 10, for jiffy 10: 0 jiffies later, where 1 are the most');
  });

  it('finds a near timer on a coarse level: the wheel’s clock was not brought forward', () => {
    const stale = new Wheel().enqueue(1, 510, 512, { clk: 0, now: 500 });
    expect(witnessOf(judge(WheelExpiry, stale.stream)).says).toContain('for jiffy 512: 2 jiffies later, where 1 are the most');
  });

  it('finds a timer that is run before its jiffy, or behind it by the wheel’s clock', () => {
    expect(witnessOf(judge(WheelExpiry, new Wheel().enqueue(1, 10, 11).expire(1, 12, 9).stream)).says)
      .toBe('CPU 0 at 3 ns runs timer 1, due at jiffy 11, at jiffy 9 with the wheel’s clock at 12');
    expect(witnessOf(judge(WheelExpiry, new Wheel().enqueue(1, 10, 11).expire(1, 14).stream)).says).toContain('clock at 14');
  });

  it('goes by the wheel’s own count where CPUs race', () => {
    const wheel = new Wheel().then(WheelOp.Forward, {}, 1).then(WheelOp.Expire, { timer: 1, clk: 12, now: 11 }, 3)
      .then(WheelOp.Enqueue, { timer: 1, expires: 10, bucket_expiry: 11, clk: 0, next_expiry: 11, now: 0 }, 2);
    expect(judge(WheelExpiry, wheel.stream, racingFacts(facts, 1000))).toEqual({ verdict: 'held', checked: 2 });
  });
});

describe('W-02, wheel timers that are late', () => {
  it('holds within three jiffies, and for what is not due yet at the end', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).expire(1, 12, 14).enqueue(2, 300, 304);
    wheel.stream.add('jiffies_update', 0, 99, { jiffies: 307 });
    expect(judge(WheelLate, wheel.stream)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a timer that is run four jiffies late', () => {
    expect(witnessOf(judge(WheelLate, new Wheel().enqueue(1, 10, 11).expire(1, 12, 15).stream)).says)
      .toBe('CPU 0 at 3 ns runs timer 1, due at jiffy 11, only at jiffy 15');
  });

  it('finds a timer that nobody has run when all is over', () => {
    const wheel = new Wheel(2).enqueue(1, 10, 11);
    wheel.stream.add('jiffies_update', 0, 99, { jiffies: 15 });
    expect(witnessOf(judge(WheelLate, wheel.stream)).says)
      .toBe('timer 1 on CPU 1 was due at jiffy 11, and is still queued at the end of the run, at jiffy 15');
  });

  it('lets deferrable timers wait', () => {
    const wheel = new Wheel(1).enqueue(1, 10, 11).expire(1, 12, 400).enqueue(1, 410, 411);
    wheel.stream.add('jiffies_update', 0, 99, { jiffies: 900 });
    expect(judge(WheelLate, wheel.stream)).toEqual({ verdict: 'not exercised' });
  });
});

describe('W-03, a wheel’s clock', () => {
  const wrong = (wheel: Wheel): string => witnessOf(judge(WheelClock, wheel.stream)).says;

  it('holds where it goes on, one ahead at most, and is never behind its first expiry', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).then(WheelOp.Forward, { clk: 5, now: 5 }).expire(1, 12);
    expect(judge(WheelClock, wheel.stream)).toEqual({ verdict: 'held', checked: 5 });
  });

  it('finds a clock that goes back', () => {
    expect(wrong(new Wheel().then(WheelOp.Forward, { clk: 9, now: 9 }).then(WheelOp.Forward, { clk: 8, now: 9 })))
      .toBe('CPU 0 at 2 ns leaves wheel 0 with its clock at 8, where it stood at 9');
  });

  it('finds a clock that is two jiffies ahead, or past its first expiry', () => {
    expect(wrong(new Wheel().then(WheelOp.Forward, { clk: 9, now: 7 }))).toContain('its clock at 9, at jiffy 7');
    const past = new Wheel().then(WheelOp.Forward, { clk: 9, now: 9, next_expiry: 8 });
    expect(wrong(past)).toContain('its clock at 9, past its first expiry 8');
  });

  it('finds a first expiry behind that of a timer that is still to be run', () => {
    expect(wrong(new Wheel().enqueue(1, 10, 11, { next_expiry: 12 }))).toContain('a first expiry of 12, behind that of timer 1');
    const wheel = new Wheel().enqueue(1, 10, 11).enqueue(2, 20, 21, { next_expiry: 11 }).then(WheelOp.Recalc, { next_expiry: 21 });
    expect(wrong(wheel)).toContain('a first expiry of 21, behind that of timer 1, 11');
  });

  it('says nothing of a first expiry that is to be looked for anew', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).then(WheelOp.Detach, { timer: 1, recalc: 1, next_expiry: 900 });
    expect(judge(WheelClock, wheel.stream).verdict).toBe('held');
  });
});

describe('W-05, who changes a wheel', () => {
  const held = (cpu = 0, instance = 0): EventStream =>
    new EventStream().add('lock_acquire', cpu, 0, { lock: LockClass.TimerBase, instance });
  const enqueue = { base: 0, op: WheelOp.Enqueue, timer: 7, expires: 3, bucket_expiry: 4, next_expiry: 4 };

  it('holds for whoever has the lock', () => {
    const stream = held().add('timer_base', 0, 1, { ...enqueue, version: 1 })
      .add('timer_base', 0, 2, { base: 0, version: 2, op: WheelOp.Detach, timer: 7 });
    expect(judge(WheelLock, stream)).toEqual({ verdict: 'held', checked: 2 });
  });

  it('finds a change without the lock, or with that of another wheel', () => {
    const says = 'CPU 0 at 1 ns changes wheel 0, whose lock it does not hold';
    expect(witnessOf(judge(WheelLock, new EventStream().add('timer_base', 0, 1, { ...enqueue, version: 1 }))).says).toBe(says);
    expect(witnessOf(judge(WheelLock, held(0, 2).add('timer_base', 0, 1, { ...enqueue, version: 1 }))).says).toBe(says);
    const given = held().add('lock_release', 0, 0, { lock: LockClass.TimerBase, instance: 0 });
    expect(witnessOf(judge(WheelLock, given.add('timer_base', 0, 1, { ...enqueue, version: 1 }))).says).toBe(says);
  });

  it('finds a timer that is put in twice, or taken out of a wheel that does not hold it', () => {
    const twice = held().add('timer_base', 0, 1, { ...enqueue, version: 1 }).add('timer_base', 0, 2, { ...enqueue, version: 2 });
    expect(witnessOf(judge(WheelLock, twice)).says).toBe('CPU 0 at 2 ns puts timer 7 into wheel 0, which holds it already');
    const absent = held().add('timer_base', 0, 1, { base: 0, version: 1, op: WheelOp.Expire, timer: 7 });
    expect(witnessOf(judge(WheelLock, absent)).says).toBe('CPU 0 at 1 ns takes timer 7 out of wheel 0, which does not hold it');
  });
});

describe('W-08, timers deleted for good', () => {
  it('holds when the function has returned before, and when the timer is put up anew', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).expire(1, 12).then(WheelOp.DeletedSync, { timer: 1 })
      .enqueue(1, 20, 21).expire(1, 22).then(WheelOp.DeletedSync, { timer: 1 });
    expect(judge(WheelDeleted, wheel.stream)).toEqual({ verdict: 'held', checked: 2 });
  });

  it('finds a deletion while the function executes', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).then(WheelOp.Expire, { timer: 1 }).then(WheelOp.DeletedSync, { timer: 1 });
    expect(witnessOf(judge(WheelDeleted, wheel.stream)).says)
      .toBe('CPU 0 at 3 ns is told that timer 1 is gone, while its function executes');
  });

  it('finds a deleted timer that is run', () => {
    const wheel = new Wheel().enqueue(1, 10, 11).then(WheelOp.Detach, { timer: 1 }).then(WheelOp.DeletedSync, { timer: 1 })
      .then(WheelOp.Expire, { timer: 1 });
    expect(witnessOf(judge(WheelDeleted, wheel.stream)).says)
      .toBe('CPU 0 at 4 ns runs timer 1, which was deleted for good at 3 ns and not put up since');
  });
});
