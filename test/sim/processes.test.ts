/** Processes in a whole machine: what a reader is told of them, by whom it asks and on which CPU they run. */
import { describe, expect, test } from 'vitest';
import { EVENTS, type EventName } from '../../shared/events.ts';
import { simulate } from '../../src/sim.ts';
import { resolve } from '../support/complaint.ts';
import { brokenOf } from '../support/shipped.ts';

type Row = Readonly<Record<string, number>> & { readonly t: number };

/** All records of some events, by name, in the order of the stream. */
async function recordsOf<Name extends EventName>(text: string, ...names: Name[]): Promise<Record<Name, Row[]>> {
  const rows = Object.fromEntries(names.map((name) => [name, [] as Row[]])) as Record<Name, Row[]>;
  const onEvent = (id: number, _cpu: number, t: number, fields: Float64Array, at: number): void => {
    const { name, fields: schema } = EVENTS[id]!;
    if (name in rows) rows[name as Name].push({ ...Object.fromEntries(schema.map((field, i) => [field.name, fields[at + i]!])), t });
  };
  const run = await simulate(resolve(text), { consumers: [{ onEvent }] });
  expect(brokenOf(run)).toEqual({});
  return rows;
}

describe('a process that computes on a CPU without ticks', () => {
  const spin = (...readers: string[]): string => `{"tasks": {"spin": {"cpus": [1], "run": 2500000}}, "dynticks": {
    "cpus": 3, "duration": "2500ms", "cmdline": "nohz_full=1", "tickOff": [1], "readers": [${readers.join(', ')}]}}`;
  const reader = (name: string, cpu: number, every: string, of: string, what: string): string =>
    `{"name": "${name}", "cpu": ${cpu}, "every": "${every}", "${of}": ["spin"], "what": ["${what}"]}`;
  const distinct = (rows: readonly Row[]): number => new Set(rows.map(({ rtime }) => rtime)).size;
  const far = (rows: readonly Row[]): Row[] => rows.filter(({ t }) => t > 1_100e6);

  test('moves once a second for a stranger that looks at its run time, and goes on in user time', async () => {
    const { thread_group_cputime: looks } = await recordsOf(spin(reader('top', 0, '20ms', 'processes', 'stat')), 'thread_group_cputime');
    expect(looks.length).toBeGreaterThan(100);
    expect(distinct(looks)).toBeLessThanOrEqual(5);
    expect(new Set(looks.map(({ utime }) => utime)).size).toBeGreaterThan(100);
    const behind = Math.max(...looks.map(({ utime, stime, rtime }) => utime! + stime! - rtime!));
    expect(behind).toBeGreaterThan(900e6);
    expect(behind).toBeLessThan(1_100e6);
  });

  test('is fresh for the stranger, too, while somebody reads the clock of its thread', async () => {
    const text = spin(reader('top', 0, '20ms', 'processes', 'stat'), reader('clock', 2, '10ms', 'tasks', 'thread_sched'));
    const { thread_group_cputime: looks } = await recordsOf(text, 'thread_group_cputime');
    for (const { utime, stime, rtime } of far(looks)) expect(utime! + stime! - rtime!).toBeLessThan(11e6);
  });
});

describe('a family of processes', () => {
  const FAMILY = `{"tasks": {
      "parent": {"loop": 4, "run": 500, "fork": "child", "sleep": 3000, "reap": ""},
      "child": {"instance": 0, "loop": 1, "run": 1500, "syscall": "700us", "fork": "grandchild", "reap": ""},
      "grandchild": {"instance": 0, "loop": 1, "syscall": "400us", "run": 300}},
    "dynticks": {"cpus": 2, "duration": "80ms", "cputime": "gen",
      "readers": [{"name": "rd", "every": "2ms", "processes": ["parent"], "what": ["rusage_children", "times"]}]}}`;

  test('hands all that ran down to the one that waits', async () => {
    const { wait_task_zombie: reaped, getrusage } = await recordsOf(FAMILY, 'wait_task_zombie', 'getrusage');
    const parent = 2;
    const own = reaped.filter(({ by }) => by === parent);
    expect([reaped.length, own.length]).toEqual([8, 4]);
    const ran = reaped.reduce((sum, { utime, stime }) => sum + utime! + stime!, 0);
    const { cutime, cstime } = own.at(-1)!;
    expect(cutime! + cstime!).toBe(ran);
    // 4 of 2.2 ms and 4 of 0.7 ms, and the ways in and out of the kernel
    expect(ran).toBeGreaterThan(4 * 2.9e6);
    expect(ran).toBeLessThan(4 * 3.1e6);
    const children = getrusage.filter(({ who }) => who === -1).map(({ utime, stime }) => utime! + stime!);
    expect([children[0], children.at(-1)]).toEqual([0, ran]);
    expect(children).toEqual([...children].sort((a, b) => a - b));
  });
});

describe('what /proc has of processes that end', () => {
  test('a leader that is dead while its thread lives, and a child that nobody has asked for, are zombies; others are gone', async () => {
    const { files } = await simulate(resolve(`{"tasks": {
        "leader": {"loop": 1, "run": 500},
        "worker": {"loop": -1, "run": 1500},
        "alone": {"loop": 1, "run": 300, "fork": "orphan"},
        "orphan": {"instance": 0, "loop": -1, "run": 700, "sleep": 300},
        "parent": {"loop": 1, "run": 500, "fork": "child", "sleep": 300000, "reap": ""},
        "child": {"instance": 0, "loop": 1, "run": 200}},
      "dynticks": {"cpus": 2, "duration": "60ms", "processes": {"p": ["leader", "worker"]}}}`));
    const stats = files.filter(({ path }) => /^proc\/\d+\/task\/\d+\/stat$/.test(path)).map(({ text }) => text.split(' '));
    const shown = stats.map(([, name, state]) => `${name} ${state}`).sort();
    expect(shown.map((each) => each.replace(/-[\d-]+\)/, ')'))).toEqual([
      '(child) Z', '(leader) Z', expect.stringMatching(/^\(orphan\) [RS]$/), '(parent) S', '(worker) R',
    ]);
    // the orphan's parent is no more, the child's is
    const parentOf = (name: string): string => stats.find((stat) => stat[1]!.startsWith(`(${name}`))![3]!;
    expect([parentOf('orphan'), parentOf('child')]).toEqual(['0', stats.find((stat) => stat[1]!.startsWith('(parent'))![0]]);
  });
});
