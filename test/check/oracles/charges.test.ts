import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { GuestWithinUser } from '../../../src/check/oracles/guest-within-user.ts';
import { KsoftirqdRuntime } from '../../../src/check/oracles/ksoftirqd-runtime.ts';
import { StealCharges } from '../../../src/check/oracles/steal-charges.ts';
import { TickCharges } from '../../../src/check/oracles/tick-charges.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 1;
const sampling = runFacts(1, 'tick', ['ksoftirqd/0', 'vcpu']);
const withThread = (facts: RunFacts): RunFacts =>
  ({ ...facts, tasks: facts.tasks.map((task) => (task.name.startsWith('ksoftirqd') ? { ...task, kernel: true as const } : task)) });

describe('A-04, the run time of ksoftirqd', () => {
  const serves = (ns: number, runtime: number) => new EventStream()
    .add('context', 0, 100, { mode: Mode.System, task: T }).add('context', 0, 200, { mode: Mode.Softirq, task: T })
    .add('sched_stat_runtime', 0, 200 + ns, { task: T, runtime }).add('sched_switch', 0, 200 + ns, { prev: T, next: 0 });

  it('holds for a thread that is given what it ran, and is not exercised by others', () => {
    expect(judgeStream(KsoftirqdRuntime, withThread(sampling), serves(10 * TICK, 9 * TICK + 100))).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(KsoftirqdRuntime, sampling, serves(10 * TICK, 0))).toEqual({ verdict: 'not exercised' });
  });

  it('finds softirqs that are not its own time', () => {
    expect(witnessOf(judgeStream(KsoftirqdRuntime, withThread(sampling), serves(10 * TICK, 100))).says)
      .toBe(`ksoftirqd/0 leaves CPU 0 at ${10 * TICK + 200} ns with a run time of 100 ns; it had really run ${10 * TICK + 100} ns`);
  });

  it('allows for interrupts where they are timed', () => {
    const timed = withThread(runFacts(1, 'tick+irqtime', ['ksoftirqd/0']));
    const stream = (runtime: number) => new EventStream().add('context', 0, 0, { mode: Mode.Irq, task: 0 })
      .add('context', 0, 500, { mode: Mode.Softirq, task: T }).add('sched_stat_runtime', 0, 500 + 2 * TICK, { task: T, runtime })
      .add('sched_switch', 0, 500 + 2 * TICK, { prev: T });
    expect(judgeStream(KsoftirqdRuntime, timed, stream(TICK - 500)).verdict).toBe('held');
    expect(judgeStream(KsoftirqdRuntime, timed, stream(TICK - 501)).verdict).toBe('broken');
  });
});

describe('A-07, ticks charge themselves', () => {
  const ticks = (charged: number) => new EventStream().add('tick', 0, 1).add('tick', 0, 2).add('account_idle_ticks', 0, 3, { ticks: 2 })
    .add('account_idle_ticks', 0, 4, { ticks: -1 }).add('kcpustat_final', 0, 9, { cpu: 0, user: charged, idle: TICK, irq: 9 * TICK });

  it('holds for as many ticks as came, or were made up for', () => {
    expect(judgeStream(TickCharges, sampling, ticks(3 * TICK))).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds one nanosecond more, at the end or in a look', () => {
    expect(witnessOf(judgeStream(TickCharges, sampling, ticks(3 * TICK + 1))).says)
      .toBe(`4 ticks of CPU 0 had charged ${4 * TICK + 1} ns by 9 ns: 1 ns more than they are long`);
    const look = new EventStream().add('tick', 0, 1).add('kcpustat_cpu_fetch', 0, 5, { cpu: 0, system: 2 * TICK });
    expect(judgeStream(TickCharges, sampling, look).verdict).toBe('broken');
    expect(judgeStream(TickCharges, racingFacts(sampling, 1000), look)).toEqual({ verdict: 'not exercised' });
  });

  it('asks nothing where ticks charge nothing', () => {
    expect(judgeStream(TickCharges, runFacts(1, 'gen', []), ticks(9 * TICK))).toEqual({ verdict: 'not exercised' });
  });
});

describe('A-08, stolen time', () => {
  const stolen = (steal: number, fresh: number) => new EventStream().add('context', 0, 100, { mode: Mode.Steal })
    .add('context', 0, 150, { mode: Mode.User }).add('account_steal_time', 0, 200, { steal, fresh });

  it('holds for what was stolen, charged once', () => {
    expect(judgeStream(StealCharges, sampling, stolen(50, 50))).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(StealCharges, sampling, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('counts the theft that goes on', () => {
    const goesOn = new EventStream().add('context', 0, 100, { mode: Mode.Steal })
      .add('account_steal_time', 0, 130, { steal: 30, fresh: 30 });
    expect(judgeStream(StealCharges, sampling, goesOn).verdict).toBe('held');
  });

  it('finds more than the clock has gained, more than was stolen, less than nothing, and twice the same', () => {
    expect(witnessOf(judgeStream(StealCharges, sampling, stolen(50, 49))).says)
      .toBe('CPU 0 charges 50 ns as stolen at 200 ns, of 49 that its steal clock has gained; 50 ns were really stolen from it so far, ' +
        'and 50 are charged now');
    expect(judgeStream(StealCharges, sampling, stolen(51, 51)).verdict).toBe('broken');
    expect(judgeStream(StealCharges, sampling, stolen(-1, 9)).verdict).toBe('broken');
    expect(judgeStream(StealCharges, sampling, stolen(40, 40).add('account_steal_time', 0, 300, { steal: 40, fresh: 40 })).verdict)
      .toBe('broken');
  });

  it('finds an account that ends below zero', () => {
    expect(witnessOf(judgeStream(StealCharges, sampling, new EventStream().add('kcpustat_final', 0, 9, { cpu: 0, nice: -3 }))).says)
      .toBe('nice of CPU 0 ends at -3 ns');
    expect(witnessOf(judgeStream(StealCharges, sampling, new EventStream().add('task_final', 0, 9, { task: 2, utime: -1 }))).says)
      .toBe('utime of vcpu ends at -1 ns');
  });
});

describe('R-05, guest within user', () => {
  const gen = runFacts(1, 'gen', ['vcpu']);
  const look = (gtime: number, reader = 1) => new EventStream().add('context', 0, 0, { mode: Mode.User, task: T })
    .add('task_gtime', 0, 50, { by: T, task: T, reader, t: 50, p: KTIME_MAX, state: VtimeState.User, starttime: 0, gtime });

  it('holds for what a CPU shows, and for what a task had', () => {
    const stream = look(50).add('kcpustat_cpu_fetch', 0, 60, { cpu: 0, user: 5, guest: 5, nice: 2, guest_nice: 1 });
    expect(judgeStream(GuestWithinUser, gen, stream)).toEqual({ verdict: 'held', checked: 2 });
    expect(judgeStream(GuestWithinUser, gen, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds more guest than user of a CPU, in either pair, shown or at the end', () => {
    for (const event of ['kcpustat_cpu_fetch', 'kcpustat_final'] as const) {
      expect(witnessOf(judgeStream(GuestWithinUser, gen, new EventStream().add(event, 0, 9, { cpu: 0, user: 5, guest: 6 }))).says)
        .toBe('CPU 0 has 6 ns of guest time and 5 ns of user time');
      expect(witnessOf(judgeStream(GuestWithinUser, gen, new EventStream().add(event, 0, 9, { cpu: 0, nice: 5, guest_nice: 6 }))).says)
        .toContain('CPU 0 (nice)');
    }
  });

  it('finds a task with more, told or recorded', () => {
    expect(witnessOf(judgeStream(GuestWithinUser, gen, look(51))).says)
      .toBe('vcpu, as vcpu was told, has 51 ns of guest time and 50 ns of user time');
    const ends = new EventStream().add('task_final', 0, 9, { task: T, utime: 1, gtime: 2 });
    expect(judgeStream(GuestWithinUser, gen, ends).verdict).toBe('broken');
  });

  it('does not hold linux to it while a hypervisor steals', () => {
    expect(judgeStream(GuestWithinUser, { ...gen, steals: true }, look(51, 0)).verdict).toBe('held');
  });
});
