import { describe, expect, it } from 'vitest';
import { ReadRetries } from '../../../src/check/oracles/read-retries.ts';
import { EventStream, runFacts } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(1, 'gen', ['writer-0', 'reader-0']);
const read = (k0: number, k1: number, retries: number) =>
  judgeStream(ReadRetries, facts, new EventStream().add('task_cputime', 0, 100, { by: 2, task: 1, t: 100, k0, k1, k: k1, retries }));

describe('R-09, passes that were thrown away', () => {
  it('holds while there is a version for each of them, and one more', () => {
    expect(read(4, 4, 0)).toEqual({ verdict: 'held', checked: 1 });
    expect(read(4, 4, 1)).toEqual({ verdict: 'held', checked: 1 });
    expect(read(4, 7, 4)).toEqual({ verdict: 'held', checked: 1 });
  });

  it('is not exercised where nobody reads', () => {
    expect(judgeStream(ReadRetries, facts, new EventStream())).toEqual({ verdict: 'not exercised' });
  });

  it('finds a reader that begins again for nothing', () => {
    expect(witnessOf(read(4, 4, 2)).says)
      .toBe('reader-0, reading writer-0 at 100 ns, threw away 2 passes while 0 versions were published');
    expect(read(4, 7, 5).verdict).toBe('broken');
  });
});
