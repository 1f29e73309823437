/** CPUs whose tick is off while a task runs: what stops it, what they miss, and who does their ticks instead. */
import { describe, expect, test } from 'vitest';
import { EVENTS } from '../../../shared/events.ts';
import { simulate, type RunResult } from '../../../src/sim.ts';
import { resolve } from '../../support/engine.ts';
import { brokenOf } from '../../support/shipped.ts';

const MS = 1e6;
const OFF = '"cpus": 3, "cmdline": "nohz_full=1,2", "tickOff": [2]';

interface Seen {
  readonly result: RunResult;
  /** Fields of each such event that CPU `cpu` says after `since`, and when. */
  rows(cpu: number, event: string, since?: number): (Record<string, number> & { t: number })[];
}

async function run(tasks: string, block: string, durationNs: number, overrides: Parameters<typeof resolve>[1] = {}): Promise<Seen> {
  const seen: { cpu: number; event: string; row: Record<string, number> & { t: number } }[] = [];
  const scenario = resolve(`{"tasks": {${tasks}}, "dynticks": {${block}}}`, { durationNs, ...overrides });
  const result = await simulate(scenario, { consumers: [{
    onEvent: (id, cpu, t, fields, at) => {
      const schema = EVENTS[id]!;
      const named = Object.fromEntries(schema.fields.map(({ name }, i) => [name, fields[at + i]!]));
      seen.push({ cpu, event: schema.name, row: { ...named, t } });
    },
  }] });
  expect(brokenOf(result)).toEqual({});
  const rows = (cpu: number, event: string, since = 0) =>
    seen.filter((each) => each.cpu === cpu && each.event === event && each.row.t >= since).map(({ row }) => row);
  return { result, rows };
}

const BUSY = '"busy": {"cpus": [2], "run": 1000000}';

describe('the tick of a CPU where it is off', () => {
  test('stops as soon as a task runs, and never comes back while it does', async () => {
    const seen = await run(BUSY, OFF, 500 * MS);
    expect(seen.rows(2, 'tick', 40 * MS)).toEqual([]);
    expect(seen.rows(2, 'local_timer_entry', 40 * MS)).toEqual([]);
    expect(seen.rows(0, 'tick', 40 * MS).length).toBe(115);
  });

  test('does not come back with a second task either, which waits for the remote tick', async () => {
    const seen = await run(`${BUSY}, "other": {"cpus": [2], "delay": 50000, "run": 1000000}`, OFF, 2500 * MS);
    expect(seen.rows(2, 'tick', 40 * MS)).toEqual([]);
    const switches = seen.rows(2, 'sched_switch', 60 * MS);
    expect(switches.length).toBeGreaterThan(0);
    expect(switches.length).toBeLessThan(6);
  });

  test('is not restarted when the idle task gives way, and idle statistics are left alone by a task', async () => {
    const seen = await run('"naps": {"cpus": [2], "run": 300, "sleep": 20000}', OFF, 500 * MS);
    expect(seen.rows(2, 'tick_nohz_restart')).toEqual([]);
    const stops = seen.rows(2, 'tick_nohz_idle_stop', 40 * MS);
    const ofIdle = stops.filter(({ flags }) => (flags! & 1) !== 0);
    expect(ofIdle.length).toBeGreaterThan(20);
    expect(stops.length).toBeGreaterThan(ofIdle.length);
    expect(stops.at(-1)!.calls! - stops[0]!.calls!).toBeLessThanOrEqual(ofIdle.length);
  });

  test('stands in for a timer of its wheel that the task itself puts up', async () => {
    const tasks = '"sleeper": {"cpus": [2], "timeout": "30ms", "run": 100}, "busy": {"cpus": [2], "run": 1000000}';
    const seen = await run(tasks, `${OFF}`, 500 * MS);
    // each is a tick that was needed, and no more come
    const ticks = seen.rows(2, 'tick', 60 * MS).length;
    expect(ticks).toBeGreaterThan(5);
    expect(ticks).toBeLessThan(20);
    expect(seen.rows(2, 'timer_expire_entry', 60 * MS).length).toBeGreaterThan(5);
  });

  test('is off in low resolution as well', async () => {
    const block = '"cpus": 3, "cmdline": "nohz_full=1,2 highres=off", "tickOff": [2]';
    const seen = await run(`${BUSY}, "naps": {"cpus": [2], "run": 300, "sleep": 20000}`, block, 500 * MS);
    expect(seen.rows(2, 'tick', 60 * MS).length).toBeLessThan(60);
  });
});

describe('a timer of the task itself', () => {
  test.each(['', ' highres=off'])('comes in time, though nothing but the task runs (nohz_full=1,2%s)', async (more) => {
    const tasks = '"alarmed": {"cpus": [2], "phases": {"arm": {"loop": 1, "itimer": "17ms"}, "work": {"loop": -1, "run": 100000}}}';
    const seen = await run(tasks, `"cpus": 3, "cmdline": "nohz_full=1,2${more}", "tickOff": [2]`, 300 * MS);
    expect(seen.rows(2, 'signal_deliver').length).toBeGreaterThan(12);
  });
});

describe('the remote tick', () => {
  test('comes once a second for each CPU of nohz_full=, on one that does housekeeping, and needs no list of kernel threads', async () => {
    const seen = await run(BUSY, OFF, 5000 * MS);
    for (const target of [1, 2]) {
      const ticks = seen.rows(0, 'sched_tick_remote').filter(({ cpu }) => cpu === target);
      expect([4, 5]).toContain(ticks.length);
      const apart = ticks.slice(1).map(({ t }, i) => t - ticks[i]!.t);
      // a timer of the wheel, so by up to its bucket later
      for (const ns of apart) expect(Math.abs(ns - 1016 * MS)).toBeLessThan(20 * MS);
    }
  });

  test('is among what Linux does by itself, wherever CPUs are of nohz_full=', async () => {
    const seen = await run(BUSY, '"cpus": 3, "cmdline": "nohz_full=1,2", "kthreads": "linux"', 3000 * MS);
    // CPU 1 sleeps without a tick; CPU 2 ticks by itself
    expect(seen.rows(0, 'sched_tick_remote').filter(({ cpu }) => cpu === 1).length).toBeGreaterThanOrEqual(2);
    expect(seen.rows(0, 'sched_tick_remote').filter(({ cpu }) => cpu === 2)).toEqual([]);
  });

  test('moves the run time of a tickless task, so that who does not ask for it sees it in steps of a second', async () => {
    const seen = await run(BUSY, OFF, 3500 * MS);
    const runtimes = seen.rows(0, 'sched_tick_remote').filter(({ cpu }) => cpu === 2).map(({ t, runtime }) => t - runtime!);
    expect(runtimes.length).toBe(3);
    // all but what the boot took
    for (const behind of runtimes) expect(behind).toBeLessThan(60 * MS);
    const charged = seen.rows(0, 'sched_stat_runtime').filter(({ runtime }) => runtime! > 900 * MS);
    expect(charged.length).toBeGreaterThanOrEqual(2);
  });

  test('is what a stranger to a process sees its run time move by, unless somebody reads the thread', async () => {
    const group = '{"name": "g", "cpu": 0, "every": "20ms", "tasks": ["busy"], "what": ["stat"]}';
    const thread = '{"name": "t", "cpu": 1, "every": "100ms", "tasks": ["busy"], "what": ["task_stat"]}';
    const values = async (readers: string) => {
      const seen = await run(BUSY, `${OFF}, "readers": [${readers}]`, 2500 * MS);
      return new Set(seen.rows(0, 'thread_group_cputime', 100 * MS).map(({ rtime }) => rtime)).size;
    };
    expect(await values(group)).toBe(3);
    expect(await values(`${group}, ${thread}`)).toBeGreaterThan(20);
  });

  test('is refused to a CPU that must keep its tick', () => {
    const scenario = (block: string) => () => resolve(`{"tasks": {${BUSY}}, "dynticks": {"cpus": 3, ${block}}}`);
    expect(scenario('"tickOff": [2]')).toThrow('no nohz_full= names any CPU');
    expect(scenario('"cmdline": "nohz_full=1", "tickOff": [2]')).toThrow('one of nohz_full=1');
    expect(scenario('"cmdline": "nohz_full=2 nohz=off", "tickOff": [2]')).toThrow('nohz=off');
    expect(scenario('"cmdline": "nohz_full=2", "cputime": "tick", "tickOff": [2]')).toThrow('needs no tick');
    expect(scenario('"cmdline": "nohz_full=2", "tickOff": [3]')).toThrow('CPU 3');
    // a flag wins
    const { tickOff, warnings } = resolve(`{"tasks": {${BUSY}}, "dynticks": {${OFF}}}`, { cputime: 'tick' });
    expect([tickOff, warnings]).toEqual([[], ['--cputime tick: it needs ticks, so dynticks.tickOff is ignored.']]);
  });
});
