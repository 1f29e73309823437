import { describe, expect, test } from 'vitest';
import { simulate } from '../../../src/sim.ts';
import { EVENTS, Event } from '../../../shared/events.ts';
import { resolve } from '../../support/engine.ts';
import { brokenOf } from '../../support/shipped.ts';

/** What a reader is told of uptime, and of each CPU right after it, over 200 ms in which CPU 1 sleeps most of the time. */
async function looks(cmdline: string, faults: string[] = []) {
  const rows: { name: string; fields: Record<string, number> }[] = [];
  const run = await simulate(resolve(`{
    "tasks": {"now": {"cpus": [1], "loop": -1, "run": 300, "sleep": 60000}},
    "dynticks": {"cpus": 2, "readers": [{"name": "r", "cpu": 0, "every": "25ms", "what": ["uptime", "kcpustat"], "cpus": "all"}]}}`,
  { cmdline, faults, durationNs: 200e6 }), {
    consumers: [{
      onEvent: (id, _cpu, _t, fields, at) => {
        const { name, fields: schema } = EVENTS[id]!;
        if (![Event.proc_uptime, Event.cpu_idle_time, Event.kcpustat_cpu_fetch].includes(id)) return;
        rows.push({ name, fields: Object.fromEntries(schema.map((field, i) => [field.name, fields[at + i]!])) });
      },
    }],
  });
  return { run, of: (name: string) => rows.filter((row) => row.name === name).map(({ fields }) => fields) };
}

describe('uptime', () => {
  test('is boot time, and the sleeps of all CPUs where ticks may stop, to the microsecond', async () => {
    const { run, of } = await looks('');
    expect(brokenOf(run)).toEqual({});
    for (const { t, uptime, idle } of of('proc_uptime')) {
      expect(uptime).toBeGreaterThan(0);
      expect(uptime).toBeLessThanOrEqual(t!);
      expect(idle! % 1_000).toBe(0);
    }
    const idles = of('proc_uptime').map(({ idle }) => idle!);
    // a CPU sleeps, so it grows by what has passed
    expect(idles.slice(1).every((ns, i) => ns - idles[i]! > 24e6)).toBe(true);
  });

  test('is what ticks have charged where none may stop', async () => {
    const { run, of } = await looks('nohz=off');
    expect(brokenOf(run)).toEqual({});
    expect(of('cpu_idle_time')).toEqual([]);
    const charged = of('kcpustat_cpu_fetch').map(({ idle }) => idle!);
    of('proc_uptime').forEach(({ idle }, i) => expect(idle).toBe(charged[2 * i]! + charged[2 * i + 1]!));
  });

  test('by charges alone lacks the sleep under way', async () => {
    const { run } = await looks('', ['B-18']);
    expect(Object.keys(brokenOf(run))).toEqual(['F-05']);
  });
});
