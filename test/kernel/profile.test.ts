import { describe, expect, test } from 'vitest';
import { NSEC_PER_MSEC } from '../../shared/units.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolve, Rows } from '../support/engine.ts';

const WORKLOAD = `{
  "tasks": {
    "hog": { "cpus": [0], "run": 900000 },
    "calls": { "cpus": [1], "loop": -1, "run": 6000, "syscall": "2ms", "sleep": 3000 }
  },
  "dynticks": { "cpus": 2 }
}`;

async function run(cmdline: string): Promise<{ result: RunResult; rows: Rows }> {
  const rows = new Rows();
  const result = await simulate(resolve(WORKLOAD, { cmdline, durationNs: 600 * NSEC_PER_MSEC }), { consumers: [rows] });
  return { result, rows };
}

const profileOf = ({ files }: RunResult): [count: number, what: string][] =>
  (files.find(({ path }) => path === 'profile')?.text ?? '').trimEnd().split('\n')
    .map((line) => [Number(line.slice(0, 6)), line.slice(7)]);

describe('the tick as a profiler', () => {
  const modes = ['profile=2', 'profile=2 highres=off', 'profile=2 nohz=off highres=off'];
  test.each(modes)('notes each tick of each CPU, and what it interrupts (%s)', async (cmdline) => {
    const { result, rows } = await run(cmdline);
    const ticks = rows.named('tick');
    const hits = rows.named('profile_hit');
    const noted = hits.map(({ cpu, fields }) => [cpu, fields[0], fields[1]]);
    expect(noted).toEqual(ticks.map(({ cpu, fields }) => [cpu, fields[2], fields[3]]));
    const profile = profileOf(result);
    expect(profile.at(-1)).toEqual([ticks.length, 'total']);
    expect(profile[0]![1]).toBe('hog-0 user Run');
    const seen = profile.slice(0, -1).map(([count]) => count);
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    expect(seen.reduce((sum, count) => sum + count)).toBe(ticks.length);
  });

  test('sees what a task does in proportion to how long it does it, where it is not in step with the tick', async () => {
    const counts = new Map(profileOf((await run('profile=2 nohz=off')).result).map(([count, what]) => [what, count]));
    // 6 ms, 3 ms and 2 ms of each round
    const [user, idle, kernel] = ['calls-1 user Run', 'swapper/1 idle', 'calls-1 kernel Syscall'].map((what) => counts.get(what)!);
    expect(user! / idle!).toBeCloseTo(2, 0);
    expect(user! / kernel!).toBeCloseTo(3, 0);
  });

  test('is off without the parameter, and leaves no file', async () => {
    const { result, rows } = await run('');
    expect(rows.named('profile_hit')).toEqual([]);
    expect(result.files.map(({ path }) => path)).not.toContain('profile');
  });
});
