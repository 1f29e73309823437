import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { IdleCounts } from '../../../src/check/oracles/idle-counts.ts';
import { IdleRead } from '../../../src/check/oracles/idle-read.ts';
import { IdleStates } from '../../../src/check/oracles/idle-states.ts';
import { IdleTicks } from '../../../src/check/oracles/idle-ticks.ts';
import { IdleTruth } from '../../../src/check/oracles/idle-truth.ts';
import { EventStream, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', ['t']);
const T = 2;
const { Inidle, Stopped, Nohz } = TickFlag;
const IDLING = Nohz | Inidle;

describe('I-01, when a CPU counts as asleep', () => {
  const asleep = () => new EventStream()
    .add('context', 1, 10, { mode: Mode.System, task: 1 })
    .add('idle_sleep', 1, 20, { active: 1, flags: IDLING })
    .add('context', 1, 21, { mode: Mode.Idle, task: 1 });
  const says = (stream: EventStream) => witnessOf(judgeStream(IdleStates, facts, stream)).says;

  it('holds where an interrupt ends the sleep first', () => {
    const good = asleep().add('context', 1, 30, { mode: Mode.Irq, task: 1 }).add('idle_sleep', 1, 30, { active: 0, flags: IDLING })
      .add('local_timer_entry', 1, 31).add('context', 1, 40, { mode: Mode.System, task: T });
    expect(judgeStream(IdleStates, facts, good)).toEqual({ verdict: 'held', checked: 2 });
    expect(judgeStream(IdleStates, facts, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it.each(['local_timer_entry', 'call_function_single_entry', 'reschedule_entry', 'irq_handler_entry'] as const)(
    'finds a handler in the middle of it: %s', (entry) => {
      expect(says(asleep().add(entry, 1, 30))).toBe('CPU 1 counts as asleep at 30 ns, but handles an interrupt');
    },
  );

  it('finds another task in the middle of it', () => {
    expect(says(asleep().add('context', 1, 30, { mode: Mode.User, task: T }))).toBe('CPU 1 counts as asleep at 30 ns, but runs t');
  });

  it('finds one that begins outside the idle loop, or under another task', () => {
    expect(says(new EventStream().add('idle_sleep', 1, 20, { active: 1, flags: Nohz }))).toContain('is not in its idle loop');
    const busy = new EventStream().add('context', 1, 10, { mode: Mode.System, task: T })
      .add('idle_sleep', 1, 20, { active: 1, flags: IDLING });
    expect(says(busy)).toContain('but runs t');
  });
});

describe('I-02, the counts', () => {
  const call = (calls: number, sleeps: number, expires = 0, flags = IDLING) => ({ calls, sleeps, flags, expires });
  const good = () => new EventStream().add('tick_nohz_idle_stop', 0, 10, call(1, 0)).add('tick_nohz_idle_stop', 0, 20, call(2, 1, 99));

  it('holds where each attempt is one call, and one sleep at most', () => {
    expect(judgeStream(IdleCounts, facts, good().add('tick_nohz_idle_stop', 1, 30, call(1, 1, 99))))
      .toEqual({ verdict: 'held', checked: 3 });
  });

  it('holds where an attempt for a task counts as nothing, and finds one that does', () => {
    const forTask = (calls: number) => good().add('tick_nohz_idle_stop', 0, 30, call(calls, 1, 99, Nohz | Stopped));
    expect(judgeStream(IdleCounts, facts, forTask(2)).verdict).toBe('held');
    expect(witnessOf(judgeStream(IdleCounts, facts, forTask(3))).says).toContain('a task runs, and its CPU is not idle');
  });

  it.each([
    ['an attempt that is not counted', call(2, 1), 'an attempt is one call'],
    ['one that counts twice', call(4, 1), 'an attempt is one call'],
    ['a sleep that is taken back', call(3, 0), 'an attempt is at most one sleep'],
    ['two sleeps in one', call(3, 3), 'an attempt is at most one sleep'],
    ['a sleep that is not counted', call(3, 1, 99), 'it sleeps, and that is not counted'],
  ])('finds %s', (_, fields, says) => {
    const witness = witnessOf(judgeStream(IdleCounts, facts, good().add('tick_nohz_idle_stop', 0, 30, fields)));
    expect(witness.says).toContain(says);
    expect(witness.events).toHaveLength(2);
  });
});

describe('I-03, a look from elsewhere', () => {
  /** CPU 1 slept from 100 to 150, and sleeps since 200. */
  const record = () => new EventStream()
    .add('idle_sleep', 1, 100, { version: 2, active: 1, entrytime: 100 })
    .add('idle_sleep', 1, 150, { version: 4, active: 0, entrytime: 150, sleeptime: 50 })
    .add('idle_sleep', 1, 200, { version: 6, active: 1, entrytime: 200, sleeptime: 50 });
  const look = (version: number, now: number, idle: number, iowait = 0) => ({ by: T, cpu: 1, version, now, idle, iowait });
  const says = (stream: EventStream) => witnessOf(judgeStream(IdleRead, facts, stream)).says;

  it('holds for what a version is worth, before the first one too', () => {
    const good = record().add('cpu_idle_time', 0, 140, look(2, 140, 40)).add('cpu_idle_time', 0, 180, look(4, 180, 50))
      .add('cpu_idle_time', 0, 230, look(6, 230, 0, 80));
    expect(judgeStream(IdleRead, facts, good)).toEqual({ verdict: 'held', checked: 3 });
    expect(judgeStream(IdleRead, facts, new EventStream().add('cpu_idle_time', 0, 90, look(0, 90, 0))).verdict).toBe('held');
  });

  it('finds the new sum with the old entry', () => {
    expect(says(record().add('cpu_idle_time', 0, 160, look(4, 160, 110))))
      .toBe('at 160 ns t saw CPU 1 with 110 ns of sleep, from version 4: that version is worth 50 ns then');
  });

  it('finds a record that was being written', () => {
    expect(says(record().add('cpu_idle_time', 0, 160, look(3, 160, 50)))).toContain('the record was being written');
  });

  it('finds a sum that falls, or grows faster than the clock, where it does not know the version yet', () => {
    const first = () => new EventStream().add('cpu_idle_time', 0, 140, look(2, 140, 40));
    expect(says(first().add('cpu_idle_time', 0, 150, look(4, 150, 39))))
      .toBe('t saw the sleep of CPU 1 change by -1 ns in 10 ns, up to 150 ns');
    expect(says(first().add('cpu_idle_time', 0, 150, look(4, 150, 51))))
      .toBe('t saw the sleep of CPU 1 change by 11 ns in 10 ns, up to 150 ns');
    const racing = judgeStream(IdleRead, racingFacts(facts, 100), first().add('cpu_idle_time', 0, 150, look(4, 150, 50)));
    expect(racing.verdict).toBe('held');
  });
});

describe('I-04, sleep against the log of contexts', () => {
  const slept = (sleeptime: number, source: number = ClocksourceId.Tsc) => new EventStream()
    .add('timekeeping_change', 0, 0, { source })
    .add('idle_sleep', 1, 100, { active: 0 })
    .add('context', 1, 900, { mode: Mode.System, task: 1 })
    .add('idle_sleep', 1, 1_000, { active: 1 })
    .add('context', 1, 1_200, { mode: Mode.Idle, task: 1 })
    .add('context', 1, 9_200, { mode: Mode.Irq, task: 1 })
    .add('idle_sleep', 1, 9_200, { active: 0, sleeptime });

  it('holds between the time halted and the time that the idle task had', () => {
    for (const ns of [8_000, 8_100, 8_200]) expect(judgeStream(IdleTruth, facts, slept(ns)).verdict).toBe('held');
  });

  it('finds a sleep that is too short, or too long', () => {
    expect(witnessOf(judgeStream(IdleTruth, facts, slept(7_900))).says)
      .toBe('CPU 1 books a sleep of 7900 ns at 9200 ns; it was halted for 8000 ns, and its idle task had it for 8200 ns');
    expect(judgeStream(IdleTruth, facts, slept(8_300)).verdict).toBe('broken');
  });

  it('leaves alone what the jiffies clock source measured', () => {
    expect(judgeStream(IdleTruth, facts, slept(4_000_000, ClocksourceId.Jiffies))).toEqual({ verdict: 'not exercised' });
  });
});

describe('I-05, ticks charged after a sleep', () => {
  const stopped = () => new EventStream()
    .add('tick_nohz_next_event', 1, 10, { basej: 7 })
    .add('tick_nohz_idle_stop', 1, 10, { flags: IDLING | Stopped })
    .add('tick_nohz_next_event', 1, 20, { basej: 9 })
    .add('tick_nohz_idle_stop', 1, 20, { flags: IDLING | Stopped })
    .add('tick', 1, 30);
  const charge = (ticks: number, jiffies: number, idle_jiffies: number) => stopped()
    .add('account_idle_ticks', 1, 40, { ticks, jiffies, idle_jiffies });
  const says = (stream: EventStream) => witnessOf(judgeStream(IdleTicks, facts, stream)).says;

  it('holds for the jiffies since the first stop, less the tick that came', () => {
    expect(judgeStream(IdleTicks, facts, charge(4, 12, 8))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a tick too many, a count from elsewhere, and a charge without a stop', () => {
    expect(says(charge(5, 12, 8)))
      .toBe('CPU 1 is charged with 5 idle ticks at 40 ns: 4 were due: jiffies 12, stopped at 7, and 1 came since');
    expect(says(charge(4, 12, 9))).toContain('it counts from jiffy 9, not 8');
    expect(says(new EventStream().add('account_idle_ticks', 1, 40, { ticks: 1, jiffies: 12, idle_jiffies: 11 })))
      .toContain('its tick was not stopped');
  });
});
