import { describe, expect, it } from 'vitest';
import { AdjustedMonotonic } from '../../../src/check/oracles/adjusted-monotonic.ts';
import { AdjustedSum } from '../../../src/check/oracles/adjusted-sum.ts';
import { EventStream, IPI_DELAY, racingFacts, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(1, 'gen', ['writer-0', 'reader-0']);
/** Rows of t, rtime, utime, stime, in the order of the lock's turns unless a row says its own; turn 1 was the record's beginning. */
const pairs = (...rows: [number, number, number, number, number?][]) => {
  const stream = new EventStream().add('sched_process_fork', 0, 0, { child: 1 });
  rows.forEach(([t, rtime, utime, stime, turn], i) =>
    stream.add('cputime_adjust', 0, t, { by: 2, task: 1, rtime, utime, stime, turn: turn ?? i + 2 }));
  return stream;
};

describe('R-06, adjusted values never fall', () => {
  const judge = (stream: EventStream) => judgeStream(AdjustedMonotonic, facts, stream);

  it('holds while both grow, is not exercised by one look', () => {
    expect(judge(pairs([10, 5, 3, 2], [20, 9, 3, 6]))).toEqual({ verdict: 'held', checked: 1 });
    expect(judge(pairs([10, 5, 3, 2]))).toEqual({ verdict: 'not exercised' });
  });

  it('finds a fall of either', () => {
    const witness = witnessOf(judge(pairs([10, 5, 3, 2], [20, 9, 2, 7])));
    expect(witness.says).toBe('adjusted utime of writer-0 fell from 3 to 2 between the reads at 10 ns and 20 ns (the second by reader-0)');
    expect(witness.events.map((event) => event.fields.utime)).toEqual([3, 2]);
    expect(witnessOf(judge(pairs([10, 5, 3, 2], [20, 9, 8, 1]))).says).toContain('adjusted stime of writer-0 fell from 2 to 1');
  });

  it('goes by the turns of the lock where the stream has two looks the other way round', () => {
    expect(judge(pairs([20, 9, 3, 6, 3], [20, 5, 3, 2, 2], [30, 10, 4, 6])).verdict).toBe('held');
    expect(witnessOf(judge(pairs([20, 9, 3, 6, 3], [19, 5, 4, 1, 2]))).says)
      .toContain('fell from 4 to 3 between the reads at 19 ns and 20 ns');
  });

  it('finds a lock that hands no time on', () => {
    expect(witnessOf(judge(pairs([20, 5, 3, 2], [19, 9, 3, 6]))).says)
      .toBe('adjusted pair of writer-0 was given out at 19 ns, in the turn after 20 ns: the lock hands time on (the second by reader-0)');
  });

  it('lets looks that race be served in the other order, up to a message’s way apart', () => {
    // CPU 0's event comes first in the stream, CPU 1's was served first; CPU 0 goes on when that one let go
    const race = (start: number) => judgeStream(AdjustedMonotonic, racingFacts(runFacts(2, 'gen', ['writer-0', 'reader-0']), 100_000),
      new EventStream().add('sched_process_fork', 0, 0, { child: 2 })
        .add('event', 0, 1_000, { time: 1_000 })
        .add('cputime_adjust', 0, start, { by: 3, task: 2, rtime: 9, utime: 3, stime: 6, turn: 3 })
        .add('event', 1, start, { time: start })
        .add('cputime_adjust', 1, start, { by: 3, task: 2, rtime: 5, utime: 3, stime: 2, turn: 2 }));
    expect(race(1_000 + IPI_DELAY)).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(race(1_001 + IPI_DELAY)).says)
      .toContain('given out at 1501 ns in an event that began at 1000 ns, after one that began at 1501 ns: so far apart');
  });

  it('forgets the earlier life of a forked record', () => {
    const stream = pairs([10, 5, 3, 2]).add('sched_process_fork', 0, 15, { child: 1 }).add('cputime_adjust', 0, 20, { task: 1, turn: 4 });
    expect(judge(stream)).toEqual({ verdict: 'not exercised' });
  });
});

describe('R-07, the adjusted pair sums to rtime', () => {
  const judge = (stream: EventStream) => judgeStream(AdjustedSum, facts, stream);

  it('holds for updates and for looks with an old rtime, is not exercised without a look', () => {
    expect(judge(pairs([5, 0, 0, 0], [10, 5, 3, 2], [20, 4, 3, 2], [30, 9, 3, 6]))).toEqual({ verdict: 'held', checked: 4 });
    expect(judge(pairs())).toEqual({ verdict: 'not exercised' });
  });

  it('goes by the turns of the lock where the stream has two looks the other way round', () => {
    expect(judge(pairs([20, 9, 3, 6, 3], [20, 5, 3, 2, 2])).verdict).toBe('held');
    expect(witnessOf(judge(pairs([20, 9, 3, 6, 2], [20, 5, 3, 2, 3]))).says).toContain('yet the pair changed from 3 + 6 to 3 + 2');
  });

  it('finds a sum beyond the largest rtime', () => {
    expect(witnessOf(judge(pairs([10, 5, 4, 2]))).says).toBe('writer-0 at 10 ns: adjusted 4 + 2 is more than the largest rtime 5');
  });

  it('finds a sum that falls short of the rtime of its update', () => {
    const witness = witnessOf(judge(pairs([10, 5, 3, 2], [20, 9, 3, 5])));
    expect(witness.says).toBe('writer-0 at 20 ns: adjusted 3 + 5 is not the rtime 9 of this update');
    expect(witness.events.map((event) => event.fields.rtime)).toEqual([5, 9]);
  });

  it('finds a pair that changes without new run time', () => {
    expect(witnessOf(judge(pairs([10, 5, 3, 2], [20, 5, 2, 3]))).says).toContain('yet the pair changed from 3 + 2 to 2 + 3');
  });

  it('finds a forked record whose filter remembers the earlier life', () => {
    const stream = pairs([10, 5, 3, 2]).add('sched_process_fork', 0, 15, { child: 1 })
      .add('cputime_adjust', 0, 20, { task: 1, rtime: 1, utime: 3, stime: 2, turn: 4 });
    expect(witnessOf(judge(stream)).says).toContain('adjusted 3 + 2 is more than the largest rtime 1');
  });
});

describe('the pair of a process', () => {
  /** Threads 1 and 2, of which 1 leads; turns of its lock begin when the leader does. */
  const process = { name: 'a', threads: [1, 2], age: { utime: 0, stime: 0 } };
  const family = { ...runFacts(1, 'gen', ['a-0', 'a-1', 'reader-0']), processes: [process] };
  const looks = (...rows: [number, number, number, number, number][]) => {
    const stream = new EventStream().add('sched_process_fork', 0, 0, { child: 1 }).add('sched_process_fork', 0, 0, { child: 2 });
    rows.forEach(([task, t, utime, stime, turn]) =>
      stream.add('thread_group_cputime_adjusted', 0, t, { by: 3, task, rtime: utime + stime, utime, stime, turn }));
    return stream;
  };

  it('is one, by whichever thread it was asked for', () => {
    expect(judgeStream(AdjustedMonotonic, family, looks([1, 10, 3, 2, 2], [2, 20, 3, 6, 3]))).toEqual({ verdict: 'held', checked: 1 });
    expect(witnessOf(judgeStream(AdjustedMonotonic, family, looks([1, 10, 3, 2, 2], [2, 20, 2, 6, 3]))).says)
      .toContain('adjusted utime of process a fell from 3 to 2');
    expect(judgeStream(AdjustedSum, family, looks([1, 10, 3, 2, 2], [2, 20, 3, 6, 3])).verdict).toBe('held');
  });

  it('is not that of its leader', () => {
    const stream = looks([1, 10, 30, 20, 2]).add('cputime_adjust', 0, 20, { by: 3, task: 1, rtime: 5, utime: 3, stime: 2, turn: 2 });
    expect([judgeStream(AdjustedMonotonic, family, stream).verdict, judgeStream(AdjustedSum, family, stream).verdict])
      .toEqual(['not exercised', 'held']);
  });

  it('begins anew with its leader, and not with another thread', () => {
    const reborn = (child: number) => looks([1, 10, 30, 20, 2]).add('sched_process_fork', 0, 15, { child })
      .add('thread_group_cputime_adjusted', 0, 20, { by: 3, task: 1, rtime: 5, utime: 3, stime: 2, turn: child === 1 ? 4 : 3 });
    expect(judgeStream(AdjustedMonotonic, family, reborn(1))).toEqual({ verdict: 'not exercised' });
    expect(judgeStream(AdjustedMonotonic, family, reborn(2)).verdict).toBe('broken');
  });
});
