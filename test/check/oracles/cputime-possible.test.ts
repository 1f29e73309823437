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
const T = 50_000_000;
const judge = (event: EventName, fields: Record<string, number>, of = facts, stream = new EventStream()) =>
  judgeStream(CputimePossible, of, stream.add(event, 0, T, fields));

describe('R-08, no more CPU time than there can have been', () => {
  it.each([
    ['task_cputime', { task: 1, stime: 7 }, 'utime', T - 7],
    ['task_gtime', { task: 1 }, 'gtime', T],
    ['cputime_adjust', { task: 1, utime: 7 }, 'stime', T - 7],
    ['cputime_adjust', { task: 1 }, 'rtime', T],
    // a process of two threads, on a machine of one CPU
    ['thread_group_cputime', { task: 2 }, 'rtime', T + 1e9],
    ['thread_group_cputime_adjusted', { task: 2 }, 'utime', T + 1e9],
    ['thread_group_cputime_adjusted', { task: 3 }, 'utime', T],
    ['cpu_clock_sample', { task: 1 }, 'value', T + 1e9],
    ['cpu_clock_sample', { task: 1, thread: 1 }, 'value', T],
    ['wait_task_zombie', { child: 1, stime: 1e9 }, 'cutime', T],
  ] as const)('holds for %s of %o as long as %s can be, and not a nanosecond beyond', (event, of, field, most) => {
    expect(judge(event, { ...of, [field]: most })).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(judge(event, { ...of, [field]: most + 1 })).says)
      .toMatch(new RegExp(`${field}.* of [abr].* is \\d+ at 50000000 ns: it can be \\d+ at most$`));
  });

  it('gives each of two threads a CPU, where there are as many', () => {
    const two: RunFacts = { ...facts, cpus: 2, cputime: ['gen', 'gen'] };
    expect(judge('thread_group_cputime', { task: 2, utime: 2 * T + 1e9 }, two).verdict).toBe('held');
    expect(judge('thread_group_cputime', { task: 2, utime: 2 * T + 1e9 + 1 }, two).verdict).toBe('broken');
  });

  it('gives what ticks charge as many ticks as hit, wherever they came, and other time the time', () => {
    const sampled: RunFacts = { ...facts, cputime: ['tick'] };
    const hits = () => new EventStream()
      .add('tick', 0, TICK, { task: 1 }).add('tick', 0, TICK + 1, { task: 1 }).add('tick', 0, TICK, { task: 2 });
    expect(judge('task_cputime', { task: 1, utime: TICK, stime: TICK }, sampled, hits()).verdict).toBe('held');
    expect(judge('task_cputime', { task: 1, utime: TICK, stime: TICK + 1 }, sampled, hits()).verdict).toBe('broken');
    expect(judge('thread_group_cputime', { task: 2, utime: 3 * TICK + 1e9 }, sampled, hits()).verdict).toBe('held');
    expect(judge('thread_group_cputime', { task: 2, utime: 3 * TICK + 1e9 + 1 }, sampled, hits()).verdict).toBe('broken');
    expect(judge('cpu_clock_sample', { task: 1, thread: 1, clock: 2, value: T }, sampled, hits()).verdict).toBe('held');
    expect(judge('cpu_clock_sample', { task: 1, thread: 1, clock: 1, value: T }, sampled, hits()).verdict).toBe('broken');
  });

  it('knows that another CPU may have come further', () => {
    const ahead = (t: number) =>
      judge('task_cputime', { task: 1, utime: T + 7 }, facts, new EventStream().add('context', 0, t, { task: 1 }));
    expect([ahead(T + 7).verdict, ahead(T + 6).verdict]).toEqual(['held', 'broken']);
  });

  it('finds what is less than nothing', () => {
    expect(judge('cputime_adjust', { task: 1, utime: 5, stime: -1 }).verdict).toBe('broken');
  });

  it('knows clock ticks', () => {
    expect(judge('times', { task: 1, cstime: 105 }).verdict).toBe('held');
    expect(judge('times', { task: 1, cstime: 106 }).verdict).toBe('broken');
  });

  it('allows for how far CPUs stand apart where they race', () => {
    const racing = (utime: number) => judge('task_cputime', { task: 1, utime }, racingFacts(facts, 7)).verdict;
    expect([racing(T + 7), racing(T + 8)]).toEqual(['held', 'broken']);
  });
});
