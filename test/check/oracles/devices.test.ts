import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { ClockEventState, TickHandler } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import type { Oracle, Verdict } from '../../../src/check/oracle.ts';
import { DeviceDelivers } from '../../../src/check/oracles/device-delivers.ts';
import { DeviceStates } from '../../../src/check/oracles/device-states.ts';
import { DeviceTicks } from '../../../src/check/oracles/device-ticks.ts';
import { ForcedEvent } from '../../../src/check/oracles/forced-event.ts';
import { InterruptStorm } from '../../../src/check/oracles/interrupt-storm.ts';
import { MinDelta } from '../../../src/check/oracles/min-delta.ts';
import { TickDevices } from '../../../src/check/oracles/tick-devices.ts';
import { TickHandlers } from '../../../src/check/oracles/tick-handlers.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', []);
const verdictOf = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, change: Partial<RunFacts> = {}): Verdict =>
  judgeStream(OracleOfRun, { ...facts, ...change }, stream, 10 * TICK);
const says = (OracleOfRun: new (facts: RunFacts) => Oracle, stream: EventStream, change: Partial<RunFacts> = {}): string =>
  witnessOf(verdictOf(OracleOfRun, stream, change)).says;

const { Detached, Shutdown, Periodic, Oneshot, OneshotStopped } = ClockEventState;
const OWN = 1;
const HPET = 3;

/** A device of 1 GHz whose ticks are ns. */
const registered = (change: Record<string, number> = {}) =>
  new EventStream().add('clockevents_register_device', 0, 10, {
    device: OWN, name: 3, features: 3, rating: 100, hz: 1e9, mult: 2 ** 31, shift: 31, min_ticks: 1_000, max_ticks: 2 ** 31,
    min_delta: 1_000, max_delta: 2 ** 31, ...change,
  });
const switched = (...states: number[]) =>
  states.reduce((stream, state, i) => stream.add('clockevents_switch_state', 0, 20 + i, { device: OWN, state }), registered());
const oneshot = () => switched(Shutdown, Oneshot);
const program = (stream: EventStream, t: number, change: Record<string, number> = {}) =>
  stream.add('clockevents_program_event', 0, t, { device: OWN, expires: t + 50_000, next_event: t + 50_000, ticks: 50_000, ...change });
/** Forced at `t` for a moment before. */
const force = (stream: EventStream, t: number, change: Record<string, number> = {}) =>
  program(stream, t, { expires: t - 7, force: 1, next_event: t + 1_000, ticks: 1_000, ...change });
const begin = (stream: EventStream, t: number) => stream.add('event', 0, t, { time: t });
const fires = (stream: EventStream, t: number) => begin(stream, t).add('local_timer_entry', 0, t + 5, { vector: 236 });

describe('every oracle of devices', () => {
  it.each([DeviceStates, DeviceTicks, DeviceDelivers, MinDelta, ForcedEvent, InterruptStorm, TickDevices, TickHandlers])(
    '%o is not exercised by an empty stream', (OracleOfRun) => expect(verdictOf(OracleOfRun, new EventStream()).verdict)
      .toBe('not exercised'),
  );
});

describe('E-01, the states of a device', () => {
  it('holds where it goes along the ways that there are', () => {
    const whole = switched(Shutdown, Periodic, Shutdown, Oneshot, OneshotStopped, Oneshot);
    expect(verdictOf(DeviceStates, program(whole, 40))).toEqual({ verdict: 'held', checked: 8 });
    expect(verdictOf(DeviceStates, switched(Shutdown, Periodic, Detached, Shutdown)).verdict).toBe('held');
  });

  it.each([
    ['from detached to periodic', [Periodic], 'goes from state 0 to 2'],
    ['from shutdown to stopped', [Shutdown, OneshotStopped], 'goes from state 1 to 4'],
    ['to where it is', [Shutdown, Shutdown], 'goes from state 1 to 1'],
  ])('finds one that goes %s', (_, states, what) => expect(says(DeviceStates, switched(...states))).toContain(what));

  it('finds one that is periodic or one-shot, and cannot be', () => {
    const to = (features: number, state: number) =>
      registered({ features }).add('clockevents_switch_state', 0, 20, { device: OWN, state: Shutdown })
        .add('clockevents_switch_state', 0, 21, { device: OWN, state });
    expect(says(DeviceStates, to(2, Periodic))).toContain('its features being 2');
    expect(says(DeviceStates, to(1, Oneshot))).toContain('its features being 1');
  });

  it('finds one that is programmed while it is not one-shot, and one that nobody registered', () => {
    expect(says(DeviceStates, program(switched(Shutdown, Periodic), 40))).toContain('is programmed in state 2');
    expect(says(DeviceStates, program(new EventStream(), 40))).toContain('was never registered');
  });
});

describe('E-02, the ticks of a device', () => {
  it('holds within its limits', () => {
    const stream = program(program(oneshot(), 40, { ticks: 1_000 }), 50, { ticks: 2 ** 31 });
    expect(verdictOf(DeviceTicks, stream)).toEqual({ verdict: 'held', checked: 3 });
  });
  it.each([999, 2 ** 31 + 1])('finds %i ticks', (ticks) =>
    expect(says(DeviceTicks, program(oneshot(), 40, { ticks })))
      .toContain(`is programmed with ${ticks} ticks, and can count 1000 to 2147483648`));
  it('finds limits in ns that convert to what it cannot count', () => {
    expect(says(DeviceTicks, registered({ min_delta: 999 }))).toContain('999 ticks, fewer than its 1000');
    expect(says(DeviceTicks, registered({ max_delta: 2 ** 31 + 1 }))).toContain('more than its 2147483648');
  });
});

describe('E-03, what a device was programmed for', () => {
  it('holds where it comes when its ticks are over', () =>
    expect(verdictOf(DeviceDelivers, fires(program(oneshot(), 100), 50_100))).toEqual({ verdict: 'held', checked: 1 }));

  it('finds that another event begins, long after it was due', () => {
    const stream = begin(program(oneshot(), 100), 300_000);
    expect(says(DeviceDelivers, stream)).toBe('CPU 0\'s own device was to interrupt at 50100 ns, and at 300000 ns it has not');
  });

  it('allows what was under way to go on, as long as the CPU is seen to do it', () => {
    const busy = begin(program(oneshot(), 100), 40_000).add('context', 0, 900_000, { mode: 0 });
    expect(verdictOf(DeviceDelivers, fires(busy, 900_000)).verdict).toBe('held');
  });

  it('finds at the end that it never came', () =>
    expect(says(DeviceDelivers, program(oneshot(), 100))).toContain('was to interrupt at 50100 ns'));

  it('forgets it when the device is switched over or programmed anew', () => {
    const off = program(oneshot(), 100).add('clockevents_switch_state', 0, 200, { device: OWN, state: Shutdown });
    expect(verdictOf(DeviceDelivers, begin(off, 900_000)).verdict).toBe('not exercised');
    const anew = program(program(oneshot(), 100), 200, { ticks: 800_000 });
    expect(verdictOf(DeviceDelivers, fires(begin(anew, 300_000), 800_200)).verdict).toBe('held');
  });

  it('waits for an event that was forced: refused, or left to one that is not there', () => {
    const refused = force(oneshot(), 100, { result: 1, ticks: 0, next_event: 93 });
    expect(says(DeviceDelivers, begin(refused, 900_000))).toContain('was to interrupt at 1100 ns');
    const kept = force(program(oneshot(), 50, { ticks: 800_000 }), 100, { ticks: 0 });
    expect(says(DeviceDelivers, begin(kept, 900_000))).toContain('was to interrupt at 1100 ns');
  });

  it('does not wait for one that may be refused, nor for one that was given up', () => {
    const free = program(oneshot(), 100, { expires: 93, result: 1, ticks: 0, next_event: 93 });
    expect(verdictOf(DeviceDelivers, begin(free, 900_000)).verdict).toBe('not exercised');
    const givenUp = force(oneshot(), 100, { result: 1, ticks: 0, next_event: KTIME_MAX });
    expect(verdictOf(DeviceDelivers, begin(givenUp, 900_000)).verdict).toBe('not exercised');
  });

  it('waits for a global device on the CPU that it interrupts', () => {
    const hpet = registered({ device: HPET }).add('clockevents_program_event', 0, 100, { device: HPET, ticks: 50_000 });
    const came = begin(hpet, 51_100).add('irq_handler_entry', 0, 51_200);
    expect(verdictOf(DeviceDelivers, came)).toEqual({ verdict: 'held', checked: 1 });
  });
});

describe('E-04, the least distance', () => {
  const grows = (stream: EventStream, t: number, old: number, now: number) =>
    stream.add('clockevents_min_delta', 0, t, { device: OWN, old, new: now });

  it('holds while it grows, up to a tick', () =>
    expect(verdictOf(MinDelta, force(grows(grows(oneshot(), 50, 1_000, 5_000), 60, 5_000, TICK), 70)))
      .toEqual({ verdict: 'held', checked: 3 }));
  it('finds that it shrinks, jumps, or exceeds a tick', () => {
    expect(says(MinDelta, grows(oneshot(), 50, 1_000, 900))).toContain('shrink from 1000 to 900 ns');
    expect(says(MinDelta, grows(oneshot(), 50, 1_200, 5_000))).toContain('1200 ns before it grows, and of 1000 ns before that');
    expect(says(MinDelta, grows(oneshot(), 50, 1_000, TICK + 1))).toContain('beyond a tick');
  });
  it('finds an event that is forced and refused, but for a device that has given up', () => {
    const gaveUp = { result: 1, ticks: 0, next_event: KTIME_MAX };
    expect(says(MinDelta, force(oneshot(), 50, gaveUp))).toContain('refuses an event that is forced');
    expect(verdictOf(MinDelta, force(grows(oneshot(), 40, 1_000, TICK), 50, gaveUp)).verdict).toBe('held');
  });
});

describe('E-05, events that are forced one after the other', () => {
  const kept = { keepsForcedEvent: true };
  const putOff = (times: number) => {
    const stream = oneshot();
    for (let i = 0; i < times; i++) begin(force(stream, 1_000 + 800 * i), 1_500 + 800 * i);
    return fires(stream, 1_000 + 800 * times + 200);
  };

  it('holds where the interrupt comes after the first', () =>
    expect(verdictOf(ForcedEvent, putOff(2), kept)).toEqual({ verdict: 'held', checked: 1 }));
  it('finds that each puts it off', () => {
    expect(says(ForcedEvent, putOff(100), kept)).toContain('was to interrupt at once at 1000 ns, and does so 80200 ns later');
  });
  it('allows a tick where the version does not know better', () => {
    expect(verdictOf(ForcedEvent, putOff(4_999)).verdict).toBe('held');
    expect(says(ForcedEvent, putOff(5_000))).toContain('4000200 ns later');
  });
  it('begins anew when the device is programmed for later, or switched over', () => {
    const later = fires(program(force(oneshot(), 1_000), 1_200, { ticks: 900_000 }), 901_200);
    expect(verdictOf(ForcedEvent, later, kept).verdict).toBe('not exercised');
    const off = force(oneshot(), 1_000).add('clockevents_switch_state', 0, 1_200, { device: OWN, state: Shutdown });
    expect(verdictOf(ForcedEvent, fires(off, 901_200), kept).verdict).toBe('not exercised');
  });
});

describe('E-06, a storm of interrupts', () => {
  const interrupts = (count: number, timers: number) => {
    const stream = new EventStream();
    for (let i = 0; i < timers; i++) stream.add('hrtimer_start', 0, 10);
    for (let i = 0; i < count; i++) stream.add('local_timer_entry', 0, 1_000 * i);
    return stream;
  };

  it('holds for two a tick, one a timer, and a few', () =>
    expect(verdictOf(InterruptStorm, interrupts(50 + 30 + 20, 30)).verdict).toBe('held'));
  it('finds more within a tenth of a second', () =>
    expect(says(InterruptStorm, interrupts(101, 30)))
      .toBe('CPU 0 has 101 interrupts of its event device within 100000 ns, and 30 timers and messages to ' +
      'have them for'));

  const needless = (count: number, change: Partial<RunFacts> = {}, work?: 'tick' | 'hrtimer_expire_entry' | 'softirq_raise') => {
    const stream = new EventStream().add('hrtimer_cancel', 0, 5, { hrtimer: 1 });
    for (let i = 0; i < count; i++) {
      stream.add('local_timer_entry', 0, 1_000 * i);
      if (work !== undefined) stream.add(work, 0, 1_000 * i + 1);
      stream.add('local_timer_exit', 0, 1_000 * i + 2);
    }
    return verdictOf(InterruptStorm, stream, change).verdict;
  };
  it('finds that nothing expires in more than five, and one for each timer that was cancelled', () => {
    expect([needless(6), needless(7)]).toEqual(['held', 'broken']);
    expect([needless(60, {}, 'tick'), needless(60, {}, 'hrtimer_expire_entry'), needless(60, {}, 'softirq_raise')])
      .toEqual(['held', 'held', 'held']);
    expect(needless(7, { clocks: { sources: [], frequencies: [1] } })).toBe('held');
  });
});

describe('E-07, whose device it is', () => {
  const exchange = (stream: EventStream, cpu: number, old: number, now: number) =>
    stream.add('clockevents_exchange_device', cpu, 10, { old, new: now });
  const hpetThenOwn = () => {
    const stream = exchange(new EventStream(), 0, 0, HPET).add('clockevents_switch_state', 0, 11, { device: HPET, state: Shutdown });
    return exchange(stream, 0, HPET, OWN).add('clockevents_switch_state', 0, 12, { device: HPET, state: Detached })
      .add('tick_device', 0, 13, { device: OWN }).add('tick', 0, 14);
  };

  it('holds for one that takes the place of another', () =>
    expect(verdictOf(TickDevices, hpetThenOwn())).toEqual({ verdict: 'held', checked: 6 }));
  it('finds a tick without a device', () =>
    expect(says(TickDevices, hpetThenOwn().add('tick', 1, 20))).toContain('CPU 1 ticks without a tick device'));
  it('finds a device that two CPUs have', () =>
    expect(says(TickDevices, exchange(exchange(new EventStream(), 0, 0, HPET), 1, 0, HPET)))
      .toContain('CPU 1 takes global device 3, which is CPU 0\'s'));
  it('finds one given away that was not there, and one set up that is not the tick device', () => {
    expect(says(TickDevices, exchange(hpetThenOwn(), 0, HPET, 2))).toContain('gives device 3 away, and has device 1');
    expect(says(TickDevices, hpetThenOwn().add('tick_device', 0, 20, { device: HPET })))
      .toContain('sets up device 3, and its tick device is 1');
  });
  it('finds one that is detached while it is used, and one that is used by nobody and not detached', () => {
    const state = (device: number, to: number) => hpetThenOwn().add('clockevents_switch_state', 0, 20, { device, state: to });
    expect(says(TickDevices, state(OWN, Detached))).toContain('is detached, and is CPU 0\'s');
    expect(says(TickDevices, state(HPET, Shutdown))).toContain('goes to state 1, and nobody uses it');
  });
});

describe('E-08, what a device calls', () => {
  const set = (mode: number, handler: number) =>
    new EventStream().add('clockevents_exchange_device', 0, 10, { old: 0, new: OWN })
      .add('tick_device', 0, 11, { device: OWN, mode, handler });

  it('holds for the handler of the mode', () => {
    expect(verdictOf(TickHandlers, set(0, TickHandler.Periodic).add('local_timer_entry', 0, 20).add('tick', 0, 21, { mode: 0 })).verdict)
      .toBe('held');
    expect(verdictOf(TickHandlers, set(1, TickHandler.Hrtimer).add('tick', 0, 21, { mode: 1 })).verdict).toBe('held');
  });
  it('finds nobody to call', () => {
    expect(says(TickHandlers, set(0, TickHandler.Noop))).toContain('uses device 1, whose interrupt calls nobody');
    const none = new EventStream().add('clockevents_exchange_device', 0, 10, { old: 0, new: OWN }).add('local_timer_entry', 0, 20);
    expect(says(TickHandlers, none)).toContain('has a tick device whose interrupt calls nobody');
  });
  it('finds a handler of the other mode, and a tick of it', () => {
    expect(says(TickHandlers, set(1, TickHandler.Periodic))).toContain('has handler 1 in mode 1');
    expect(says(TickHandlers, set(1, TickHandler.NohzLowres).add('tick', 0, 21, { mode: 0 })))
      .toContain('ticks in mode 0, its device being in 1');
  });
});
