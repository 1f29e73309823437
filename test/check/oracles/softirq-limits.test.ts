import { describe, expect, it } from 'vitest';
import { Mode } from '../../../shared/events.ts';
import { SoftirqLimits } from '../../../src/check/oracles/softirq-limits.ts';
import { EventStream, TICK, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, 'tick', ['ksoftirqd/0', 'ksoftirqd/1']);
const KSOFTIRQD_1 = 3;
const judge = (stream: EventStream, end?: number) => judgeStream(SoftirqLimits, facts, stream, end);

/** A run of softirqs on CPU 0 at `t`: the numbers in the order in which they begin. */
function run(stream: EventStream, t: number, vecs: readonly number[]): EventStream {
  stream.add('context', 0, t, { mode: Mode.Softirq });
  for (const vec of vecs) stream.add('softirq_entry', 0, t, { vec });
  return stream.add('context', 0, t, { mode: Mode.System });
}

describe('S-03, limits of softirqs', () => {
  it('holds for ten rounds, however many runs there are', () => {
    const two = run(run(new EventStream(), 100, Array(10).fill(1)), 200, Array(10).fill(7));
    expect(judge(two)).toEqual({ verdict: 'held', checked: 20 });
    expect(judge(run(new EventStream(), 100, Array(10).fill([1, 7, 8]).flat())).verdict).toBe('held');
    expect(judge(new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds an eleventh round', () => {
    expect(witnessOf(judge(run(new EventStream(), 100, Array(11).fill(7)))).says)
      .toBe('CPU 0 at 100 ns begins round 11 of its softirqs, of which 10 are allowed at a time');
  });

  it('finds one that runs late, and one that does not run at all', () => {
    const raised = (): EventStream => new EventStream().add('softirq_raise', 0, 100, { vec: 7 });
    expect(judge(run(raised(), 100 + 2 * TICK, [7])).verdict).toBe('held');
    expect(witnessOf(judge(run(raised(), 101 + 2 * TICK, [7]))).says)
      .toBe('softirq 7 of CPU 0, raised at 100 ns, runs only now, at 8000101 ns');
    expect(witnessOf(judge(raised(), 101 + 2 * TICK)).says).toContain('has not run when the run ends');
  });

  it('waits for ksoftirqd while that is awake, and no longer', () => {
    const woken = run(new EventStream(), 50, [1]).add('softirq_raise', 1, 100, { vec: 7 })
      .add('sched_wakeup', 1, 110, { task: KSOFTIRQD_1 });
    expect(judge(woken, 9 * TICK).verdict).toBe('held');
    const sleeps = woken.add('sched_switch', 1, 200, { prev: KSOFTIRQD_1, prev_state: 1 });
    expect(judge(sleeps, 9 * TICK).verdict).toBe('broken');
  });
});
