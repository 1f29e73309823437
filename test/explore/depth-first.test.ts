import { describe, expect, it } from 'vitest';
import { bounded, boundedAt, naive } from '../../src/explore/depth-first.ts';
import { explore } from '../../src/explore/explore.ts';
import { preemptionsOf } from '../../src/explore/follow.ts';
import { lockedUpdate, read, seqlock, twoFields } from '../support/two-fields.ts';

/** Seeded bugs: of all executions so many are torn; and of those with at most 0, 1 and 2 preemptions. */
const BUGS = [
  ['no retry', { noRetry: true }, [121, 42], [[2, 0], [11, 1], [39, 9]]],
  ['no look whether the count is odd', { noOddCheck: true }, [79_465, 8_701], [[2, 0], [12, 2], [54, 8]]],
  ['no odd count', { noOddMark: true }, [1_474, 167], [[2, 0], [10, 2], [40, 7]]],
] as const;

describe('the naive search', () => {
  it('executes each of the 14,076 interleavings of two updates and a reader', () => {
    expect(explore(seqlock(2, 1), naive())).toMatchObject({
      verdict: 'pass', coverage: { kind: 'exhaustive' }, executions: 14_076, steps: 95_542, areClasses: false,
    });
  });

  it.each(BUGS)('sees all that a seeded bug does: %s', (_, sites, [executions, torn]) => {
    expect(explore(seqlock(2, 1, sites), naive(), { countAll: true })).toMatchObject({ executions, failures: { assertion: torn } });
  });

  it('knows how far it has come', () => {
    const shares: number[] = [];
    explore(seqlock(2, 1), naive(), { onProgress: ({ share }) => shares.push(share) });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeGreaterThan(0.5);
  });
});

describe('the search bounded by preemptions', () => {
  it.each(BUGS)('sees so much of a seeded bug: %s', (_, sites, _all, byBound) => {
    byBound.forEach(([executions, torn], preemptions) => {
      const report = explore(seqlock(2, 1, sites), boundedAt(preemptions), { countAll: true });
      expect(report).toMatchObject({ executions, coverage: { kind: 'bounded', preemptions } });
      expect(report.failures).toEqual(torn === 0 ? {} : { assertion: torn });
    });
  });

  it('finds the failure with the fewest preemptions first', () => {
    const found = BUGS.map(([, sites]) => {
      let preemptions = -1;
      const onExecution = (machine: Parameters<typeof preemptionsOf>[0], failure: unknown) => {
        if (failure !== undefined) preemptions = preemptionsOf(machine).filter(Boolean).length;
      };
      expect(explore(seqlock(2, 1, sites), bounded(), { onExecution }).verdict).toBe('fail');
      return preemptions;
    });
    expect(found).toEqual([1, 1, 1]);
  });

  it('finds a forgotten even count, and writers without a lock', () => {
    const half = twoFields([(memory) => { memory.store(8, 1); }, (memory) => read(memory)]);
    expect(explore(half, bounded(0)).failures).toEqual({ deadlock: 1 });
    const writer = (memory: Parameters<typeof read>[0]) => lockedUpdate(memory, { noLock: true });
    expect(explore(twoFields([writer, writer, (memory) => read(memory)]), bounded(1)).verdict).toBe('fail');
  });

  it('never claims more than it has tried', () => {
    expect(explore(seqlock(2, 1), bounded(2))).toMatchObject({ verdict: 'pass', coverage: { kind: 'bounded', preemptions: 2 } });
  });

  it('is exhaustive where the bound kept it from nothing', () => {
    const short = twoFields([(memory) => { memory.store(8, 2); }, (memory) => { memory.load(8); }]);
    expect(explore(short, bounded(3))).toMatchObject({ verdict: 'pass', coverage: { kind: 'exhaustive' }, executions: 2 });
  });

  it('sees every outcome of two updates and two readers with one preemption', () => {
    const all = [...explore(seqlock(2, 2), boundedAt(3)).outcomes.keys()].sort();
    const report = explore(seqlock(2, 2), boundedAt(1));
    expect([...report.outcomes.keys()].sort()).toEqual(all);
    expect({ executions: report.executions, outcomes: all.length }).toEqual({ executions: 108, outcomes: 9 });
  });
});
