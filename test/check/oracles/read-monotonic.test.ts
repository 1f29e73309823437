import { describe, expect, it } from 'vitest';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { ReadMonotonic } from '../../../src/check/oracles/read-monotonic.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(1, 'gen', ['writer-0', 'reader-0', 'reader-1']);
const judge = (stream: EventStream) => judgeStream(ReadMonotonic, facts, stream);
const read = (fields: Record<string, number>) => ({ by: 2, task: 1, reader: 1, p: KTIME_MAX, state: VtimeState.User, k: 1, ...fields });
const twice = (first: Record<string, number>, second: Record<string, number>) =>
  judge(new EventStream().add('task_cputime', 0, first.t!, read(first)).add('task_cputime', 0, second.t!, read(second)));

describe('R-01, one reader of one task', () => {
  it('holds while values, versions and instants grow', () => {
    expect(twice({ t: 100, utime: 5 }, { t: 110, utime: 15, k: 2 })).toEqual({ verdict: 'held', checked: 1 });
  });

  it('is not exercised by single reads, even of many readers', () => {
    const stream = new EventStream().add('task_cputime', 0, 100, read({ t: 100, utime: 9 }))
      .add('task_cputime', 0, 110, read({ by: 3, t: 110, utime: 5 }));
    expect(judge(stream)).toEqual({ verdict: 'not exercised' });
  });

  it('lets the linux reader step back by what its rule hides', () => {
    const inUser = { reader: 0, t: 100, utime: 1030, vtime_utime: 20 };
    const inKernel = { reader: 0, t: 120, utime: 1000, vtime_utime: 35, stime: 5, state: VtimeState.Sys, k: 2 };
    expect(twice(inUser, inKernel).verdict).toBe('held');
  });

  it('finds a linux step that its rule does not explain', () => {
    const inUser = { reader: 0, t: 100, utime: 1030, vtime_utime: 20 };
    const lost = { reader: 0, t: 120, utime: 1000, vtime_utime: 29, stime: 5, state: VtimeState.Sys, k: 2 };
    const witness = witnessOf(twice(inUser, lost));
    expect(witness.says).toBe(
      'reader-0 (linux reader), reading writer-0 at 100 ns and again at 120 ns, saw utime go from 1030 to 1000, while 0 and then 29 ' +
        'were out of its sight: the sum fell',
    );
    expect(witness.events.map((event) => event.t)).toEqual([100, 120]);
  });

  it('finds a linux step of a tick, explained or not', () => {
    const back = { reader: 0, t: 120, utime: 0, vtime_utime: TICK, state: VtimeState.Sys, k: 2 };
    expect(witnessOf(twice({ reader: 0, t: 100, utime: TICK }, back)).says)
      .toContain(`saw utime fall from ${TICK} to 0, by a tick or more`);
  });

  it('finds any step back of the complete reader, in utime and in stime', () => {
    expect(witnessOf(twice({ t: 100, utime: 30 }, { t: 120, utime: 29 })).says).toContain('saw utime fall from 30 to 29');
    expect(witnessOf(twice({ t: 100, stime: 30 }, { t: 120, stime: 29 })).says).toContain('saw stime fall from 30 to 29');
  });

  it('finds a version and an instant that go back', () => {
    expect(witnessOf(twice({ t: 100, k: 3 }, { t: 120, k: 2 })).says).toContain('went back from version 3 to 2');
    expect(witnessOf(twice({ t: 100, p: 100 }, { t: 120, p: 99 })).says).toContain('went back from 100 ns to 99 ns');
  });

  it('forgets the earlier life of a forked record', () => {
    const stream = new EventStream().add('task_cputime', 0, 100, read({ t: 100, utime: 9 })).add('sched_process_fork', 0, 105, { child: 1 })
      .add('task_cputime', 0, 110, read({ t: 110, utime: 0 })).add('task_cputime', 0, 120, read({ t: 120, utime: 1 }));
    expect(judge(stream)).toEqual({ verdict: 'held', checked: 1 });
  });
});
