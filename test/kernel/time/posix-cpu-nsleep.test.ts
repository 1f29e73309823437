/** Sleeps on the CPU clock of a process, in whole machines: what they count, and what ends them. */
import { describe, expect, test } from 'vitest';
import { CPUTIME_BLOCKS, MS, rowsOfRun } from '../../support/rows-of-run.ts';

/** The first task of two CPUs. */
const SLEEPER = 2;
const TICKS = CPUTIME_BLOCKS[1]![1];
const sleeper = (value: string, rest = '"loop": 1', before = ''): string =>
  `"s": {"cpus": [0], ${rest}, ${before} "clock_nanosleep": {"clock": "process_cputime", ${value}}, "run": 100}`;

describe.each(CPUTIME_BLOCKS)('with %s', (_, block) => {
  test('a task sleeps for what another thread of its process runs, to the tick that finds it', async () => {
    const tasks = `${sleeper('"value": "20ms"', '"loop": 5')}, "x": {"cpus": [1], "run": 300000}`;
    const seen = await rowsOfRun(tasks, `${block}, "processes": {"p": ["s", "x"]}`, 250 * MS);
    const fired = seen('cputimer_expire');
    expect(fired.length).toBe(5);
    for (const { sample, expires } of fired) expect(sample! - expires!).toBeLessThan(4.1 * MS);
    expect(seen('sched_waking', { task: SLEEPER }).map(({ t }) => fired.filter((each) => each.t <= t).length)).toEqual([1, 2, 3, 4, 5]);
    expect(seen('signal_generate')).toEqual([]);
  });
});

describe('a sleep on the CPU clock of a process', () => {
  test('is half as long if two threads run', async () => {
    const tasks = `${sleeper('"value": "40ms"')}, "x": {"instance": 2, "run": 300000}`;
    const seen = await rowsOfRun(tasks, `${TICKS}, "processes": {"p": ["s", "x"]}`, 250 * MS);
    const slept = seen('sched_waking', { task: SLEEPER })[0]!.t - seen('cputimer_arm')[0]!.t;
    expect(slept).toBeGreaterThan(20 * MS);
    expect(slept).toBeLessThan(25 * MS);
  });

  test('does not end where no other thread of the process runs', async () => {
    const seen = await rowsOfRun(`${sleeper('"value": "1ms"')}, "x": {"cpus": [1], "run": 100000}`, TICKS, 100 * MS);
    expect(seen('cputimer_arm').length).toBe(1);
    expect(seen('sched_waking', { task: SLEEPER })).toEqual([]);
  });

  test('is over at once where the clock is past it', async () => {
    const tasks = sleeper('"absolute": true, "value": "5ms"', '"loop": 1', '"run": 9000,');
    const seen = await rowsOfRun(tasks, TICKS, 60 * MS);
    expect(seen('cputimer_arm')[0]).toMatchObject({ expires: 5 * MS });
    expect([...seen('cputimer_expire'), ...seen('sched_waking', { task: SLEEPER })]).toEqual([]);
    expect(seen('sched_process_exit', { task: SLEEPER }).length).toBe(1);
  });

  test('ends with a signal, and says what was left; nobody looks for its timer any more', async () => {
    const tasks = `${sleeper('"value": "100ms"', '"loop": 1', '"itimer": {"value": "30ms"},')}, "x": {"cpus": [1], "run": 200000}`;
    const seen = await rowsOfRun(tasks, `${TICKS}, "processes": {"p": ["s", "x"]}`, 250 * MS);
    const { rest } = seen('nanosleep_interrupted', { task: SLEEPER })[0]!;
    expect(rest).toBeGreaterThan(69 * MS);
    expect(rest).toBeLessThan(75 * MS);
    expect(seen('cputimer_arm').map(({ expires }) => expires === 0)).toEqual([false, true]);
    expect(seen('cputimer_expire')).toEqual([]);
  });
});
