import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { CpuExact } from '../../../src/check/oracles/cpu-exact.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 1;
const END = 10 * TICK;
const gen = runFacts(1, 'gen', ['thread0-0']);
const sampling = runFacts(1, 'tick', ['thread0-0']);

/** Up at 500, its accounts from 600; the task from 1000: 700 in the kernel, then user mode to the end, flushed 50 before. */
const tracked = (cpu: Record<string, number> = {}) =>
  new EventStream()
    .add('context', 0, 500, { mode: Mode.System, task: 0 })
    .add('vtime_publish', 0, 600, { task: 0, state: VtimeState.Idle, cpu: 0, starttime: 600 })
    .add('vtime_publish', 0, 1000, { task: 0, state: VtimeState.Inactive, cpu: -1 })
    .add('vtime_publish', 0, 1000, { task: T, state: VtimeState.Sys, cpu: 0, starttime: 1000 })
    .add('context', 0, 1000, { mode: Mode.System, task: T })
    .add('context', 0, 1700, { mode: Mode.User, task: T })
    .add('kcpustat_final', 0, END, { cpu: 0, idle: 400, user: END - 2050, ...cpu })
    .add('task_final', 0, END, {
      task: T, cpu: 0, vtime_state: VtimeState.User, starttime: END - 50, vtime_utime: 300, vtime_stime: 700,
    });

const sampled = (cpu: Record<string, number> = {}) => {
  const stream = new EventStream();
  for (let n = 1; n < 10; n++) {
    const task = n < 4 ? 0 : T;
    stream.add('context', 0, n * TICK - 5, { mode: n < 4 ? Mode.Idle : Mode.User, task })
      .add('context', 0, n * TICK, { mode: Mode.Irq, task }).add('tick', 0, n * TICK, { task });
  }
  return stream.add('kcpustat_final', 0, END, { cpu: 0, idle: 3 * TICK, user: 6 * TICK, ...cpu });
};

describe('C-07, exact slots', () => {
  it('holds to the nanosecond where edges are accounted, to the tick where ticks sample', () => {
    expect(judgeStream(CpuExact, gen, tracked(), END)).toEqual({ verdict: 'held', checked: 1 });
    expect(judgeStream(CpuExact, sampling, sampled(), END)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('is not exercised without final figures', () => {
    expect(judgeStream(CpuExact, gen, new EventStream().add('context', 0, 1), END)).toEqual({ verdict: 'not exercised' });
  });

  it('finds a nanosecond in any slot', () => {
    for (const slot of ['user', 'nice', 'system', 'irq', 'softirq', 'idle', 'steal', 'guest', 'guest_nice']) {
      const wrong = { [slot]: slot === 'user' ? END - 2049 : slot === 'idle' ? 401 : 1 };
      expect(witnessOf(judgeStream(CpuExact, gen, tracked(wrong), END)).says, slot).toContain(slot);
    }
    expect(witnessOf(judgeStream(CpuExact, gen, tracked({ system: 1 }), END)).says)
      .toBe('CPU 0 ends with 1 ns of system, 700 ns of it are pending or carried off; its contexts and ticks come to 700 ns');
  });

  it('finds a tick that went to the wrong slot', () => {
    const witness = witnessOf(judgeStream(CpuExact, sampling, sampled({ user: 5 * TICK, system: TICK }), END));
    expect(witness.says).toContain(`CPU 0 ends with ${5 * TICK} ns of user`);
    expect(witness.events.map(({ event }) => event)).toEqual(['kcpustat_final']);
    expect(judgeStream(CpuExact, sampling, sampled({ idle: 2 * TICK, iowait: TICK }), END).verdict).toBe('broken');
  });

  it('does not ask which of user and nice it is once a task has crossed nice 0 without ticks', () => {
    const crossed = tracked({ user: 50, nice: END - 2100 }).add('sched_set_nice', 0, END, { task: T, nice: 3 });
    expect(judgeStream(CpuExact, gen, crossed, END).verdict).toBe('held');
    expect(judgeStream(CpuExact, gen, tracked({ user: 50, nice: END - 2100 }), END).verdict).toBe('broken');
  });

  it('finds what a task carried to another CPU', () => {
    const two = runFacts(2, 'gen', ['thread0-0']);
    const T2 = 2;
    const moved = (there: number) => new EventStream()
      .add('vtime_publish', 0, 0, { task: T2, state: VtimeState.Sys })
      .add('context', 0, 0, { mode: Mode.System, task: T2 })
      .add('vtime_publish', 0, 600, { task: T2, state: VtimeState.Inactive, vtime_stime: 600 })
      .add('context', 0, 600, { mode: Mode.Idle, task: 0 })
      .add('vtime_publish', 1, 600, { task: T2, state: VtimeState.Sys, vtime_stime: 600 })
      .add('context', 1, 600, { mode: Mode.System, task: T2 })
      .add('kcpustat_final', 0, 900, { cpu: 0, idle: 300 })
      .add('kcpustat_final', 1, 900, { cpu: 1, system: there })
      .add('task_final', 1, 900, { task: T2, cpu: 1, vtime_state: VtimeState.Sys, starttime: 900 });
    expect(judgeStream(CpuExact, two, moved(900), 900)).toEqual({ verdict: 'held', checked: 2 });
    expect(witnessOf(judgeStream(CpuExact, two, moved(300), 900)).says).toContain('CPU 1 ends with 300 ns of system, -600 ns of it');
  });
});
