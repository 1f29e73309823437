import { describe, expect, test } from 'vitest';
import { Draws } from '../../scripts/swarm/draws.ts';
import { scenarioOf } from '../../scripts/swarm/scenario.ts';
import { Tally } from '../../scripts/swarm/tally.ts';
import { integerOf } from '../../scripts/usage.ts';
import type { RunResult } from '../../src/sim.ts';

const SECOND = 1_000_000_000;
const SEEDS = Array.from({ length: 300 }, (_, i) => i + 1);

describe('the scenario of a seed', () => {
  test('is the same each time, and another one for another seed', () => {
    expect(scenarioOf(17, SECOND).text).toBe(scenarioOf(17, SECOND).text);
    expect(new Set(SEEDS.map((seed) => scenarioOf(seed, SECOND).text)).size).toBe(SEEDS.length);
  });

  test('is a machine that can be; all together they have every number of CPUs, tick and version, and disturbed clocks', () => {
    const all = SEEDS.map((seed) => scenarioOf(seed, SECOND).scenario);
    const values = (of: (one: (typeof all)[number]) => unknown): unknown[] => [...new Set(all.map(of))].sort();
    expect(values(({ durationNs }) => durationNs)).toEqual([SECOND]);
    expect(values(({ cpus }) => cpus)).toEqual([1, 2, 3, 4, 5, 6, 8]);
    expect(values(({ hz }) => hz)).toEqual([100, 1000, 250]);
    expect(values(({ kernel }) => kernel)).toEqual(['6.1', '6.12', '7.0']);
    expect(values(({ cmdline }) => cmdline.nohz)).toEqual([false, true]);
    expect(all.filter(({ machine }) => machine.stalls.length > 0).length).toBeGreaterThan(20);
    expect(all.filter(({ machine }) => machine.thefts.restarts.length > 0).length).toBeGreaterThan(10);
    expect(all.filter(({ workload }) => workload.calls.length > 0).length).toBeGreaterThan(20);
    expect(all.filter(({ workload }) => workload.background.length > 0).length).toBeGreaterThan(20);
  });
});

test('a script says which number it does not understand', () => {
  expect(integerOf('--seeds', '17', 1)).toBe(17);
  for (const text of ['x', '-3', '1.5', '', '0', '1e3']) {
    expect(() => integerOf('--seeds', text, 1)).toThrow(`--seeds ${text}: expected a whole number, at least 1`);
  }
});

test('draws are spread evenly, whatever the seed', () => {
  for (const seed of [0, 1, 2, 2 ** 31]) {
    const draws = new Draws(seed);
    const counts = new Map<number, number>();
    for (let i = 0; i < 6_000; i++) {
      const n = draws.int(1, 6);
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  }
});

test('the tally knows what was broken, and what nothing has put to the test', () => {
  const run = (...verdicts: unknown[]) => ({ verdicts } as unknown as RunResult);
  const idle = { id: 'B', verdict: { verdict: 'not exercised' } };
  const broken = { id: 'A', verdict: { verdict: 'broken', checked: 3, violations: 1, witness: { says: 'no', events: [] } } };
  const tally = new Tally();
  expect(tally.add(1, 'inline', run({ id: 'A', verdict: { verdict: 'held', checked: 2 } }, idle))).toEqual([]);
  expect(tally.add(2, 'free', run(broken, idle))).toEqual([{ seed: 2, engine: 'free', says: 'A: no' }]);
  expect([tally.unexercised, tally.failures.length]).toEqual([['B'], 1]);
  const lines: string[] = [];
  tally.print((line) => lines.push(line));
  expect(lines.at(-1)).toBe('\n2 runs; 1 failures of 1 seeds; not exercised: B');
  expect(lines[1]!.split(/\s+/)).toEqual(['A', '1', '1', '0', '5']);
});
