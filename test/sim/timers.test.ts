/** What Linux's own tests of timers ask for: selftests/timers nanosleep, nsleep-lat, set-timer-lat, posix_timers; and of timerfd. */
import { describe, expect, test } from 'vitest';
import type { Ns } from '../../shared/units.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import type { Overrides } from '../../src/workload/resolve.ts';
import { resolve, Rows } from '../support/engine.ts';
import { brokenOf } from '../support/shipped.ts';

const MS: Ns = 1_000_000;
const SECOND: Ns = 1_000_000_000;
/** Of nsleep-lat and set-timer-lat. */
const UNREASONABLE_LAT: Ns = 40 * MS;

/** One task on CPU 1 of two, nothing broken. */
async function run(task: string, block = '', overrides: Overrides = {}): Promise<Rows & { run?: RunResult }> {
  const rows: Rows & { run?: RunResult } = new Rows();
  const text = `{"tasks": {"t": {"cpus": [1], "loop": 1, ${task}}}, "dynticks": {${block}}}`;
  rows.run = await simulate(resolve(text, { cpus: 2, durationNs: SECOND, ...overrides }), { consumers: [rows] });
  expect(brokenOf(rows.run)).toEqual({});
  return rows;
}

/** When the task's events began, by their place in the file. */
const begins = (rows: Rows): Ns[] => rows.named('rtapp_event').map(({ t }) => t);
const expiriesOf = (rows: Rows, fn: number): Ns[] =>
  rows.named('hrtimer_expire_entry').filter(({ fields }) => fields[1] === fn).map(({ t }) => t);
const IT_REAL_FN = 3;
const POSIX_TIMER_FN = 4;

describe('nanosleep', () => {
  const cmdlines = ['', 'nohz=off', 'highres=off', 'nohz=off highres=off', 'nohz_full=1'];
  const clocks = ['realtime', 'monotonic', 'boottime', 'tai'];
  const machines = clocks.flatMap((clock) => cmdlines.map((cmdline) => [clock, cmdline] as const));
  test.each(machines)('on %s never wakes early, with "%s"', async (clock, cmdline) => {
    const lengths = [10, 1_000, 100_000, 10 * MS];
    const events = lengths.map((ns, i) => `"clock_nanosleep${i}": {"clock": "${clock}", "value": "${ns}ns"}`);
    const at = begins(await run(`${events.join(', ')}, "run": 1`, '', { cmdline, durationNs: 120 * MS }));
    lengths.forEach((ns, i) => {
      expect(at[i + 1]! - at[i]!).toBeGreaterThan(ns);
      expect(at[i + 1]! - at[i]!).toBeLessThan(ns + UNREASONABLE_LAT);
    });
  });

  test('of a clock that is stepped: an absolute one goes by the new time, a relative one is as long as ever', async () => {
    const both = '"loop": 1, "clock_nanosleep1": {"clock": "realtime", "value": "300ms"}, ' +
      '"clock_nanosleep2": {"clock": "realtime", "value": "2s", "absolute": true}, "run": 1';
    const rows = await run(both, '"events": [{"at": "100ms", "settime": "+100ms"}, {"at": "500ms", "settime": "+1400ms"}]', {
      cpus: 2, durationNs: 600 * MS,
    });
    const [relative, absolute, after] = begins(rows);
    expect((absolute! - relative!) / MS).toBeCloseTo(300, 0);
    expect(after! / MS).toBeCloseTo(500, 0);
  });

  test('is ended by a signal, and says how much of it was left', async () => {
    const rows = await run('"itimer": {"value": "30ms"}, "sleep": 100000, "run": 1');
    const [, sleep, after] = begins(rows);
    expect((after! - sleep!) / MS).toBeCloseTo(30, 0);
    expect(rows.named('nanosleep_interrupted').map(({ fields }) => Math.round(fields[1]! / MS))).toEqual([70]);
    expect(rows.named('signal_deliver').map(({ fields }) => fields[0])).toEqual([14]);
  });
});

describe('a POSIX timer', () => {
  const clocks = ['realtime', 'monotonic', 'boottime', 'tai'];
  const kinds = clocks.flatMap((clock) => [false, true].map((absolute) => [clock, absolute] as const));
  test.each(kinds)('on %s, absolute: %s, fires once or each period, never early and never late', async (clock, absolute) => {
    const timer = (interval: string): string =>
      `"posix_timer": {"name": "p", "clock": "${clock}", "value": "100ms", "absolute": ${absolute}, "interval": "${interval}"}`;
    const due = (set: Ns): Ns => (absolute ? 100 * MS : set + 100 * MS);
    for (const [interval, count] of [['0ms', 1], ['100ms', 5]] as const) {
      const rows = await run(`${timer(interval)}, "run": ${(count + 1) * 100_000 - 30_000}, "posix_timer_delete": "p"`);
      const fired = expiriesOf(rows, POSIX_TIMER_FN);
      expect(fired).toHaveLength(count);
      expect(rows.named('signal_deliver')).toHaveLength(count);
      fired.forEach((t, i) => {
        expect(t - due(begins(rows)[0]!) - i * 100 * MS).toBeGreaterThan(-1 * MS);
        expect(t - due(begins(rows)[0]!) - i * 100 * MS).toBeLessThan(UNREASONABLE_LAT);
      });
    }
  });

  const every100 = '"posix_timer": {"name": "p", "value": "100ms", "interval": "100ms"}';
  const overruns = (rows: Rows): number[] => rows.named('posixtimer_deliver').map(({ fields }) => fields[2]!);

  test('whose signal is blocked for three seconds sends one, with 29 overruns', async () => {
    const rows = await run(`"sigmask1": true, ${every100}, "run": 3050000, "sigmask2": false, "posix_timer_delete": "p"`, '', {
      durationNs: 4 * SECOND,
    });
    expect(overruns(rows)).toEqual([29]);
    expect(rows.named('signal_generate')).toHaveLength(1);
  });

  test('whose signal is blocked for one second has 9 overruns, and goes on', async () => {
    const blocked = `"sigmask1": true, ${every100}, "run1": 1050000, "sigmask2": false`;
    const rows = await run(`${blocked}, "run2": 200000, "posix_timer_delete": "p"`, '', { durationNs: 2 * SECOND });
    expect(overruns(rows)).toEqual([9, 0, 0]);
  });

  test('tells what is left of its period', async () => {
    const rows = await run(`${every100}, "run": 130000, "posix_timer_gettime": "p", "posix_timer_delete": "p"`);
    expect(rows.named('timer_gettime').map(({ fields }) => [Math.round(fields[2]! / MS), fields[3]])).toEqual([[70, 100 * MS]]);
  });

  test('that is deleted sends no signal any more, and none that waited', async () => {
    const rows = await run(`"sigmask1": true, ${every100}, "run1": 150000, "posix_timer_delete": "p", "sigmask2": false, "run2": 300000`);
    expect([rows.named('signal_generate').length, rows.named('signal_deliver').length]).toEqual([1, 0]);
  });

  test.each([['6.12', 1], ['7.0', 0]])('that is set anew in %s delivers a signal of its old setting %i times', async (kernel, times) => {
    const anew = '"posix_timer2": {"name": "p", "value": "10s"}';
    const rows = await run(`"sigmask1": true, ${every100}, "run": 150000, ${anew}, "sigmask2": false, "run2": 1000`, '', { kernel });
    expect(rows.named('signal_deliver')).toHaveLength(times);
  });

  test('of each instance is its own', async () => {
    const rows = await run(`"instance": 3, ${every100}, "sleep": 150000, "posix_timer_delete": "p"`);
    expect(new Set(rows.named('posixtimer_deliver').map(({ fields }) => fields[0]))).toEqual(new Set([0, 1, 2]));
  });
});

describe('ITIMER_REAL', () => {
  test('interrupts a task’s work each period, at the cost of its handler', async () => {
    const rows = await run('"itimer": "50ms", "run": 480000, "itimer2": "off", "sleep": 200000');
    expect([expiriesOf(rows, IT_REAL_FN).length, rows.named('signal_deliver').length]).toEqual([9, 9]);
    const [, work, off] = begins(rows);
    // nine handlers, and the ticks
    expect(off! - work!).toBeGreaterThan(480 * MS + 9 * 1_200);
  });

  test('sends one signal to a task that does not want it, whatever its period', async () => {
    const rows = await run('"sigmask1": true, "itimer": "10ms", "run": 95000, "sigmask2": false, "run2": 12000, "itimer2": "off"');
    expect(rows.named('signal_deliver').length).toBe(2);
  });

  test('reaches a task that runs on another CPU than its timer', async () => {
    const text = `{"tasks": {"t": {"loop": 1, "phases": {
      "arm": {"cpus": [1], "itimer": "30ms", "run": 1000}, "away": {"cpus": [0], "run": 100000}}}}}`;
    const rows = new Rows();
    const result = await simulate(resolve(text, { cpus: 2, durationNs: 200 * MS, cmdline: 'nohz=off' }), { consumers: [rows] });
    expect(brokenOf(result)).toEqual({});
    expect(rows.named('itimer_expire')[0]!.cpu).toBe(1);
    expect(rows.named('signal_deliver').map(({ cpu }) => cpu)).toEqual([0, 0, 0]);
    const [fired] = rows.named('itimer_expire');
    expect(rows.named('signal_deliver')[0]!.t - fired!.t).toBeLessThan(10_000);
  });

  test('ends with its task', async () => {
    const rows = await run('"itimer": "20ms", "run": 30000');
    expect(expiriesOf(rows, IT_REAL_FN)).toHaveLength(1);
  });
});

describe('a timer that is a file', () => {
  const reads = (rows: Rows): number[] => rows.named('timerfd_read').map(({ fields }) => fields[2]!);

  test('counts what was not read, and makes a reader wait for the next', async () => {
    const timer = '"fd_timer": {"name": "f", "value": "10ms", "interval": "10ms"}';
    const rows = await run(`${timer}, "run": 35000, "fd_read1": "f", "fd_read2": "f"`);
    expect(reads(rows)).toEqual([3, 1]);
    expect(Math.round((rows.named('timerfd_read')[1]!.t - begins(rows)[0]!) / MS)).toBe(40);
  });

  test('tells its reader that the wall clock was stepped, if it wants to know', async () => {
    const file = (cancel: boolean): string =>
      `"fd_timer": {"name": "f", "clock": "realtime", "value": "400ms", "absolute": true, "cancel_on_set": ${cancel}}, "fd_read": "f"`;
    const steps = '"events": [{"at": "100ms", "settime": "+50ms"}]';
    expect(reads(await run(file(true), steps))).toEqual([-125]);
    expect(reads(await run(file(false), steps))).toEqual([1]);
  });

  test.each([false, true])('wakes its reader, expired by a softirq: %s', async (soft) => {
    const timer = `"fd_timer": {"name": "f", "value": "10ms", "interval": "10ms", "soft": ${soft}}`;
    const rows = await run(`${timer}, "fd_read1": "f", "fd_read2": "f"`);
    expect(reads(rows)).toEqual([1, 1]);
    expect(rows.named('softirq_entry').some(({ fields }) => fields[0] === 8)).toBe(soft);
  });
});

describe('timers of a CPU of nohz_full=', () => {
  const text = '{"tasks": {"t": {"cpus": [1], "sleep": 1300, "run": 150}}}';
  const wakers = async (cmdline: string): Promise<Set<number>> => {
    const rows = new Rows();
    const result = await simulate(resolve(text, { cpus: 2, durationNs: 200 * MS, cmdline }), { consumers: [rows] });
    expect(brokenOf(result)).toEqual({});
    return new Set(rows.named('hrtimer_expire_entry').filter(({ fields }) => fields[1] === 1).map(({ cpu }) => cpu));
  };

  test('go to the CPU that keeps house, where they come after its next event; else they stay', async () => {
    expect(await wakers('nohz_full=1')).toEqual(new Set([0, 1]));
  });
  test.each(['', 'nohz_full=1 timer_migration=0', 'nohz_full=1 nohz=off'])('stay with "%s"', async (cmdline) => {
    expect(await wakers(cmdline)).toEqual(new Set([1]));
  });
});
