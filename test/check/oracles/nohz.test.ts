import { describe, expect, it } from 'vitest';
import { ClockEventState, TickFlag } from '../../../shared/structs/cpu.ts';
import { HrtimerFunction } from '../../../shared/structs/hrtimer.ts';
import { TIMER_DEFERRABLE } from '../../../shared/structs/timer.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { DutyLimit } from '../../../src/check/oracles/duty-limit.ts';
import { LookUsed } from '../../../src/check/oracles/look-used.ts';
import { RemoteTick } from '../../../src/check/oracles/remote-tick.ts';
import { SleepCovered } from '../../../src/check/oracles/sleep-covered.ts';
import { StopsFar } from '../../../src/check/oracles/stops-far.ts';
import { TickGrid } from '../../../src/check/oracles/tick-grid.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const { Inidle, Stopped, Nohz, Highres } = TickFlag;
const LOWRES = Nohz | Inidle;
const HIGHRES = LOWRES | Highres;
const SLEEPER = 5;
const LAPIC = 1;

describe('N-01, the grid', () => {
  const restart = (now: number, expires: number) => new EventStream()
    .add('tick_nohz_idle_stop', 1, 10, { flags: HIGHRES | Stopped, last_tick: 3 * TICK })
    .add('tick_nohz_idle_stop', 1, 20, { flags: HIGHRES | Stopped, last_tick: 3 * TICK })
    .add('tick_nohz_restart', 1, now, { last_tick: 3 * TICK, now, expires });
  const says = (stream: EventStream) => witnessOf(judgeStream(TickGrid, facts, stream)).says;

  it('holds for the next instant of it, the one that did not come yet included', () => {
    expect(judgeStream(TickGrid, facts, restart(7 * TICK + 1, 8 * TICK))).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(TickGrid, facts, restart(3 * TICK - 1, 3 * TICK)).verdict).toBe('held');
  });

  it('finds a tick beside it, one that has passed, one too late, and one that was not stopped', () => {
    expect(says(restart(7 * TICK + 1, 8 * TICK - 5)))
      .toBe(`the tick of CPU 1 goes on at ${8 * TICK - 5} ns: its grid goes through ${3 * TICK}`);
    expect(says(restart(8 * TICK, 8 * TICK))).toContain('that is 0 ns from now');
    expect(says(restart(7 * TICK - 1, 8 * TICK))).toContain(`that is ${TICK + 1} ns from now`);
    expect(says(new EventStream().add('tick_nohz_restart', 1, 5, { now: 5, expires: TICK }))).toContain('it was not stopped');
  });
});

describe('N-02, how far the next timer is', () => {
  const stop = (before: EventStream, flags = HIGHRES) => before
    .add('tick_nohz_next_event', 1, 10, { basej: 100, basem: 100 * TICK })
    .add('tick_nohz_idle_stop', 1, 11, { flags: flags | Stopped });
  const wheel = (expires: number, flags = 1) => new EventStream().add('timer_start', 1, 5, { timer: 3, expires, now: 99, flags });

  it('holds for a timer that comes later than the next tick, is gone, may wait, or is another CPU’s', () => {
    const gone = wheel(100).add('timer_cancel', 1, 6, { timer: 3 });
    const ran = wheel(100).add('timer_expire_entry', 1, 6, { timer: 3 });
    for (const stream of [wheel(101), gone, ran, wheel(100, 1 | TIMER_DEFERRABLE), wheel(100, 0)]) {
      expect(judgeStream(StopsFar, facts, stop(stream))).toEqual({ verdict: 'held', checked: 1 });
    }
  });

  it('finds a timer of the wheel that is due with the next tick', () => {
    expect(witnessOf(judgeStream(StopsFar, facts, stop(wheel(100)))).says)
      .toBe('CPU 1 stops its tick at 11 ns, though a timer of its wheel is due at jiffy 101, and it looked from 100');
  });

  it('finds an hrtimer within a tick where ticks run them', () => {
    const sleeper = (expires: number) => new EventStream()
      .add('hrtimer_start', 1, 5, { hrtimer: SLEEPER, function: 1, expires, clock_base: 8 });
    expect(witnessOf(judgeStream(StopsFar, facts, stop(sleeper(101 * TICK), LOWRES))).says)
      .toContain(`an hrtimer expires at ${101 * TICK}`);
    expect(judgeStream(StopsFar, facts, stop(sleeper(101 * TICK + 1), LOWRES)).verdict).toBe('held');
    expect(judgeStream(StopsFar, facts, stop(sleeper(101 * TICK), HIGHRES)).verdict).toBe('held');
    const out = (by: number) => stop(sleeper(101 * TICK), LOWRES).add('hrtimer_cancel', by, 12, { hrtimer: SLEEPER });
    const racing = racingFacts(facts, TICK);
    expect([0, 1].map((by) => judgeStream(StopsFar, racing, out(by)).verdict)).toEqual(['held', 'broken']);
  });
});

describe('N-03, what covers a sleep', () => {
  const tick = (expires: number) => ({ hrtimer: 1, function: HrtimerFunction.TickNohzHandler, expires, clock_base: 8 });
  const armed = (expires: number) => ({ device: LAPIC, expires });
  const onLapic = () => new EventStream().add('tick_device', 1, 0, { device: LAPIC });
  const highres = () => onLapic().add('clockevents_switch_state', 1, 1, { device: LAPIC, state: ClockEventState.Oneshot })
    .add('idle_sleep', 1, 2, { active: 1, flags: HIGHRES });
  const asleep = (stream: EventStream) => stream.add('cpu_idle', 1, 90, { state: 1 });
  const stop = (stream: EventStream, expires: number) => stream
    .add('tick_nohz_next_event', 1, 50, { basej: 10, basem: 10 * TICK })
    .add('tick_nohz_idle_stop', 1, 51, { flags: HIGHRES | Stopped, expires });
  const verdict = (stream: EventStream) => judgeStream(SleepCovered, facts, asleep(stream));
  const says = (stream: EventStream) => witnessOf(verdict(stream)).says;

  it('holds for a running tick, a stopped one where it must wake, and one that need not come at all', () => {
    expect(verdict(highres().add('hrtimer_start', 1, 3, tick(400)).add('clockevents_program_event', 1, 3, armed(400))).verdict)
      .toBe('held');
    expect(verdict(stop(highres(), 900).add('hrtimer_start', 1, 52, tick(900)).add('clockevents_program_event', 1, 52, armed(900)))
      .verdict).toBe('held');
    expect(verdict(stop(highres(), KTIME_MAX)).verdict).toBe('held');
  });

  it('finds a running tick without a timer', () => {
    expect(says(highres())).toContain('its tick is not stopped, but has no timer');
  });

  it('finds a stopped tick that stands elsewhere, or nowhere, or though it need not come', () => {
    const programmed = (wanted: number, at: number) =>
      stop(highres(), wanted).add('hrtimer_start', 1, 52, tick(at)).add('clockevents_program_event', 1, 52, armed(at));
    expect(says(programmed(900, 950))).toBe('CPU 1 goes to sleep at 90 ns, and must wake at 900, but its stopped tick stands at 950');
    expect(says(stop(highres(), 900))).toContain('must wake at 900, but its stopped tick stands at no time');
    expect(says(programmed(KTIME_MAX, 950))).toContain('must wake at no time, but its stopped tick stands at 950');
  });

  it('finds a device that comes later than the first timer, or has come already, or was stopped', () => {
    const sleeper = () => stop(highres(), KTIME_MAX).add('hrtimer_start', 1, 60, { ...tick(500), hrtimer: SLEEPER, function: 1 });
    expect(verdict(sleeper().add('clockevents_program_event', 1, 61, armed(500))).verdict).toBe('held');
    expect(says(sleeper().add('clockevents_program_event', 1, 61, armed(501))))
      .toContain('its first timer expires at 500, but its device comes at 501');
    expect(says(sleeper().add('clockevents_program_event', 1, 61, armed(500)).add('local_timer_entry', 1, 70)))
      .toContain('comes at no time');
    const off = { device: LAPIC, state: ClockEventState.OneshotStopped };
    expect(says(sleeper().add('clockevents_program_event', 1, 61, armed(500)).add('clockevents_switch_state', 1, 70, off)))
      .toContain('comes at no time');
  });

  it('finds a sleep beyond the first timer of the wheel', () => {
    const wheel = highres().add('timer_start', 1, 3, { timer: 3, expires: 14, now: 9, flags: 1 });
    const late = stop(wheel, 16 * TICK).add('hrtimer_start', 1, 52, tick(16 * TICK))
      .add('clockevents_program_event', 1, 52, armed(16 * TICK));
    expect(says(late)).toContain(`a timer of its wheel is due at jiffy 15, but it wakes at ${16 * TICK}`);
  });

  it('asks only the device in low resolution', () => {
    const low = (at: number) => onLapic().add('idle_sleep', 1, 2, { active: 1, flags: LOWRES })
      .add('tick_nohz_idle_stop', 1, 51, { flags: LOWRES | Stopped, expires: 900 }).add('clockevents_program_event', 1, 52, armed(at));
    expect(verdict(low(900)).verdict).toBe('held');
    expect(says(low(901))).toContain('must wake at 900, but its device comes at 901');
  });
});

describe('N-08, the look', () => {
  const look = { basej: 1, basem: TICK };
  it('holds where each attempt has a look of its own and uses it up', () => {
    const good = new EventStream().add('tick_nohz_next_event', 0, 1, look).add('tick_nohz_idle_stop', 0, 2)
      .add('tick_nohz_next_event', 0, 3, look).add('tick_nohz_idle_stop', 0, 4);
    expect(judgeStream(LookUsed, facts, good)).toEqual({ verdict: 'held', checked: 2 });
  });

  it('finds an old look that is used again, and one that is left over', () => {
    const again = new EventStream().add('tick_nohz_next_event', 0, 1, look).add('tick_nohz_idle_stop', 0, 2)
      .add('tick_nohz_idle_stop', 0, 4);
    expect(witnessOf(judgeStream(LookUsed, facts, again)).says).toContain('there was no look since the last attempt');
    const left = new EventStream().add('tick_nohz_next_event', 0, 1, look).add('tick_nohz_idle_stop', 0, 2, { timer_expires_base: TICK });
    expect(witnessOf(judgeStream(LookUsed, facts, left)).says).toContain(`the look from ${TICK} is left over`);
  });
});

describe('J-05, whoever answers for the time', () => {
  const attempt = (duty: number, expires: number, wanted: number) => new EventStream()
    .add('tick_nohz_next_event', 0, 1, { basem: 10 * TICK, duty, expires }).add('tick_nohz_idle_stop', 0, 2, { expires: wanted });
  it('holds for a bounded sleep, and for any sleep of the others', () => {
    expect(judgeStream(DutyLimit, facts, attempt(1, 90 * TICK, 80 * TICK))).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(DutyLimit, facts, attempt(0, KTIME_MAX, KTIME_MAX))).toEqual({ verdict: 'not exercised' });
  });

  it.each([
    ['one without end', KTIME_MAX, KTIME_MAX, 'it would never wake'],
    ['one longer than allowed', 90 * TICK, 91 * TICK, `it would wake at ${91 * TICK}, and was allowed to sleep until ${90 * TICK}`],
    ['a bound in the past', 9 * TICK, 9 * TICK, `it looked from ${10 * TICK} and found ${9 * TICK}`],
  ])('finds %s', (_, expires, wanted, says) => {
    expect(witnessOf(judgeStream(DutyLimit, facts, attempt(1, expires, wanted))).says).toContain(says);
  });
});

describe('N-07, the tick from elsewhere', () => {
  const off = { ...facts, nohzFull: [1], tickOff: [1] };
  const at = (...seconds: number[]) => seconds.reduce(
    (stream, s) => stream.add('sched_tick_remote', 0, s * 1e9, { cpu: 1, task: SLEEPER }), new EventStream());

  it('holds where it comes once a second, and a little later', () => {
    expect(judgeStream(RemoteTick, off, at(0.5, 1.5, 2.6), 3e9)).toEqual({ verdict: 'held', checked: 3 });
  });

  it('finds one that does not come, in the midst of a run and at its end', () => {
    expect(witnessOf(judgeStream(RemoteTick, off, at(0.5, 1.7), 2e9)).says)
      .toBe('nobody has done CPU 1\'s tick for 1200000000 ns at 1700000000 ns');
    expect(witnessOf(judgeStream(RemoteTick, off, at(0.5), 2e9)).events).toHaveLength(1);
    expect(witnessOf(judgeStream(RemoteTick, off, at(), 2e9)).says).toContain('2000000000 ns at');
  });

  it('is not exercised where no tick is off', () => {
    expect(judgeStream(RemoteTick, facts, at(0.5), 9e9)).toEqual({ verdict: 'not exercised' });
  });
});
