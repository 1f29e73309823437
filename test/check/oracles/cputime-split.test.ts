import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { CputimeSplit } from '../../../src/check/oracles/cputime-split.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const T = 1;
const END = 100 * TICK;
const sampling = runFacts(1, 'tick', ['t']);

/** Task T is in user mode for 60 ticks, then in the kernel. */
const run = () => new EventStream()
  .add('context', 0, 0, { mode: Mode.User, task: T }).add('context', 0, 60 * TICK, { mode: Mode.System, task: T });
const ends = (fields: Record<string, number>, stream = run()) => stream.add('task_final', 0, END, { task: T, cpu: 0, ...fields });
const verdictOf = (facts: typeof sampling, stream: EventStream) => judgeStream(CputimeSplit, facts, stream).verdict;

describe('A-03, user and system time', () => {
  it('is less than two ticks off for each stretch, where ticks sample', () => {
    const of = (utime: number, stime: number) => verdictOf(sampling, ends({ utime, stime }));
    expect([of(60 * TICK, 40 * TICK), of(64 * TICK, 36 * TICK), of(56 * TICK, 44 * TICK)]).toEqual(['held', 'held', 'held']);
    expect([of(64 * TICK + 1, 36 * TICK), of(60 * TICK, 36 * TICK - 1)]).toEqual(['broken', 'broken']);
    expect(witnessOf(judgeStream(CputimeSplit, sampling, ends({ utime: 0, stime: END }))).says)
      .toBe(`t ends with 0 ns of user time, and had ${60 * TICK} ns; ${4 * TICK} ns more or less are allowed`);
  });

  it('takes an interrupt for no stretch of its own, but counts its time', () => {
    const interrupted = () => new EventStream().add('context', 0, 0, { mode: Mode.User, task: T })
      .add('context', 0, TICK, { mode: Mode.Irq, task: T }).add('context', 0, TICK + 5, { mode: Mode.User, task: T });
    const of = (utime: number) => verdictOf(sampling, ends({ utime }, interrupted()));
    expect([of(102 * TICK), of(102 * TICK + 1), of(98 * TICK - 10), of(98 * TICK - 11)]).toEqual(['held', 'broken', 'held', 'broken']);
  });

  it('counts dates that a tick passed over', () => {
    const late = (at: number) => run().add('hrtimer_start', 0, 0, { expires: TICK }).add('tick', 0, at * TICK, { task: T, mode: 1 })
      .add('hrtimer_start', 0, at * TICK, { expires: (at + 1) * TICK });
    const of = (at: number) => verdictOf(sampling, ends({ utime: 50 * TICK, stime: 40 * TICK }, late(at)));
    expect([of(1), of(6), of(7)]).toEqual(['broken', 'broken', 'held']);
  });

  it('is less than a tick off in each accumulator where contexts are tracked, and not at all where edges are measured', () => {
    const tracked = runFacts(1, 'gen', ['t']);
    const of = (hidden: number) => verdictOf(tracked, ends({
      utime: 60 * TICK - hidden, vtime_utime: hidden, stime: 40 * TICK, vtime_state: VtimeState.Inactive,
    }));
    expect([of(TICK), of(TICK + 1)]).toEqual(['held', 'broken']);
    const shown = ends({ utime: 60 * TICK, vtime_state: VtimeState.Sys, starttime: 61 * TICK, vtime_stime: TICK });
    expect(verdictOf(tracked, shown)).toBe('held');
    const native = runFacts(1, 'native', ['t']);
    expect(verdictOf(native, ends({ utime: 60 * TICK, stime: 40 * TICK }))).toBe('held');
    expect(verdictOf(native, ends({ utime: 60 * TICK - 1, stime: 40 * TICK }))).toBe('broken');
  });

  it('is not exercised before the end', () => expect(judgeStream(CputimeSplit, sampling, run())).toEqual({ verdict: 'not exercised' }));
});
