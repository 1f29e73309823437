import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leavesOf } from '../../../scripts/linux/leaves.ts';
import { orchestrated } from '../../../scripts/linux/orchestrated.ts';
import { rtappRun } from '../../../scripts/linux/rtapp-run.ts';
import { timelineOf } from '../../../scripts/linux/timeline.ts';
import { resolveScenario } from '../../../src/workload/resolve.ts';
import { ReadView } from '../../../src/kernel/user.ts';
import { SCENARIOS } from '../../support/rtapp-files.ts';

const SECOND = 1e9;
const recorded = (window: number, t0: number, t1: number): ReturnType<typeof leavesOf> =>
  leavesOf({ window_s: window, workers: [`workload busy T0 ${t0 * SECOND} T1 ${t1 * SECOND}`] });

describe('the timeline of a recording', () => {
  test('keeps its distances, and its place between two seconds', () => {
    const time = timelineOf(recorded(5.05, 40.25, 45.25), 0);
    // back from the run it looks 80 us later
    expect([time.beforeNs, time.t0Ns, time.t1Ns]).toEqual([3.2 * SECOND + 80e3, 3.25 * SECOND, 8.25 * SECOND]);
    expect(time.liveNs).toBeGreaterThan(time.t1Ns);
    expect(time.wakeNs).toBeLessThan(time.beforeNs);
  });

  test('lets sleeps end in the tick before where they are as coarse as ticks', () => {
    const time = timelineOf(recorded(5.05, 40.25, 45.25), 4e6);
    expect(time.beforeNs + time.lookNs + time.pauseNs).toBe(time.t0Ns - 2e6);
    expect(time.t0Ns + time.runNs).toBe(time.t1Ns - 2e6);
  });

  test('of whom nobody started begins with its trace', () => {
    const time = timelineOf(leavesOf({ window_s: 9.9, trace: { span_s: 9.8 }, workers: [] }), 0);
    expect([time.t0Ns - time.beforeNs, time.t1Ns - time.t0Ns].map((ns) => Math.round(ns / 1e6))).toEqual([100, 9_800]);
  });
});

const plain = { looks: null, turn: null };
const time = timelineOf(recorded(3.06, 40.06, 43.06), 0);
const shipped = (name: string): string => readFileSync(join(SCENARIOS, `${name}.json`), 'utf8');

describe('a scenario as the recorder ran it', () => {
  const names = ['idle', 'busy', 'busy3', 'periodic', 'slack', 'share', 'mix'];

  test.each(names)('%s is a scenario with one task more, which comes first', (name) => {
    const lateTask = name === 'share' ? 'w3_busyB' : null;
    const text = orchestrated(shipped(name), `${name}.json`, time, 24e6, { polls: false, lateTask, threads: false, before: [], ...plain });
    const [alone, with_] = [shipped(name), text].map((of) => resolveScenario(of, `${name}.json`).workload.tasks.map((task) => task.name));
    expect(with_!.slice(1, alone!.length + 1).map((task) => task.split('-')[0])).toEqual(alone!.map((task) => task.split('-')[0]));
    expect(with_![0]).toBe('wl-0');
  });

  test('has its late task start and end in the middle third', () => {
    const how = { polls: false, lateTask: 'w3_busyB', threads: false, before: [], ...plain };
    const text = orchestrated(shipped('share'), 'share.json', time, 24e6, how);
    expect(text).toContain('"runtime": 1000000');
    expect(text).not.toContain('"delay": 1000000');
  });

  test('is polled for whole polls where it ends by itself, and the recorder is back at the end', () => {
    const how = { polls: true, lateTask: null, threads: false, before: [], ...plain };
    const text = orchestrated(shipped('busy'), 'busy.json', time, 24e6, how);
    const [, polls, rest] = /"polls": { "loop": (\d+), "sleep": 20000 }, "run": { "loop": 1, "sleep": (\d+) }/.exec(text)!;
    expect(Math.abs(Number(polls) * time.pollNs + Number(rest) * 1e3 - time.runNs)).toBeLessThan(1e3);
  });

  test('starts its other tasks as threads of the first, which go to their own CPUs', () => {
    const how = { polls: true, lateTask: null, threads: true, before: [], ...plain };
    const text = orchestrated(shipped('membar'), 'membar.json', time, 24e6, how);
    expect(text).toContain('"threads": { "loop": 1, "fork": "w1_spin", "fork": "w2_spin", "fork": "w3_spin" }');
    const own = '"phases": { "own": { "loop": -1, "cpus": [2], "run": 1000000 } }';
    expect(text).toContain(`"w2_spin": { "instance": 0, "cpus": [0], "loop": 1, ${own} }`);
  });

  test('has all events of the shipped one, those of repeated keys too', () => {
    const twice = '{ "tasks": { "t": { "run": 100, "sleep": 5, "run": 100 } }, "dynticks": {} }';
    const text = orchestrated(twice, 'r.json', time, 24e6, { polls: false, lateTask: null, threads: false, before: [], ...plain });
    expect(text).toContain('"work": { "loop": -1, "run": 100, "sleep": 5, "run": 100 }');
  });

  test('has a reader that looks at whole milliseconds from the start of the run on, by the views of the recorder', () => {
    const how = { polls: false, lateTask: null, threads: false, before: [], looks: ['clock_virt', 'stat'], turn: null };
    const { workload, readers } = resolveScenario(orchestrated(shipped('reader'), 'reader.json', time, 24e6, how), 'reader.json');
    const task = workload.tasks[readers[0]!.taskIndex]!;
    expect([task.name, task.delay + 24e6]).toEqual(['rd', time.t0Ns - time.shortNs]);
    expect(workload.reads[0]!.looks.map(({ view }) => view)).toEqual([ReadView.ClockVirt, ReadView.Stat]);
  });

  test('has a worker that is in user mode and in the kernel for as long as the recorded one', () => {
    const how = { polls: false, lateTask: null, threads: false, before: [], looks: null, turn: { userNs: 701_800, systemNs: 531_200 } };
    const text = orchestrated(shipped('mix'), 'mix.json', time, 24e6, how);
    expect(text).toContain('"runtime": 702, "syscall": "531200ns"');
  });

  test('is refused where a task goes through its phases more than once', () => {
    const text = '{ "tasks": { "t": { "phases": { "a": { "run": 1 } } } }, "dynticks": {} }';
    const how = { polls: false, lateTask: null, threads: false, before: [], ...plain };
    const build = (): string => orchestrated(text, 't.json', time, 0, how);
    expect(build).toThrow('goes through its phases more than once');
  });
});

test('rt-app measures its loop for as long as is left of the window, forks its threads, and sleeps for their time', () => {
  const long = timelineOf(leavesOf({ window_s: 9.9, trace: { span_s: 9.8 }, workers: [] }), 0);
  const text = rtappRun(shipped('rtapp1'), 'rtapp1.json', long, { bootNs: 24e6, durationNs: 2 * SECOND, sleepTickNs: 0, before: [] });
  const loadUs = [...text.matchAll(/"(?:try \d|again)": \{ "loop": 1, (?:"sleep": 1000000, )?"run": (\d+)/g)].map(([, us]) => Number(us));
  expect(loadUs.length).toBe(7);
  expect(loadUs.reduce((sum, us) => sum + us, 0) / 1e6).toBeCloseTo(9.8 - 6 - 2 - 0.045, 3);
  expect(resolveScenario(text, 'rtapp1.json').workload.forkPools.filter(({ size }) => size > 0).length).toBe(1);
});
