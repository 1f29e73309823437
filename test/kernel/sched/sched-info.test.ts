/** What schedstat shows, beside a plain walk over the trace: who waits since when, and for how long. */
import { describe, expect, test } from 'vitest';
import { EVENTS, Event } from '../../../shared/events.ts';
import { simulate } from '../../../src/sim.ts';
import { resolve } from '../../support/engine.ts';
import { brokenOf } from '../../support/shipped.ts';

interface Waits { runDelayNs: number; timeslices: number }

/** By task, and by CPU, as the trace's wake-ups and switches have it. */
class Walk {
  readonly tasks = new Map<number, Waits>();
  readonly cpus = new Map<number, Waits & { cpuTimeNs: number }>();
  private readonly since = new Map<number, number>();
  private readonly cameAt = new Map<number, number>();

  onEvent(id: number, cpu: number, t: number, fields: Float64Array, at: number): void {
    const field = (name: string): number => fields[at + EVENTS[id]!.fields.findIndex((each) => each.name === name)]!;
    if (id === Event.sched_wakeup || id === Event.sched_wakeup_new) this.waits(field('task'), t);
    if (id !== Event.sched_switch) return;
    if (field('prev') >= CPUS) this.leaves(cpu, field('prev'), field('prev_state') === 0, t);
    if (field('next') >= CPUS) this.comes(cpu, field('next'), t);
  }

  private waits(task: number, t: number): void {
    // one that has not slept yet was never off the CPU
    if (!this.since.has(task) && !this.cameAt.has(task)) this.since.set(task, t);
  }

  private leaves(cpu: number, task: number, runnable: boolean, t: number): void {
    this.ofCpu(cpu).cpuTimeNs += t - this.cameAt.get(task)!;
    this.cameAt.delete(task);
    if (runnable) this.since.set(task, t);
  }

  private comes(cpu: number, task: number, t: number): void {
    const waited = t - this.since.get(task)!;
    this.since.delete(task);
    this.cameAt.set(task, t);
    for (const waits of [this.ofTask(task), this.ofCpu(cpu)]) {
      waits.runDelayNs += waited;
      waits.timeslices += 1;
    }
  }

  private ofTask(task: number): Waits {
    if (!this.tasks.has(task)) this.tasks.set(task, { runDelayNs: 0, timeslices: 0 });
    return this.tasks.get(task)!;
  }

  private ofCpu(cpu: number): Waits & { cpuTimeNs: number } {
    if (!this.cpus.has(cpu)) this.cpus.set(cpu, { runDelayNs: 0, timeslices: 0, cpuTimeNs: 0 });
    return this.cpus.get(cpu)!;
  }
}

const CPUS = 2;

const WORKLOADS = {
  'that share a CPU, sleep and are woken across CPUs': `{"tasks": {
    "hog": {"instance": 2, "cpus": [0], "run": 3000}, "other": {"cpus": [0, 1], "run": 900, "sleep": 700},
    "there": {"cpus": [1], "run": 200, "resume": "q", "sleep": 2000}, "here": {"cpus": [0], "suspend": "q", "run": 300}}`,
  'that change their affinity while they run': `{"tasks": {
    "roamer": {"phases": {"a": {"cpus": [0], "run": 800}, "b": {"cpus": [1], "run": 700}}},
    "hog": {"instance": 2, "run": 1100, "sleep": 100}}`,
  'with a budget that others must wait for': `{"tasks": {
    "dl": {"policy": "SCHED_DEADLINE", "runtime": 2000, "period": 10000, "run": 5000}, "hog": {"instance": 3, "run": 900, "sleep": 50}}`,
};

describe('tasks', () => {
  test.each(Object.entries(WORKLOADS))('%s wait as long, and run as often, as the trace shows', async (_, text) => {
    const walk = new Walk();
    const run = await simulate(resolve(`${text}, "dynticks": {"cpus": ${CPUS}, "duration": "300ms"}}`), { consumers: [walk] });
    expect(brokenOf(run)).toEqual({});
    const tasks = run.snapshot.tasks.map(({ runDelayNs, timeslices }) => ({ runDelayNs, timeslices }));
    expect(tasks).toEqual(tasks.map((_each, i) => walk.tasks.get(CPUS + i) ?? { runDelayNs: 0, timeslices: 0 }));
    expect(run.snapshot.cpus.map(({ runDelayNs, timeslices, cpuTimeNs }) => ({ runDelayNs, timeslices, cpuTimeNs })))
      .toEqual([0, 1].map((cpu) => walk.cpus.get(cpu)));
    expect(Math.max(...tasks.map(({ runDelayNs }) => runDelayNs))).toBeGreaterThan(1_000_000);
  });
});
