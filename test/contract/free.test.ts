/**
 * Where nothing races, `free` gives the bytes of the inline engine, whatever the host does. The conditions:
 *
 * - No two events of different CPUs may change places that touch one cell, one of them storing there. Which
 *   may is told by the rules of `free` (test/support/near-events.ts): interacting ones that are L or less
 *   apart, others up to Q, unless something else orders them.
 * - No reader looks at what runs on another CPU: the promise of that CPU, which it records, is the host's.
 *
 * Ticks of all CPUs at one instant are such a race, for the second to come reads the clock that the first
 * one moves on; so CPUs tick one after the other here (`skew_tick=1`). Nor may idle CPUs stop their ticks, for
 * all of them note that in one mask (`nohz=off`); and of three CPUs two acknowledge a state of stop-machine at
 * one instant, so machines of more than two keep the clock that they boot with (`clocksource=jiffies`). With one
 * CPU there are no races at all.
 */
import { describe, expect, test } from 'vitest';
import { differencesOf, measureInline } from '../../scripts/lockstep/compare.ts';
import type { Overrides } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { closePoolsAfterwards, free } from '../support/engines.ts';
import { resolve } from '../support/engine.ts';
import { tooNear } from '../support/near-events.ts';
import { faultFree, resolveFile, cpuCounts, SHORT_NS } from '../support/shipped.ts';

/** Longest pause of a thread between two events, in ns of host time. */
const PAUSE_NS = 20_000;

closePoolsAfterwards();

const scenario = (tasks: string, overrides: Overrides = {}, block = '{}'): Scenario =>
  resolve(`{"tasks": {${tasks}}, "dynticks": ${block}}`, { cpus: 2, cmdline: 'nohz=off skew_tick=1', durationNs: SHORT_NS, ...overrides });
const UNSTOPPED = 'nohz=off clocksource=jiffies';

/** Over both memories, as fast as the host can and with pauses at random, which the seed decides. */
async function expectInline(given: Scenario): Promise<void> {
  expect(await differencesOf(await measureInline(given), free('wasm'))).toEqual([]);
  for (const seed of [2, 3]) {
    const measure = await measureInline({ ...given, seed, ties: 'shuffled' });
    expect(await differencesOf(measure, free('atomics'), { jitterNs: PAUSE_NS })).toEqual([]);
  }
}

/** CPU 1 publishes every edge between user and kernel mode. */
const TRACKED: Overrides = { cmdline: 'nohz=off skew_tick=1 nohz_full=1' };

const RACELESS: Readonly<Record<string, () => Scenario>> = {
  'four idle CPUs': () => scenario('"t": {"delay": 1000000, "run": 1}', { cpus: 4, cmdline: UNSTOPPED }),
  'ticks at one instant that read no clock': () =>
    scenario('"a": {"instance": 2, "run": 700, "sleep": 5000}', { cmdline: 'nohz=off highres=off' }),
  'storms of edges, each on its CPU': () =>
    scenario('"a": {"cpus": [0], "run": 20, "syscall": "10us"}, "b": {"cpus": [1], "run": 15, "syscall": "9us"}', TRACKED),
  'work that goes from CPU to CPU by message': () => scenario(`
    "a": {"cpus": [0], "run": 300, "sem_post": "s0", "sleep": 2000}, "b": {"cpus": [1], "sem_wait": "s0", "run": 250, "sem_post": "s1"},
    "c": {"cpus": [2], "sem_wait": "s1", "run": 150, "syscall": "20us"}`, { cpus: 3, hz: 1000, cmdline: UNSTOPPED }),
  'wake-ups that look who is busy': () => scenario(`
    "a": {"cpus": [1], "run": 331, "sleep": 700}, "b": {"cpus": [2], "run": 450, "sleep": 500},
    "p": {"cpus": [0], "run": 173, "sem_post": "s"}, "f": {"cpus": [1, 2], "sem_wait": "s", "run": 20}`, { cpus: 3, cmdline: UNSTOPPED }),
  'a mutex that one waits for': () => scenario(`
    "a": {"cpus": [0], "run": 410, "lock": "m", "run1": 55, "unlock": "m"},
    "b": {"cpus": [1], "run": 730, "lock": "m", "run1": 35, "unlock": "m", "sleep": 900}`),
  'a barrier': () => scenario('"a": {"cpus": [0], "run": 410, "barrier": "x"}, "b": {"cpus": [1], "run": 730, "barrier": "x"}'),
  'timers, real-time tasks and budgets': () => scenario(`
    "a": {"cpus": [0], "policy": "SCHED_FIFO", "priority": 5, "run": 300, "timer": {"ref": "unique", "period": 3000}},
    "b": {"cpus": [0, 1], "policy": "SCHED_DEADLINE", "dl-runtime": 1000, "dl-deadline": 4000, "dl-period": 5000, "run": 700, "yield": ""},
    "c": {"cpus": [1], "run": 5000}`),
  'forks to another CPU': () => scenario(`
    "a": {"cpus": [0], "run": 410, "sleep": 3000, "fork": "c"}, "b": {"cpus": [1], "run": 730},
    "c": {"instance": 0, "cpus": [1], "loop": 1, "run": 100}`),
  'readers of what runs on their own CPU': () => scenario(`
    "a": {"cpus": [0], "run": 410, "syscall": "90us"}, "b": {"cpus": [1], "run": 730, "syscall": "30us", "sleep": 900}`,
  TRACKED, `{"readers": [
    {"name": "r", "cpu": 0, "every": "700us", "tasks": ["a"], "adjusted": true},
    {"name": "q", "cpu": 1, "every": "1100us", "tasks": ["b"]}]}`),
};

describe('free equals inline', () => {
  test.each(Object.entries(RACELESS))('with %s', async (_name, make) => {
    const raceless = make();
    expect(tooNear(raceless, SHORT_NS)).toEqual([]);
    await expectInline(raceless);
  });

  const onOne = faultFree.filter((file) => cpuCounts(file).includes(1));
  test.each(onOne)('on one CPU: $name', async (file) => {
    const alone = resolveFile(file, { cpus: 1, durationNs: SHORT_NS / 2 });
    expect(tooNear(alone, SHORT_NS)).toEqual([]);
    await expectInline(alone);
  });
});

describe('what is too near', () => {
  test('are ticks of all CPUs at one instant: the later one reads the clock that the other one moves on', () => {
    const near = tooNear(scenario('"t": {"delay": 1000000, "run": 1}', { cmdline: 'nohz=off' }), SHORT_NS);
    expect(near.length).toBeGreaterThan(5);
    for (const sentence of near) expect(sentence).toMatch(/^CPU \d at \d+ and CPU \d at \d+: (timekeeper\.seq|jiffies\.jiffies)$/);
  });

  test('is a reader of another CPU, as far as the skew goes', () => {
    const reads = (skewNs: number): Scenario =>
      scenario('"a": {"cpus": [1], "run": 300, "syscall": "90us"}', { ...TRACKED, skewNs },
        '{"readers": [{"name": "r", "cpu": 0, "every": "700us", "tasks": ["a"]}]}');
    const [far, close] = [tooNear(reads(1_000), SHORT_NS), tooNear(reads(500_000), SHORT_NS)];
    expect(close.filter((sentence) => sentence.endsWith('vtime.seq')).length).toBeGreaterThan(20);
    expect(far.length).toBeLessThan(close.length / 4);
  });
});
