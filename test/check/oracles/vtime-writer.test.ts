import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { VtimeWriter } from '../../../src/check/oracles/vtime-writer.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, ['gen', 'tick'], ['thread0-0']);
const T = 2;
const judge = (stream: EventStream) => judgeStream(VtimeWriter, facts, stream);

/** Boots CPU 0 idle, runs the task from 100: in the kernel to 130, in user mode to 170, interrupted to 175. */
const aDay = () =>
  new EventStream()
    .add('context', 0, 10, { mode: Mode.Idle, task: 0 })
    .add('vtime_publish', 0, 10, { task: 0, k: 1, state: VtimeState.Idle, cpu: 0, starttime: 10 })
    .add('vtime_publish', 0, 100, { task: 0, k: 2, state: VtimeState.Inactive, cpu: -1, starttime: 100 })
    .add('vtime_publish', 0, 100, { task: T, k: 1, state: VtimeState.Sys, cpu: 0, starttime: 100 })
    .add('context', 0, 100, { mode: Mode.System, task: T })
    .add('vtime_publish', 0, 130, { task: T, k: 2, state: VtimeState.User, cpu: 0, starttime: 130, vtime_stime: 30 })
    .add('context', 0, 130, { mode: Mode.User, task: T })
    .add('vtime_publish', 0, 170, { task: T, k: 3, state: VtimeState.Sys, cpu: 0, starttime: 170, vtime_stime: 30, vtime_utime: 40 })
    .add('context', 0, 170, { mode: Mode.Irq, task: T });

describe('V-01, legal remote read, the writer’s side', () => {
  it('holds when every version is worth what the contexts say', () => {
    const stream = aDay().add('context', 0, 175, { mode: Mode.System, task: T })
      .add('vtime_publish', 0, 180, {
        task: T, k: 4, state: VtimeState.Inactive, cpu: -1, starttime: 180, vtime_stime: 40, vtime_utime: 40,
      })
      .add('context', 0, 180, { mode: Mode.Idle, task: 0 });
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 6 });
  });

  it('accepts time that is charged as well as time that is pending', () => {
    const stream = aDay().add('vtime_publish', 0, 170 + TICK, {
      task: T, k: 4, state: VtimeState.User, cpu: 0, starttime: 170 + TICK, stime: TICK + 30, utime: 0, vtime_utime: 40,
    });
    expect(judge(stream).verdict).toBe('held');
  });

  it('accepts a version whose live stretch was not flushed', () => {
    const stream = aDay()
      .add('vtime_publish', 0, 200, { task: T, k: 4, state: VtimeState.Sys, cpu: 0, starttime: 170, vtime_stime: 30, vtime_utime: 40 });
    expect(judge(stream).verdict).toBe('held');
  });

  it('adds the ticks that hit the task on a sampling CPU, and takes no sample where contexts are tracked', () => {
    const stream = aDay()
      .add('tick', 0, 172, { task: T, user: 1 })
      .add('vtime_publish', 0, 180, {
        task: T, k: 4, state: VtimeState.Inactive, cpu: -1, starttime: 180, vtime_stime: 40, vtime_utime: 40,
      })
      .add('context', 0, 180, { mode: Mode.Idle, task: 0 })
      .add('context', 1, 200, { mode: Mode.User, task: T })
      .add('tick', 1, 300, { task: T, user: 1 })
      .add('context', 1, 400, { mode: Mode.Idle, task: 1 })
      .add('context', 0, 500, { mode: Mode.System, task: T })
      .add('vtime_publish', 0, 510, {
        task: T, k: 5, state: VtimeState.Sys, cpu: 0, starttime: 510, utime: TICK, vtime_stime: 50, vtime_utime: 40,
      });
    expect(judge(stream).verdict).toBe('held');
  });

  it('starts a forked record from nothing', () => {
    const stream = aDay().add('context', 0, 175, { mode: Mode.Idle, task: 0 })
      .add('sched_process_fork', 0, 300, { parent: 0, child: T })
      .add('vtime_publish', 0, 310, { task: T, k: 4, state: VtimeState.Sys, cpu: 0, starttime: 310 });
    expect(judge(stream).verdict).toBe('held');
  });

  it('is not exercised on a machine that samples', () => {
    const stream = new EventStream().add('context', 1, 0, { mode: Mode.User, task: T })
      .add('vtime_publish', 1, 10, { task: T, k: 1, utime: 99 });
    expect(judge(stream)).toEqual({ verdict: 'not exercised' });
  });

  it('finds a torn section: the clock moved, what it measured not yet added', () => {
    const stream = aDay()
      .add('vtime_publish', 0, 190, { task: T, k: 4, state: VtimeState.Sys, cpu: 0, starttime: 190, vtime_stime: 30, vtime_utime: 40 });
    const witness = witnessOf(judge(stream));
    expect(witness.says).toBe(
      "version 4 of thread0-0's vtime, published by CPU 0 at 190 ns, is worth 30 ns of system time; the task had really had 50 ns",
    );
    expect(witness.events.map((event) => event.event)).toEqual(['context', 'vtime_publish']);
    expect(witness.events[0]).toMatchObject({ t: 170, fields: { mode: Mode.Irq, task: T } });
  });

  it('finds time given to the wrong side, and counts both sides', () => {
    const stream = aDay()
      .add('vtime_publish', 0, 190, { task: T, k: 4, state: VtimeState.Sys, cpu: 0, starttime: 190, vtime_stime: 30, vtime_utime: 60 });
    expect(judge(stream)).toMatchObject({ verdict: 'broken', violations: 2 });
    expect(witnessOf(judge(stream)).says).toContain('worth 60 ns of user time; the task had really had 40 ns');
  });

  it('finds an idle task that is charged', () => {
    const stream = aDay().add('context', 0, 180, { mode: Mode.Idle, task: 0 })
      .add('vtime_publish', 0, 190, { task: 0, k: 3, state: VtimeState.Inactive, cpu: -1, vtime_stime: 10 });
    expect(witnessOf(judge(stream)).says).toContain("swapper/0's vtime");
  });
});
