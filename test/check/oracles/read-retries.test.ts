import { describe, expect, it } from 'vitest';
import type { EventName } from '../../../shared/events.ts';
import type { Verdict } from '../../../src/check/oracle.ts';
import { ReadRetries } from '../../../src/check/oracles/read-retries.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(1, 'gen', ['writer-0', 'reader-0']);
const judge = (event: EventName, fields: Record<string, number>): Verdict =>
  judgeStream(ReadRetries, facts, new EventStream().add(event, 0, 100, { by: 2, ...fields }));

describe.each(['task_cputime', 'task_gtime'] as const)('R-09, passes of %s that were thrown away', (event) => {
  const read = (k0: number, k1: number, retries: number): Verdict => judge(event, { task: 1, k0, k1, k: k1, retries });

  it('holds while there is a version for each of them, and one more', () => {
    expect(read(4, 4, 0)).toEqual({ verdict: 'held', checked: 1 });
    expect(read(4, 4, 1)).toEqual({ verdict: 'held', checked: 1 });
    expect(read(4, 7, 4)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a reader that begins again for nothing', () => {
    expect(witnessOf(read(4, 4, 2)).says)
      .toBe('reader-0 at 100 ns threw away 2 passes of a look while 0 versions were published');
    expect(read(4, 7, 5).verdict).toBe('broken');
  });
});

describe.each([
  'kcpustat_cpu_fetch', 'kcpustat_field', 'thread_group_cputime', 'proc_uptime', 'cpu_idle_time',
] as const)('R-09, passes of %s that were thrown away', (event) => {
  const look = (published: number, retries: number): Verdict => judge(event, { published, retries });

  it('holds while there is a version for each of them, and one more', () => {
    expect(look(0, 1)).toEqual({ verdict: 'held', checked: 1 });
    expect(look(3, 4)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('finds a reader that begins again for nothing', () => {
    expect(look(0, 2).verdict).toBe('broken');
    expect(look(3, 5).verdict).toBe('broken');
  });
});

describe('R-09', () => {
  it('is not exercised where nobody reads', () => {
    expect(judgeStream(ReadRetries, facts, new EventStream())).toEqual({ verdict: 'not exercised' });
  });
});
