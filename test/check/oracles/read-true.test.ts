import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { ReadTrue } from '../../../src/check/oracles/read-true.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 2;
const facts = runFacts(2, ['gen', 'tick'], ['thread0-0', 'reader-0']);
const LINUX = 0;
const COMPLETE = 1;
const judge = (stream: EventStream, of = facts) => judgeStream(ReadTrue, of, stream);

/** In the kernel from 100, in user mode from 130 to 170, in the kernel again. */
const aDay = () =>
  new EventStream()
    .add('vtime_publish', 0, 100, { task: T, k: 1 }).add('context', 0, 100, { mode: Mode.System, task: T })
    .add('vtime_publish', 0, 130, { task: T, k: 2 }).add('context', 0, 130, { mode: Mode.User, task: T })
    .add('vtime_publish', 0, 170, { task: T, k: 3 }).add('context', 0, 170, { mode: Mode.System, task: T });

const read = (fields: Record<string, number>) =>
  ({
    by: 3, task: T, reader: COMPLETE, k1: 3, p: KTIME_MAX, state: VtimeState.Sys, starttime: 170, vtime_utime: 40, vtime_stime: 30,
    ...fields,
  });

describe('R-02, what a reader is told is what was', () => {
  it('holds for the whole truth, and for linux less what is out of its sight', () => {
    const stream = aDay().add('task_cputime', 1, 200, read({ t: 200, utime: 40, stime: 60 }))
      .add('task_cputime', 1, 200, read({ reader: LINUX, t: 200, utime: 0, stime: 60 }));
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 2 });
  });

  it('is not exercised without a read', () => {
    expect(judge(aDay())).toEqual({ verdict: 'not exercised' });
  });

  it('goes by the reader’s instant, which may be past, and waits for a version that is still to come', () => {
    const past = aDay().add('task_cputime', 1, 150, read({ t: 150, state: VtimeState.User, starttime: 130, utime: 20, stime: 30 }));
    expect(judge(past)).toEqual({ verdict: 'held', checked: 1 });
    const ahead = new EventStream().add('task_cputime', 1, 150, read({ t: 150, utime: 40, stime: 30 }));
    for (const [id, t, fields] of [['vtime_publish', 100, { task: T, k: 1 }], ['context', 100, { mode: Mode.System, task: T }],
      ['vtime_publish', 130, { task: T, k: 2 }], ['context', 130, { mode: Mode.User, task: T }],
      ['vtime_publish', 170, { task: T, k: 3 }]] as const) ahead.add(id, 0, t, fields);
    expect(judge(ahead)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('counts the kernel’s time for the guest while the task bears its mark, and from its end on no more', () => {
    // an interrupt ends the guest at 170; the mark goes at 180
    const stream = new EventStream()
      .add('context', 0, 100, { mode: Mode.System, task: T }).add('guest_enter', 0, 100, { task: T })
      .add('context', 0, 100, { mode: Mode.Guest, task: T })
      .add('context', 0, 170, { mode: Mode.Irq, task: T }).add('guest_exit', 0, 180, { task: T });
    const told = (t: number, utime: number, stime: number) => read({ t, k1: 0, starttime: 0, utime, stime });
    stream.add('task_cputime', 1, 178, told(178, 78, 0)).add('task_cputime', 1, 200, told(200, 80, 20))
      .add('task_cputime', 1, 190, told(190, 80, 10));
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 3 });
  });

  it('finds a nanosecond, told by either reader of either time', () => {
    const { says } = witnessOf(judge(aDay().add('task_cputime', 1, 200, read({ t: 200, utime: 41, stime: 60 }))));
    expect(says).toBe('reader-0 (complete reader) was told that thread0-0 has utime 41; at 200 ns it had really had 40, of which 0 are ' +
      'out of that reader’s sight');
    const stale = aDay().add('task_cputime', 1, 200, read({ reader: LINUX, t: 200, utime: 0, stime: 30 }));
    expect(witnessOf(judge(stale)).says).toContain('has stime 30; at 200 ns it had really had 60, of which 0 are');
  });

  it('finds linux step back by more than went out of its sight', () => {
    const back = aDay().add('task_cputime', 1, 200, read({ reader: LINUX, t: 200, vtime_utime: 30, utime: 0, stime: 60 }));
    expect(witnessOf(judge(back)).says).toContain('has utime 0; at 200 ns it had really had 40, of which 30 are out of');
  });

  it('finds more out of sight than remainders can be', () => {
    const stream = aDay().add('task_cputime', 1, 200, read({
      reader: LINUX, t: 200, vtime_utime: 3 * TICK, utime: 40 - 3 * TICK, stime: 60,
    }));
    expect(witnessOf(judge(stream)).says).toContain(`of which ${3 * TICK} are out of that reader’s sight`);
  });

  it('counts the ticks of a sampled task, but not where CPUs race', () => {
    const asleep = (utime: number) => new EventStream()
      .add('context', 1, 90, { mode: Mode.User, task: T }).add('context', 1, 99, { mode: Mode.Irq, task: T })
      .add('tick', 1, 100, { task: T }).add('context', 1, 120, { mode: Mode.Idle, task: 1 })
      .add('task_cputime', 0, 200, read({
        k1: 0, t: 200, state: VtimeState.Inactive, starttime: 0, vtime_utime: 0, vtime_stime: 0, utime,
      }));
    expect(judge(asleep(TICK)).verdict).toBe('held');
    expect(judge(asleep(0)).verdict).toBe('broken');
    expect(judge(asleep(0), racingFacts(facts, 1000)).verdict).toBe('not exercised');
  });

  it('knows that linux counts what was stolen since the last flush, and complete does not', () => {
    const robbed = (reader: number, stime: number) => aDay()
      .add('context', 0, 180, { mode: Mode.Steal, task: T }).add('context', 0, 190, { mode: Mode.System, task: T })
      .add('context', 0, 195, { mode: Mode.Steal, task: T })
      .add('task_cputime', 1, 200, read({ reader, t: 200, stolen: 10, stolen_since: 195, utime: reader * 40, stime }));
    expect([judge(robbed(COMPLETE, 45)).verdict, judge(robbed(LINUX, 60)).verdict]).toEqual(['held', 'held']);
    expect([judge(robbed(COMPLETE, 60)).verdict, judge(robbed(LINUX, 45)).verdict]).toEqual(['broken', 'broken']);
  });

  it('sees no more of measured time than the last tick or switch has charged', () => {
    const native = runFacts(2, 'native', ['thread0-0', 'reader-0']);
    const running = (utime: number) => new EventStream()
      .add('context', 0, 100, { mode: Mode.User, task: T }).add('context', 0, 150, { mode: Mode.Irq, task: T })
      .add('tick', 0, 150, { task: T }).add('context', 0, 150, { mode: Mode.User, task: T })
      .add('task_cputime', 1, 200, read({
        k1: 0, t: 200, state: VtimeState.Inactive, starttime: 0, vtime_utime: 0, vtime_stime: 0, utime,
      }));
    expect(judge(running(50), native).verdict).toBe('held');
    expect(judge(running(100), native).verdict).toBe('broken');
  });

  it('remembers a long past while CPUs race', () => {
    const stream = aDay();
    for (let n = 0; n < 100; n++) stream.add('context', 0, 200 + n, { mode: n % 2 === 0 ? Mode.User : Mode.System, task: T });
    stream.add('task_cputime', 1, 150, read({ t: 150, state: VtimeState.User, starttime: 130, utime: 20, stime: 30 }));
    expect(judge(stream, racingFacts(runFacts(2, 'gen', ['thread0-0', 'reader-0']), 1000))).toEqual({ verdict: 'held', checked: 1 });
  });
});
