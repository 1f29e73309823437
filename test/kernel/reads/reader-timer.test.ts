import { describe, expect, test } from 'vitest';
import { engineOf, resolve, Rows, runToLimit, type Row } from '../../support/engine.ts';

const LIMIT = 60_000_000;
const scenario = (readers: string, cuts = ''): string => `{
  "tasks": {"mix": {"loop": -1, "cpus": [1], "run": 300, "syscall": "200us"}},
  "dynticks": {"cpus": 2, "cmdline": "nohz_full=1", "readers": [${readers}]${cuts}}}`;
const TIMER = '{"name": "irq", "from": "timer", "cpu": 0, "every": "70us", "tasks": ["mix"], "cpus": [1], "reader": "complete"}';

/** Everything that CPU 0 did, event by event. */
function eventsOf(text: string): Row[][] {
  const rows = new Rows();
  const engine = engineOf(resolve(text), LIMIT, [rows]);
  runToLimit(engine, LIMIT);
  const events: Row[][] = [];
  for (const row of rows.all.filter(({ cpu }) => cpu === 0)) {
    if (row.name === 'event') events.push([]);
    events.at(-1)!.push(row);
  }
  return events;
}

describe('a reader in interrupts', () => {
  const passes = eventsOf(scenario(TIMER)).filter((event) => event.some(({ name }) => name === 'task_cputime'));

  test('makes all its looks within one interrupt of its timer', () => {
    expect(passes.length).toBeGreaterThan(400);
    for (const event of passes) {
      const names = event.map(({ name }) => name).filter((name) => /^(local_timer|task_cputime|kcpustat|cpu_idle_time)/.test(name));
      expect(names).toEqual(['local_timer_entry', 'task_cputime', 'kcpustat_cpu_fetch', 'local_timer_exit']);
    }
  });

  test('looks as of the instant at which the interrupt came', () => {
    for (const [begin, ...rest] of passes) {
      for (const { t, fields } of rest.filter(({ name }) => name === 'task_cputime' || name === 'kcpustat_cpu_fetch')) {
        expect(fields[3]).toBe(begin!.t);
        expect(t).toBeGreaterThan(begin!.t);
      }
    }
  });

  test('comes again each period', () => {
    const due = passes.map((event) => event.find(({ name }) => name === 'hrtimer_expire_entry')!.fields[3]!);
    expect(new Set(due.slice(1).map((at, i) => (at - due[i]!) % 70_000))).toEqual(new Set([0]));
  });
});
