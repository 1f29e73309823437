import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { EventName } from '../../../shared/events.ts';
import { CputimePossible } from '../../../src/check/oracles/cputime-possible.ts';
import { EventStream, racingFacts, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

/** A process of two threads that was a second old at boot, and one of one. */
const facts: RunFacts = {
  ...runFacts(1, 'gen', ['a-0', 'b-0', 'reader-0']),
  processes: [
    { name: 'old', threads: [1, 2], age: { utime: 600_000_000, stime: 400_000_000 } },
    { name: 'reader', threads: [3], age: { utime: 0, stime: 0 } },
  ],
};
const SLACK = TICK + 1_000_000;
const T = 50_000_000;
const judge = (event: EventName, fields: Record<string, number>, of = facts) =>
  judgeStream(CputimePossible, of, new EventStream().add(event, 0, T, fields));

describe('R-08, no more CPU time than there has been', () => {
  it.each([
    ['task_cputime', { task: 1 }, 'utime', T + SLACK],
    ['task_gtime', { task: 1 }, 'gtime', T + SLACK],
    ['cputime_adjust', { task: 1 }, 'stime', T + SLACK],
    ['thread_group_cputime', { task: 2 }, 'rtime', 2 * (T + SLACK) + 1e9],
    ['thread_group_cputime_adjusted', { task: 2 }, 'utime', 2 * (T + SLACK) + 1e9],
    ['thread_group_cputime_adjusted', { task: 3 }, 'utime', T + SLACK],
    ['cpu_clock_sample', { task: 1 }, 'value', 2 * (T + SLACK) + 1e9],
    ['wait_task_zombie', { child: 1 }, 'cutime', 4 * (T + SLACK) + 1e9],
  ] as const)('holds for %s of %o as long as %s can be, and not beyond', (event, of, field, most) => {
    expect(judge(event, { ...of, [field]: most })).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(judge(event, { ...of, [field]: most + 1 })).says)
      .toMatch(new RegExp(`^${field} of [abr].* is ${most + 1} ns at 50000000 ns: it can be ${most} ns at most$`));
  });

  it('finds what is less than nothing', () => expect(judge('cputime_adjust', { task: 1, stime: -1 }).verdict).toBe('broken'));

  it('knows clock ticks', () => {
    expect(judge('times', { task: 1, cstime: 121 }).verdict).toBe('held');
    expect(judge('times', { task: 1, cstime: 123 }).verdict).toBe('broken');
  });

  it('allows for how far CPUs stand apart where they race', () => {
    expect(judge('task_cputime', { task: 1, utime: T + SLACK + 7 }, racingFacts(facts, 7)).verdict).toBe('held');
  });
});
