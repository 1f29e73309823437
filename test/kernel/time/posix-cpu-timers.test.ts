/** Timers that count CPU time, in whole machines: when they fire, how often, and what stops them. */
import { describe, expect, test } from 'vitest';
import { Signal } from '../../../shared/structs/signal.ts';
import { CPUTIME_BLOCKS, MS, rowsOfRun } from '../../support/rows-of-run.ts';

const worker = (arm: string, work = '"run": 1000', more = '') =>
  `"w": {"cpus": [1], "loop": 1, "phases": {"arm": {"cputimer": ${arm}}, "work": {"loop": -1, ${work}}${more}}}`;

describe.each(CPUTIME_BLOCKS)('with %s', (_, block) => {
  test('ITIMER_PROF sends SIGPROF each 50 ms of CPU time, the first a tick later', async () => {
    const seen = await rowsOfRun(worker('{"clock": "prof", "value": "50ms", "interval": "50ms"}'), block, 500 * MS);
    // it begins at some 24 ms
    expect(seen('signal_deliver', { sig: Signal.Prof }).length).toBe(9);
    const [first, second] = seen('cputimer_expire');
    expect(first!.expires).toBe(seen('cputimer_arm')[0]!.sample! + 54 * MS);
    expect(second!.expires! - first!.expires!).toBe(50 * MS);
    for (const { sample, expires } of seen('cputimer_expire')) expect(sample).toBeGreaterThanOrEqual(expires!);
  });

  test('ITIMER_VIRTUAL counts user time only', async () => {
    const tasks = worker('{"clock": "virtual", "value": "20ms", "interval": "20ms"}', '"run": 1100, "syscall": "3ms"');
    const seen = await rowsOfRun(tasks, block, 500 * MS);
    const fired = seen('signal_deliver', { sig: Signal.Vtalrm }).length;
    // a quarter of 476 ms, as ticks or contexts see it
    expect(fired).toBeGreaterThan(2);
    expect(fired).toBeLessThan(8);
  });

  test('a timer on the CPU clock of the process fires at the tick that finds it due, and tells its overruns', async () => {
    const seen = await rowsOfRun(worker('{"clock": "process", "value": "10ms", "interval": "1ms"}'), block, 200 * MS);
    const delivered = seen('posixtimer_deliver');
    expect(delivered.length).toBe(seen('signal_deliver', { sig: Signal.RtMin }).length);
    expect(delivered.length).toBeGreaterThan(30);
    // a tick has four of its periods
    const overruns = delivered.reduce((sum, row) => sum + row.overruns!, 0);
    expect(overruns / delivered.length).toBeCloseTo(3, 0);
    for (const { sample, expires } of seen('cputimer_expire')) expect(sample! - expires!).toBeLessThan(5 * MS);
  });

  test('a timer on the CPU clock of a thread fires once, if it has no period', async () => {
    const seen = await rowsOfRun(worker('{"clock": "thread", "value": "30ms"}'), block, 200 * MS);
    const [fired, again] = seen('cputimer_expire');
    expect(fired!.sample! - fired!.expires!).toBeLessThan(4.1 * MS);
    expect(again).toBeUndefined();
    expect(seen('posixtimer_deliver').length).toBe(1);
  });
});

describe('a CPU timer', () => {
  test('does not fire while its task sleeps', async () => {
    const tasks = worker('{"clock": "thread", "value": "5ms", "interval": "5ms"}', '"run": 900, "sleep": 9000');
    const seen = await rowsOfRun(tasks, CPUTIME_BLOCKS[0]![1], 500 * MS);
    expect(seen('posixtimer_deliver').length).toBeLessThan(10);
    expect(seen('posixtimer_deliver').length).toBeGreaterThan(4);
  });

  test('that is taken away is looked for once more, and then the clock stops', async () => {
    const off = ', "off": {"cputimer": {"clock": "prof", "value": "off"}}, "rest": {"loop": -1, "run": 1000}';
    const tasks = worker('{"clock": "prof", "value": "10ms", "interval": "10ms"}', '"run": 1000', off).replace('"loop": -1', '"loop": 40');
    const seen = await rowsOfRun(tasks, CPUTIME_BLOCKS[1]![1], 300 * MS);
    const fired = seen('signal_deliver', { sig: Signal.Prof });
    const { t } = seen('cputimer_arm', { expires: 0 })[0]!;
    expect(fired.length).toBe(3);
    expect(fired.every((each) => each.t < t)).toBe(true);
  });

  test('of a process counts all its threads, and is sent to the one whose tick finds it', async () => {
    const tasks = `${worker('{"clock": "process", "value": "20ms", "interval": "20ms"}')}, "x": {"cpus": [0], "run": 1000000}`;
    const seen = await rowsOfRun(tasks, `${CPUTIME_BLOCKS[1]![1]}, "processes": {"p": ["w", "x"]}`, 500 * MS);
    // two threads, so twice as often
    expect(seen('posixtimer_deliver').length).toBeGreaterThan(40);
    expect(new Set(seen('cputimer_expire').map(({ task }) => task)).size).toBe(2);
  });

  test('does not fire where the tick is forced off: nobody looks', async () => {
    const block = '"cpus": 2, "cmdline": "nohz_full=1", "tickOff": [1]';
    const seen = await rowsOfRun(worker('{"clock": "prof", "value": "10ms", "interval": "10ms"}'), block, 500 * MS);
    expect(seen('cputimer_expire')).toEqual([]);
  });

  test('is set with one that is due already, and fires at once', async () => {
    const tasks = '"w": {"cpus": [1], "loop": 1, "run": 20000, "posix_timer": {"name": "a", "clock": "thread_cputime", "value": "5ms", '
      + '"absolute": true}, "posix_timer_gettime": "a", "run": 1000}';
    const seen = await rowsOfRun(tasks, CPUTIME_BLOCKS[1]![1], 100 * MS);
    expect(seen('cputimer_expire')).toEqual([]);
    expect(seen('posixtimer_deliver').length).toBe(1);
    expect(seen('timer_gettime')[0]).toMatchObject({ value: 0, interval: 0 });
  });

  test('that a signal mask keeps waiting fires once, and counts the periods that it missed', async () => {
    const tasks = '"w": {"cpus": [1], "loop": 1, "cputimer": {"clock": "thread", "value": "10ms", "interval": "10ms"}, "sigmask": true, '
      + '"run": 100000, "sigmask": false, "run": 1000}';
    const seen = await rowsOfRun(tasks, CPUTIME_BLOCKS[1]![1], 200 * MS);
    expect(seen('cputimer_expire').length).toBe(1);
    expect(seen('posixtimer_deliver')[0]!.overruns).toBeGreaterThan(7);
  });
});
