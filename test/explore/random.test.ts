import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { Draws } from '../../src/explore/draws.ts';
import { naive } from '../../src/explore/depth-first.ts';
import { explore } from '../../src/explore/explore.ts';
import { random, type Weighted } from '../../src/explore/random.ts';
import { printSchedule } from '../../src/explore/schedule.ts';
import { RandomWalk, StepPriorities, ThreadPriorities } from '../../src/explore/strategies.ts';
import { at, lockedUpdate, read, seqlock, twoFields, update } from '../support/two-fields.ts';

const noise = (memory: Memory) => {
  for (let i = 0; i < 20; i++) memory.add(at.noise, 1);
};
const unlocked = (memory: Memory) => lockedUpdate(memory, { noLock: true });
/** The second look compares whether the count is odd, no more. */
const readParity = (memory: Memory) => {
  for (;;) {
    const seq = memory.load(at.seq);
    if ((seq & 1) !== 0) memory.relax();
    else {
      const pair = [memory.load(at.a), memory.load(at.b)] as const;
      if (((seq ^ memory.load(at.seq)) & 1) === 0) return pair;
    }
  }
};
const BUGS = [
  ['no retry', seqlock(8, 2, { noRetry: true })],
  ['a second look at the parity only', twoFields([(memory) => update(memory, 8), readParity, (memory) => read(memory), noise])],
  ['writers without a lock', twoFields([unlocked, unlocked, unlocked, noise, (memory) => read(memory)])],
] as const;

describe('draws', () => {
  it('depend on seed and stream and nothing else', () => {
    const list = (seed: number, stream: number) => {
      const draws = new Draws(seed, stream);
      return Array.from({ length: 6 }, () => draws.below(1000));
    };
    expect(list(1, 0)).toEqual(list(1, 0));
    expect(new Set([list(1, 0), list(1, 1), list(2, 0), list(0, 1)].map(String)).size).toBe(4);
  });

  it('are spread evenly', () => {
    const counts = Array.from({ length: 10 }, () => 0);
    const draws = new Draws(7, 3);
    for (let i = 0; i < 10_000; i++) counts[draws.below(10)]!++;
    for (const count of counts) expect(count).toBeGreaterThan(850);
  });
});

const ALONE: readonly (readonly [string, () => Weighted[]])[] = [
  ['a random walk', () => [[1, new RandomWalk()]]],
  ['priorities of steps', () => [[1, new StepPriorities()]]],
  ['priorities of threads', () => [[1, new ThreadPriorities(3)]]],
];

describe('random executions', () => {
  it.each(ALONE)('by %s alone find what can be found, and come to no other outcome', (_, strategies) => {
    const torn = seqlock(2, 1, { noRetry: true });
    const all = explore(torn, naive(), { countAll: true });
    const some = explore(torn, random({ executions: 2_000, strategies: strategies() }), { countAll: true });
    expect(some).toMatchObject({ verdict: 'fail', coverage: { kind: 'sampled' }, executions: 2_000 });
    for (const outcome of some.outcomes.keys()) expect(all.outcomes.has(outcome), outcome).toBe(true);
    expect(some.outcomes.size).toBeGreaterThan(6);
  });

  it.each(BUGS)('find in a long model: %s', (_, model) => {
    for (const seed of [1, 2, 3]) expect(explore(model, random({ seed, executions: 2_000 })).verdict).toBe('fail');
  });

  it('by priorities of steps find a narrow window sooner than a random walk does', () => {
    const wraps = (memory: Memory) => {
      for (;;) {
        const seq = memory.load(at.seq);
        if ((seq & 1) !== 0) memory.relax();
        else {
          const pair = [memory.load(at.a), memory.load(at.b)] as const;
          if (memory.load(at.seq) % 8 === seq % 8) return pair;
        }
      }
    };
    const model = twoFields([(memory) => update(memory, 10), wraps, noise]);
    const found = (strategies: Weighted[]) =>
      explore(model, random({ executions: 8_000, strategies }), { countAll: true }).failures.assertion ?? 0;
    const [walk, pos] = [found([[1, new RandomWalk()]]), found([[1, new StepPriorities()]])];
    expect(pos).toBeGreaterThan(3 * walk);
    expect(pos).toBeGreaterThan(0);
  });

  it('are the same for the same seed, and others for another', () => {
    const first = (seed: number) => printSchedule(explore(seqlock(8, 2, { noRetry: true }), random({ seed })).found!.schedule);
    expect(first(4)).toBe(first(4));
    expect(new Set([1, 2, 3, 4, 5].map(first)).size).toBeGreaterThan(2);
  });

  it('are never taken for a proof', () => {
    expect(explore(seqlock(1, 1), random({ executions: 500 }))).toMatchObject({
      verdict: 'incomplete', coverage: { kind: 'sampled' }, executions: 500, areClasses: false,
    });
  });

  it('end at the limit of time if a clock is given', () => {
    let now = 0;
    const report = explore(seqlock(1, 1), random(), { limits: { ms: 50, now: () => now++ } });
    expect(report).toMatchObject({ verdict: 'incomplete', coverage: { kind: 'sampled' } });
    expect(report.executions).toBe(50 * 64);
  });
});
