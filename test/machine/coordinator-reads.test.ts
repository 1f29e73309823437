import { describe, expect, test } from 'vitest';
import { engineOf, resolve, Rows, runToLimit } from '../support/engine.ts';

const LIMIT = 60_000_000;
const CPUS = 2;
const TEXT = `{
  "tasks": {"mix": {"loop": -1, "cpus": [1], "run": 300, "syscall": "200us"}},
  "dynticks": {"cpus": ${CPUS}, "cmdline": "nohz_full=1", "readers": [
    {"name": "nobody", "from": "coordinator", "every": "90us", "tasks": ["mix"], "cpus": "all", "reader": "complete"}]}}`;

describe('a reader that is the coordinator', () => {
  const rows = new Rows();
  const engine = engineOf(resolve(TEXT), LIMIT, [rows]);
  runToLimit(engine, LIMIT);
  const looks = rows.named('task_cputime');

  test('looks each period, at the start of an event of its own', () => {
    expect(looks.length).toBeGreaterThan(300);
    expect(new Set(looks.map(({ cpu }) => cpu))).toEqual(new Set([CPUS]));
    expect(new Set(looks.slice(1).map(({ t }, i) => t - looks[i]!.t))).toEqual(new Set([90_000]));
    expect(looks.every(({ t, fields }) => fields[3] === t)).toBe(true);
    expect(rows.named('kcpustat_cpu_fetch').length).toBe(CPUS * looks.length);
  });

  test('sees the task go on, in user mode and in the kernel', () => {
    const [utime, stime] = [17, 18].map((field) => looks.map(({ fields }) => fields[field]!));
    for (const times of [utime!, stime!]) {
      expect(times.every((ns, i) => i === 0 || ns >= times[i - 1]!)).toBe(true);
      expect(new Set(times).size).toBeGreaterThan(100);
    }
  });

  test('does not disturb the machine: its task sleeps, and no CPU hears of it', () => {
    const from = looks[0]!.t;
    expect(rows.named('csd_queue_cpu').filter(({ cpu, t }) => cpu === CPUS && t >= from)).toEqual([]);
    expect(rows.named('sched_waking').filter(({ t }) => t >= from)).toEqual([]);
  });
});
