import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { ClockEventState, SoftirqVec, TickHandler } from '../../../shared/structs/cpu.ts';
import { HrtimerFunction, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import { ClockId, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { Oracle } from '../../../src/check/oracle.ts';
import { HrtimerArmed } from '../../../src/check/oracles/hrtimer-armed.ts';
import { HrtimerCancelled } from '../../../src/check/oracles/hrtimer-cancelled.ts';
import { HrtimerClocks } from '../../../src/check/oracles/hrtimer-clocks.ts';
import { HrtimerEarly } from '../../../src/check/oracles/hrtimer-early.ts';
import { HrtimerForgotten } from '../../../src/check/oracles/hrtimer-forgotten.ts';
import { HrtimerOrder } from '../../../src/check/oracles/hrtimer-order.ts';
import { HrtimerRestart } from '../../../src/check/oracles/hrtimer-restart.ts';
import { HrtimerSoftirq } from '../../../src/check/oracles/hrtimer-softirq.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const MS = 1_000_000;
const facts = runFacts(2, 'tick', []);
const judge = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, end?: number, of = facts) =>
  judgeStream(OracleOfRun, of, stream, end);

const start = (stream: EventStream, cpu: number, t: number, hrtimer: number, expires: number, base = 8 * cpu, mode = 0) =>
  stream.add('hrtimer_start', cpu, t, { hrtimer, expires, softexpires: expires, clock_base: base, mode });
const expire = (stream: EventStream, cpu: number, t: number, hrtimer: number, expires: number, now = t) =>
  stream.add('hrtimer_expire_entry', cpu, t, { hrtimer, expires, softexpires: expires, now });
const step = (stream: EventStream, t: number, ahead: number) =>
  stream.add('timekeeping_change', 0, t, { source: ClocksourceId.Tsc, offs_real: ahead, offs_tai: ahead });
const event = (stream: EventStream, cpu: number, t: number) => stream.add('event', cpu, t, { time: t });
const arm = (stream: EventStream, cpu: number, t: number, expires: number, force = 0) =>
  stream.add('clockevents_program_event', cpu, t, { device: 1, expires, force });
const hres = (): EventStream =>
  new EventStream().add('tick_device', 1, 1, { device: 1, mode: 1, handler: TickHandler.Hrtimer })
    .add('clockevents_switch_state', 1, 1, { device: 1, state: ClockEventState.Oneshot });
/** CPU 1's base of CLOCK_REALTIME, and its soft twin of CLOCK_MONOTONIC. */
const REAL_1 = 9;
const SOFT_1 = 12;

describe('the oracles of order, earliness and lateness', () => {
  it('keep the queues of one CPU apart', () => {
    const stream = start(start(new EventStream(), 1, 10, 4, 500, REAL_1), 1, 11, 5, 900);
    expect(judge(HrtimerOrder, expire(stream, 1, 900, 5, 900)).verdict).toBe('held');
  });

  it('leave out, where CPUs race, a timer that another CPU has put there', () => {
    const stream = start(start(new EventStream(), 0, 10, 4, 500, 8), 1, 11, 5, 900);
    const overtaken = expire(stream, 1, 900, 5, 900);
    const race = (of: EventStream) => judge(HrtimerOrder, of, undefined, racingFacts(facts, MS));
    expect(judge(HrtimerOrder, overtaken).verdict).toBe('broken');
    expect(race(overtaken)).toEqual({ verdict: 'held', checked: 1 });
    expect(race(expire(overtaken, 1, 901, 4, 500))).toEqual({ verdict: 'held', checked: 1 });
  });

  // by the queue's lock CPU 0 was first: the task whose sleep was cut short runs there now
  it.each([
    ['another CPU', 0, 950, 'held'], ['its own CPU', 1, 950, 'broken'], ['another CPU, far later', 0, 3 * MS, 'broken'],
  ] as const)('let a timer be passed by, where CPUs race, that %s takes out in the stream after that', (_, by, t, verdict) => {
    const out = (stream: EventStream) => stream.add('hrtimer_cancel', by, t, { hrtimer: 4 });
    const racing = racingFacts(facts, MS);
    const overtaken = () => expire(start(start(new EventStream(), 1, 10, 4, 500), 1, 11, 5, 900), 1, 900, 5, 900);
    expect(judge(HrtimerOrder, out(overtaken()), undefined, racing).verdict).toBe(verdict);
    expect(judge(HrtimerOrder, out(overtaken())).verdict).toBe('broken');
    const late = () => event(arm(start(hres(), 1, 10, 4, 900), 1, 11, 901), 1, 20);
    expect(judge(HrtimerArmed, out(late()), undefined, racing).verdict).toBe(verdict);
    expect(judge(HrtimerArmed, out(late())).verdict).toBe('broken');
  });

  it('know what a clock is ahead: a timer of the wall clock may come as much sooner by the true one, and no more', () => {
    const stepped = (): EventStream => step(start(new EventStream(), 1, 10, 4, 50 * MS, REAL_1), 1 * MS, 30 * MS);
    expect(judge(HrtimerEarly, expire(stepped(), 1, 20 * MS, 4, 50 * MS, 50 * MS)).verdict).toBe('held');
    const early = judge(HrtimerEarly, expire(stepped(), 1, 19 * MS, 4, 50 * MS, 50 * MS));
    expect(witnessOf(early).says).toContain('the true clock stands at 19000000 ns');
  });

  it('count lateness from the step that made a timer due, or from its start', () => {
    const late = (t: number): EventStream =>
      expire(step(start(new EventStream(), 1, 10, 4, 50 * MS, REAL_1), 200 * MS, 49 * MS), 1, t, 4, 50 * MS);
    expect(judge(HrtimerForgotten, late(205 * MS)).verdict).toBe('held');
    expect(witnessOf(judge(HrtimerForgotten, late(206 * MS))).says)
      .toBe('CPU 1 expires timer 4 at 206000000 ns, 205000000 ns after it was due');
    const past = start(new EventStream(), 1, 500 * MS, 4, 10);
    const hangs = (took: number, t: number): EventStream =>
      expire(start(new EventStream(), 1, 10, 4, 50 * MS).add('hrtimer_hang', 1, 60 * MS, { took }), 1, t, 4, 50 * MS);
    const verdicts = [hangs(30 * MS, 115 * MS), hangs(30 * MS, 115 * MS + 1), hangs(130 * MS, 285 * MS), hangs(130 * MS, 285 * MS + 1)]
      .map((stream) => judge(HrtimerForgotten, stream).verdict);
    expect(verdicts).toEqual(['held', 'broken', 'held', 'broken']);
    expect(judge(HrtimerForgotten, expire(past, 1, 501 * MS, 4, 10)).verdict).toBe('held');
  });
});

describe('H-04, armed in time', () => {
  it('holds for a device that is armed for the first timer or sooner, and looks at nothing in low resolution', () => {
    expect(judge(HrtimerArmed, event(arm(start(hres(), 1, 10, 4, 900), 1, 11, 900), 1, 20))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(HrtimerArmed, event(arm(start(hres(), 1, 10, 4, 900), 1, 11, 500), 1, 20)).verdict).toBe('held');
    expect(judge(HrtimerArmed, event(start(new EventStream(), 1, 10, 4, 900), 1, 20))).toEqual({ verdict: 'not exercised' });
  });

  it('finds a timer that nobody has armed the device for', () => {
    const witness = witnessOf(judge(HrtimerArmed, event(start(hres(), 1, 10, 4, 900), 1, 20)));
    expect(witness.says).toBe('before 20 ns CPU 1 is done with timer 4 first in its queue, to come by 900 ns, and its device not armed');
    expect(witness.events).toMatchObject([{ event: 'hrtimer_start', fields: { hrtimer: 4 } }]);
  });

  it('finds one that another CPU has put before what the device is armed for', () => {
    const stream = start(arm(start(hres(), 1, 10, 4, 900), 1, 11, 900), 0, 12, 5, 700, 8);
    const served = event(arm(stream.add('local_timer_entry', 1, 900), 1, 901, 950), 1, 960);
    expect(witnessOf(judge(HrtimerArmed, served)).says)
      .toContain('timer 5 first in its queue, to come by 700 ns, and its device armed for 950 ns');
  });

  it('finds a device that was stopped, or has fired, and was not armed again', () => {
    const stopped = arm(start(hres(), 1, 10, 4, 900), 1, 11, 900)
      .add('clockevents_switch_state', 1, 12, { device: 1, state: ClockEventState.OneshotStopped });
    expect(witnessOf(judge(HrtimerArmed, event(stopped, 1, 20))).says).toContain('its device not armed');
    const fired = arm(start(hres(), 1, 10, 4, 900), 1, 11, 900).add('local_timer_entry', 1, 500);
    expect(witnessOf(judge(HrtimerArmed, event(fired, 1, 600))).says).toContain('its device not armed');
  });

  it('takes a forced event for one that is armed, whatever its moment', () => {
    expect(judge(HrtimerArmed, event(arm(start(hres(), 1, 10, 4, 5), 1, 11, 5, 1), 1, 20)).verdict).toBe('held');
  });

  it('leaves soft timers to their softirq from its raise until it has run', () => {
    const stream = start(hres(), 1, 10, 4, 900, SOFT_1).add('softirq_raise', 1, 11, { vec: SoftirqVec.Hrtimer });
    expect(judge(HrtimerArmed, event(stream, 1, 20)).verdict).toBe('not exercised');
    stream.add('softirq_exit', 1, 30, { vec: SoftirqVec.Hrtimer });
    expect(judge(HrtimerArmed, event(stream, 1, 40)).verdict).toBe('broken');
  });

  it('lets a CPU that hangs come at the end of its pause, and no later', () => {
    const hung = (armed: number): EventStream =>
      event(arm(arm(start(hres(), 1, 10, 4, 20).add('hrtimer_hang', 1, 30, { took: 20 }), 1, 31, 50, 1), 1, 35, armed), 1, 40);
    expect(judge(HrtimerArmed, hung(50)).verdict).toBe('held');
    expect(witnessOf(judge(HrtimerArmed, hung(51))).says).toContain('to come by 50 ns, and its device armed for 51 ns');
  });
});

describe('H-07, by its clock', () => {
  const made = (clockid: number, mode: number, base: number): EventStream =>
    start(new EventStream().add('hrtimer_init', 1, 5, { hrtimer: 4, clockid, mode }), 1, 10, 4, 50 * MS, base);

  it('holds for a wall clock timer that follows a step, and a relative one on the monotonic base', () => {
    const stream = step(made(ClockId.Realtime, HrtimerMode.Abs, REAL_1), 1 * MS, 30 * MS);
    expect(judge(HrtimerClocks, expire(stream, 1, 20 * MS, 4, 50 * MS, 50 * MS))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(HrtimerClocks, made(ClockId.Realtime, HrtimerMode.Rel, 8))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('is not exercised by timers of the monotonic clock', () => {
    const stream = expire(made(ClockId.Monotonic, HrtimerMode.Abs, 8), 1, 50 * MS, 4, 50 * MS);
    expect(judge(HrtimerClocks, stream)).toEqual({ verdict: 'not exercised' });
  });

  it('finds a timer that expires by the offset from before a step', () => {
    const stream = step(made(ClockId.Realtime, HrtimerMode.Abs, REAL_1), 1 * MS, 30 * MS);
    const witness = witnessOf(judge(HrtimerClocks, expire(stream, 1, 50 * MS, 4, 50 * MS, 50 * MS)));
    expect(witness.says).toContain('by a clock that is 0 ns ahead of the true one, and the timekeeper’s is 30000000 ns ahead');
    expect(witness.events.map(({ event }) => event)).toEqual(['timekeeping_change', 'hrtimer_expire_entry']);
  });

  it('finds a clock that is off by more than handlers take, or a tick more where jiffies are the clock', () => {
    const off = (by: number, source: number) => {
      const stream = made(ClockId.Realtime, HrtimerMode.Abs, REAL_1).add('timekeeping_change', 0, 20, { source });
      return judge(HrtimerClocks, expire(stream, 1, 50 * MS, 4, 50 * MS, 50 * MS + by)).verdict;
    };
    expect([off(MS, ClocksourceId.Tsc), off(MS + 1, ClocksourceId.Tsc)]).toEqual(['held', 'broken']);
    expect([off(TICK + MS, ClocksourceId.Jiffies), off(TICK + 2 * MS, ClocksourceId.Jiffies)]).toEqual(['held', 'broken']);
  });

  it('forgives that where CPUs race, but not what was never the offset', () => {
    const stepped = (): EventStream => step(made(ClockId.Realtime, HrtimerMode.Abs, REAL_1), 1 * MS, 30 * MS);
    const race = (now: number) =>
      judge(HrtimerClocks, expire(stepped(), 1, 50 * MS, 4, 50 * MS, now), undefined, racingFacts(facts, MS));
    expect([race(50 * MS).verdict, race(65 * MS).verdict]).toEqual(['held', 'broken']);
  });

  it('finds a relative timer that follows the wall clock', () => {
    expect(witnessOf(judge(HrtimerClocks, made(ClockId.Realtime, HrtimerMode.Rel, REAL_1))).says)
      .toBe('CPU 1 at 10 ns starts timer 4, a relative one, so that it follows steps of CLOCK_REALTIME');
  });
});

describe('H-08, not after its end', () => {
  const cancel = (stream: EventStream, cpu: number, t: number) => stream.add('hrtimer_cancel', cpu, t, { hrtimer: 4 });
  const running = (): EventStream => expire(start(new EventStream(), 1, 10, 4, 100), 1, 100, 4, 100);

  it('holds for a timer that is started again after its cancellation, and for one that its own CPU cancels', () => {
    expect(judge(HrtimerCancelled, expire(start(cancel(start(new EventStream(), 1, 10, 4, 100), 0, 20), 1, 30, 4, 100), 1, 100, 4, 100)))
      .toEqual({ verdict: 'held', checked: 1 });
    expect(judge(HrtimerCancelled, cancel(running(), 1, 101)).verdict).toBe('held');
    expect(judge(HrtimerCancelled, running())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a timer that expires though it was cancelled', () => {
    const stream = expire(cancel(start(new EventStream(), 1, 10, 4, 100), 0, 20), 1, 100, 4, 100);
    expect(witnessOf(judge(HrtimerCancelled, stream)).says)
      .toBe('CPU 1 at 100 ns expires timer 4, which was cancelled and not started since');
  });

  it('finds one that is cancelled, or made anew, while its callback runs on another CPU', () => {
    expect(witnessOf(judge(HrtimerCancelled, cancel(running(), 0, 101))).says)
      .toBe('CPU 0 at 101 ns is done with timer 4, whose callback runs on CPU 1');
    expect(judge(HrtimerCancelled, running().add('hrtimer_init', 0, 101, { hrtimer: 4 })).verdict).toBe('broken');
    const over = cancel(running().add('hrtimer_expire_exit', 1, 101, { hrtimer: 4 }), 0, 102);
    expect(judge(HrtimerCancelled, over).verdict).toBe('held');
  });
});

describe('H-09, the softirq', () => {
  const vec = SoftirqVec.Hrtimer;
  const LATE = 2 * TICK + MS;
  const raised = (): EventStream => new EventStream().add('softirq_raise', 1, 100, { vec });

  it('holds when it runs in time, is not exercised by other softirqs', () => {
    expect(judge(HrtimerSoftirq, raised().add('softirq_entry', 1, 100 + LATE, { vec }))).toEqual({ verdict: 'held', checked: 1 });
    const other = new EventStream().add('softirq_raise', 1, 1, { vec: SoftirqVec.Timer });
    expect(judge(HrtimerSoftirq, other)).toEqual({ verdict: 'not exercised' });
  });

  it('finds one that comes late or never', () => {
    const says = `on CPU 1 the HRTIMER softirq has not run for ${LATE + 1} ns after its raise`;
    expect(witnessOf(judge(HrtimerSoftirq, raised().add('softirq_entry', 1, 101 + LATE, { vec }))).says).toBe(says);
    expect(witnessOf(judge(HrtimerSoftirq, raised(), 101 + LATE)).says).toBe(says);
  });

  it('finds a soft timer that waits for a softirq which nobody raises', () => {
    const stream = start(new EventStream(), 1, 10, 4, 100, SOFT_1);
    expect(judge(HrtimerSoftirq, stream, 100 + LATE).verdict).toBe('held');
    expect(witnessOf(judge(HrtimerSoftirq, stream, 101 + LATE)).says)
      .toBe(`on CPU 1 timer 4, which the HRTIMER softirq is to expire, was due at 100 ns and is still queued at ${101 + LATE} ns`);
  });
});

describe('H-10, forward', () => {
  const again = (expires: number, fn: number = HrtimerFunction.TickNohzHandler, mode = 0): EventStream =>
    start(new EventStream().add('hrtimer_expire_entry', 1, TICK, { hrtimer: 4, function: fn, expires: TICK })
      .add('hrtimer_expire_exit', 1, TICK, { hrtimer: 4 }), 1, TICK, 4, expires, 8, mode);

  it('holds for whole ticks, and for other timers by anything', () => {
    expect(judge(HrtimerRestart, again(3 * TICK))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(HrtimerRestart, again(TICK + 1, HrtimerFunction.WatchdogTimerFn)).verdict).toBe('held');
  });

  it('finds a timer that stays where it was, and a tick that leaves its grid', () => {
    expect(witnessOf(judge(HrtimerRestart, again(TICK))).says)
      .toBe(`CPU 1 at ${TICK} ns queues timer 4 again 0 ns after its expiry, so it is due for ever`);
    expect(witnessOf(judge(HrtimerRestart, again(TICK + 1))).says).toContain(`again 1 ns after its expiry, where a tick is ${TICK} ns`);
  });

  it('does not speak of starts that are nobody’s return: the idle loop’s, those of later events', () => {
    expect(judge(HrtimerRestart, again(TICK, HrtimerFunction.TickNohzHandler, HrtimerMode.Pinned)).verdict).toBe('not exercised');
    const later = new EventStream().add('hrtimer_expire_entry', 1, TICK, { hrtimer: 4, expires: TICK })
      .add('hrtimer_expire_exit', 1, TICK, { hrtimer: 4 }).add('event', 1, 2 * TICK, { time: 2 * TICK });
    expect(judge(HrtimerRestart, start(later, 1, 2 * TICK, 4, 10)).verdict).toBe('not exercised');
  });
});
