import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { Cpustat } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX, NONE } from '../../../shared/units.ts';
import { KcpustatTrue } from '../../../src/check/oracles/kcpustat-true.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 2;
const LINUX = 0;
const COMPLETE = 1;
const facts = runFacts(2, ['gen', 'tick'], ['thread0-0', 'reader-0']);
const judge = (stream: EventStream, of = facts) => judgeStream(KcpustatTrue, of, stream);

/** CPU 0 up at 10, its accounts from 20; the task in the kernel from 100, in user mode from 130. */
const aDay = () =>
  new EventStream()
    .add('context', 0, 10, { mode: Mode.System, task: 0 })
    .add('vtime_publish', 0, 20, { task: 0, k: 1, state: VtimeState.Idle, cpu: 0, starttime: 20 })
    .add('vtime_publish', 0, 100, { task: 0, k: 2, state: VtimeState.Inactive, cpu: -1, starttime: 100 })
    .add('vtime_publish', 0, 100, { task: T, k: 1, state: VtimeState.Sys, cpu: 0, starttime: 100 })
    .add('context', 0, 100, { mode: Mode.System, task: T })
    .add('vtime_publish', 0, 130, { task: T, k: 2, state: VtimeState.User, cpu: 0, starttime: 130, vtime_stime: 30 })
    .add('context', 0, 130, { mode: Mode.User, task: T });

const look = (fields: Record<string, number> = {}) => ({
  by: 3, cpu: 0, reader: COMPLETE, t: 200, task: T, k: 2, state: VtimeState.User, starttime: 130, p: KTIME_MAX,
  idle: 80, system: 30, user: 70, ...fields,
});

describe('V-03, what a reader is told of a CPU', () => {
  it('holds for all that the CPU did, and for linux less what is pending of another kind', () => {
    const stream = aDay().add('kcpustat_cpu_fetch', 1, 200, look())
      .add('kcpustat_cpu_fetch', 1, 200, look({ reader: LINUX, system: 0 }))
      .add('kcpustat_field', 1, 200, { ...lookOf(), usage: Cpustat.User, value: 70 });
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 3 });
  });

  it('is not exercised without a look', () => {
    expect(judge(aDay())).toEqual({ verdict: 'not exercised' });
  });

  it('waits for the version that a look went through', () => {
    const early = new EventStream()
      .add('kcpustat_cpu_fetch', 1, 90, look({ t: 90, k: 1, state: VtimeState.Sys, starttime: 100, system: 0, user: 0 }))
      .add('context', 0, 10, { mode: Mode.System, task: 0 })
      .add('vtime_publish', 0, 20, { task: 0, k: 1, state: VtimeState.Idle, cpu: 0, starttime: 20 })
      .add('vtime_publish', 0, 100, { task: T, k: 1, state: VtimeState.Sys, cpu: 0, starttime: 100 });
    expect(judge(early)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a nanosecond in a slot, in all or alone', () => {
    const witness = witnessOf(judge(aDay().add('kcpustat_cpu_fetch', 1, 200, look({ user: 71 }))));
    expect(witness.says).toBe('reader-0 (complete reader) was told that CPU 0 has 71 ns of user at 200 ns; it should have been 70');
    const alone = aDay().add('kcpustat_field', 1, 200, { ...lookOf(), usage: Cpustat.System, value: 29 });
    expect(witnessOf(judge(alone)).says).toContain('29 ns of system');
  });

  it('finds accounts without their pending time, however the reader reads', () => {
    expect(witnessOf(judge(aDay().add('kcpustat_cpu_fetch', 1, 200, look({ reader: LINUX, user: 0, system: 0 })))).says)
      .toContain('(linux reader) was told that CPU 0 has 0 ns of user at 200 ns; it should have been 70');
  });

  it('shows an idle CPU’s time to complete only', () => {
    const idle = (reader: number, ns: number) => new EventStream()
      .add('context', 0, 10, { mode: Mode.Idle, task: 0 })
      .add('vtime_publish', 0, 20, { task: 0, k: 1, state: VtimeState.Idle, cpu: 0, starttime: 20 })
      .add('kcpustat_cpu_fetch', 1, 200, look({
        reader, task: 0, k: 1, state: VtimeState.Idle, starttime: 20, idle: ns, system: 0, user: 0,
      }));
    expect([judge(idle(COMPLETE, 180)).verdict, judge(idle(LINUX, 0)).verdict]).toEqual(['held', 'held']);
    expect([judge(idle(COMPLETE, 0)).verdict, judge(idle(LINUX, 180)).verdict]).toEqual(['broken', 'broken']);
  });

  it('lets complete see what is being stolen, and linux take it for the task’s', () => {
    const robbed = (fields: Record<string, number>) => aDay()
      .add('context', 0, 150, { mode: Mode.Steal, task: T }).add('context', 0, 165, { mode: Mode.User, task: T })
      .add('kcpustat_cpu_fetch', 1, 200, look(fields));
    expect(judge(robbed({ user: 55, steal: 15 })).verdict).toBe('held');
    expect(judge(robbed({ user: 70, steal: 0 })).verdict).toBe('broken');
    expect(judge(robbed({ reader: LINUX, system: 0, user: 70, steal: 0 })).verdict).toBe('held');
    expect(judge(robbed({ reader: LINUX, system: 0, user: 55, steal: 15 })).verdict).toBe('broken');
  });

  it('leaves out what a task has carried off', () => {
    const gone = (system: number) => aDay()
      .add('vtime_publish', 0, 150, { task: T, k: 3, state: VtimeState.Inactive, cpu: -1, vtime_stime: 30, vtime_utime: 20 })
      .add('vtime_publish', 0, 150, { task: 0, k: 3, state: VtimeState.Idle, cpu: 0, starttime: 150 })
      .add('context', 0, 150, { mode: Mode.Idle, task: 0 })
      .add('kcpustat_cpu_fetch', 1, 200, look({ task: 0, k: 3, state: VtimeState.Idle, starttime: 150, idle: 130, system, user: 0 }));
    expect(judge(gone(0)).verdict).toBe('held');
    expect(witnessOf(judge(gone(30))).says).toContain('30 ns of system at 200 ns; it should have been 0');
  });

  it('is the ticks where ticks sample, but not where CPUs race', () => {
    const ticked = (user: number) => new EventStream()
      .add('context', 1, 90, { mode: Mode.User, task: T }).add('context', 1, 99, { mode: Mode.Irq, task: T })
      .add('tick', 1, 100, { task: T })
      .add('kcpustat_cpu_fetch', 0, 200, { ...look(), cpu: 1, task: NONE, k: 0, idle: 0, system: 0, user });
    expect(judge(ticked(TICK)).verdict).toBe('held');
    expect(judge(ticked(0)).verdict).toBe('broken');
    expect(judge(ticked(0), racingFacts(facts, 1000)).verdict).toBe('not exercised');
  });

  it('is what was measured until the last tick or switch where edges are measured', () => {
    const measured = (user: number) => new EventStream()
      .add('context', 1, 10, { mode: Mode.System, task: 1 }).add('context', 1, 20, { mode: Mode.System, task: 1 })
      .add('context', 1, 30, { mode: Mode.User, task: T }).add('context', 1, 90, { mode: Mode.Irq, task: T })
      .add('tick', 1, 95, { task: T }).add('context', 1, 99, { mode: Mode.User, task: T })
      .add('kcpustat_cpu_fetch', 0, 200, { ...look(), cpu: 1, task: NONE, k: 0, idle: 10, system: 0, irq: 5, user });
    const native = runFacts(2, 'native', ['thread0-0', 'reader-0']);
    expect(judge(measured(60), native)).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(judge(measured(161), native)).says).toContain('161 ns of user at 200 ns; it should have been 60');
  });

  it('does not ask which of user and nice it is once a task has crossed nice 0', () => {
    const crossed = aDay().add('sched_set_nice', 0, 190, { task: T, nice: 4 })
      .add('kcpustat_cpu_fetch', 1, 200, look({ user: 10, nice: 60 }));
    expect(judge(crossed).verdict).toBe('held');
    expect(judge(aDay().add('kcpustat_cpu_fetch', 1, 200, look({ user: 10, nice: 60 }))).verdict).toBe('broken');
  });

  it('remembers many versions while CPUs race', () => {
    const stream = aDay();
    for (let n = 0; n < 200; n++) {
      stream.add('vtime_publish', 0, 200 + n, { task: T, k: 3 + n, state: VtimeState.User, cpu: 0, starttime: 200 + n, vtime_stime: 30 });
    }
    expect(judge(stream.add('kcpustat_cpu_fetch', 1, 150, look({ t: 150, user: 20 })), racingFacts(facts, 1000)))
      .toEqual({ verdict: 'held', checked: 1 });
  });
});

function lookOf(): Record<string, number> {
  const { by, cpu, reader, t, task, k, state, starttime, p } = look();
  return { by, cpu, reader, t, task, k, state, starttime, p };
}
