import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { GroupSums } from '../../../src/check/oracles/group-sums.ts';
import { EventStream, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const A = 2;
const B = 3;
const READER = 4;
const LINUX = 0;
const COMPLETE = 1;
const plain = runFacts(2, 'gen', ['lead', 'worker', 'reader']);
const facts: RunFacts = { ...plain, processes: [{ name: 'pair', threads: [A, B], age: { utime: 7, stime: 0 } }, plain.processes[2]!] };
const judge = (stream: EventStream, of = facts) => judgeStream(GroupSums, of, stream);

/** Both threads run from 100: the leader in user mode on CPU 0, the worker in the kernel on CPU 1 until it ends at 150. */
const aDay = (full = 50) =>
  new EventStream()
    .add('sched_process_fork', 0, 1, { child: A }).add('sched_process_fork', 0, 1, { child: B })
    .add('context', 0, 100, { mode: Mode.User, task: A }).add('context', 1, 100, { mode: Mode.System, task: B })
    .add('vtime_publish', 1, 120, { task: B, state: VtimeState.Sys, vtime_stime: 20, vtime_utime: 0 })
    .add('exit_signal', 1, 150, { task: B, k: 1, utime: 0, stime: 50, full_utime: 0, full_stime: full })
    .add('context', 1, 150, { mode: Mode.Idle, task: 1 });

const look = (fields: Record<string, number>) =>
  ({ by: READER, task: A, reader: COMPLETE, t: 200, version: 1, threads: 1, tau0: 200, tau1: 200, utime: 107, stime: 50, ...fields });

describe('A-05, sums over threads', () => {
  it('holds for the living and the dead, and what was there before', () => {
    expect(judge(aDay().add('thread_group_cputime', 1, 200, look({})))).toEqual({ verdict: 'held', checked: 2 });
  });

  it('is not exercised by a machine where nobody asks and nobody ends', () => {
    expect(judge(new EventStream().add('context', 0, 1, { task: A }))).toEqual({ verdict: 'not exercised' });
  });

  it('finds a thread that is counted twice, and one that is not counted', () => {
    const twice = aDay().add('thread_group_cputime', 1, 200, look({ stime: 100 }));
    expect(witnessOf(judge(twice)).says)
      .toBe('reader (complete reader) was told at 200 ns that the process of lead has stime 100; its threads come to 50');
    expect(witnessOf(judge(aDay().add('thread_group_cputime', 1, 200, look({ stime: 0 })))).says).toContain('stime 0; its threads');
    expect(witnessOf(judge(aDay().add('thread_group_cputime', 1, 200, look({ utime: 7 })))).says).toContain('its threads come to 107');
  });

  it('finds a thread that takes along less than it had', () => {
    expect(witnessOf(judge(aDay(49))).says).toBe('worker leaves its process 0 + 49 ns at 150 ns; it had really had 0 + 50');
  });

  it('accepts parts that are of different instants, and nothing beyond them', () => {
    const part = (utime: number) => aDay().add('thread_group_cputime', 1, 200, look({ tau0: 180, utime }));
    expect([part(87), part(107), part(86), part(108)].map((stream) => judge(stream).verdict)).toEqual(['held', 'held', 'broken', 'broken']);
    expect(witnessOf(judge(part(86))).says).toContain('utime 86; its threads come to 87 .. 107');
  });

  it('leaves out what linux does not show of a living thread', () => {
    const hides = (utime: number) => aDay()
      .add('vtime_publish', 0, 190, { task: A, state: VtimeState.Sys, vtime_utime: 90 })
      .add('context', 0, 190, { mode: Mode.System, task: A })
      .add('thread_group_cputime', 1, 200, look({ reader: LINUX, utime, stime: 60 }));
    expect([judge(hides(7)).verdict, judge(hides(97)).verdict]).toEqual(['held', 'broken']);
  });

  it('begins a process anew with its leader', () => {
    const again = aDay().add('context', 0, 300, { mode: Mode.Idle, task: 0 }).add('sched_process_fork', 0, 400, { child: A })
      .add('thread_group_cputime', 1, 500, look({ t: 500, tau0: 500, tau1: 500, utime: 7, stime: 0 }));
    expect(judge(again).verdict).toBe('held');
  });

  it('judges what racing CPUs were told when all that they may have seen has come', () => {
    const racing = racingFacts(facts, 1000);
    const early = (stime: number) => new EventStream()
      .add('sched_process_fork', 0, 1, { child: A }).add('sched_process_fork', 0, 1, { child: B })
      .add('context', 0, 100, { mode: Mode.User, task: A }).add('context', 1, 100, { mode: Mode.System, task: B })
      .add('thread_group_cputime', 1, 140, look({ t: 140, version: 1, tau0: 140, tau1: 140, utime: 47, stime }))
      .add('exit_signal', 1, 150, { task: B, k: 1, stime: 50, full_stime: 50 })
      .add('event', 0, 9_000_000, { time: 9_000_000 });
    expect(judge(early(50), racing)).toEqual({ verdict: 'held', checked: 2 });
    expect(judge(early(40), racing).verdict).toBe('broken');
  });

  it('lets linux count a theft as a thread’s where CPUs race, from a version on that it may have seen; complete not', () => {
    const racing = { ...racingFacts(facts, 1000), steals: true };
    const robbed = (utime: number, reader: number) => new EventStream()
      .add('sched_process_fork', 0, 1, { child: A })
      .add('context', 0, 100, { mode: Mode.User, task: A })
      .add('vtime_publish', 0, 100, { task: A, state: VtimeState.User, starttime: 100, cpu: 0 })
      .add('context', 0, 130, { mode: Mode.Steal, task: A })
      .add('context', 0, 170, { mode: Mode.User, task: A })
      .add('thread_group_cputime', 1, 180, look({ reader, t: 180, version: 0, tau0: 180, tau1: 180, utime, stime: 0 }))
      .add('event', 0, 9_000_000, { time: 9_000_000 });
    expect(judge(robbed(7 + 80, LINUX), racing).verdict).toBe('held');
    expect(judge(robbed(7 + 81, LINUX), racing).verdict).toBe('broken');
    expect(judge(robbed(7 + 40, COMPLETE), racing).verdict).toBe('held');
    expect(judge(robbed(7 + 41, COMPLETE), racing).verdict).toBe('broken');
  });
});
