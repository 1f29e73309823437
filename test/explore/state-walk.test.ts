import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundedAt, naive } from '../../src/explore/depth-first.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { explore } from '../../src/explore/explore.ts';
import { preemptionsOf } from '../../src/explore/follow.ts';
import { model, type Model } from '../../src/explore/model.ts';
import type { Search } from '../../src/explore/search.ts';
import { everyState, everyStateWithin, fewestFirst } from '../../src/explore/state-walk.ts';
import { ANYTHING, modelOf, outcomeOf, programs, STRAIGHT } from '../support/random-program.ts';
import { seqlock } from '../support/two-fields.ts';

/** What comes of a model, each once: outcomes, and how executions fail. */
function see(made: Model, search: Search, executions = Infinity) {
  const seen = new Set<string>();
  const report = explore(made, search, {
    countAll: true, limits: { executions },
    onExecution: (machine, failure) => seen.add(`${outcomeOf(machine)} ${failure?.kind ?? 'holds'} ${failure?.says ?? ''}`),
  });
  return { report, seen };
}

/** All that the naive search sees, and with a bound no less than the naive search with that bound. */
function expectAll(made: Model): void {
  const dumb = see(made, naive(), 2_000);
  fc.pre(dumb.report.coverage.kind !== 'stopped');
  const clever = see(made, everyState());
  expect(clever.seen).toEqual(dumb.seen);
  expect(clever.report.executions).toBeLessThanOrEqual(2 * dumb.report.executions);
  for (const preemptions of [0, 1, 2]) {
    const within = see(made, everyStateWithin(preemptions)).seen;
    expect(dumb.seen).toEqual(new Set([...dumb.seen, ...within]));
    expect(within).toEqual(new Set([...within, ...see(made, boundedAt(preemptions)).seen]));
  }
}

/** The same, every access atomic. */
function atomic({ makeMemory: _, ...made }: Model): Model {
  return made;
}

describe('a search of states sees what comes of every interleaving', () => {
  it.each([
    ['two updates and a reader', seqlock(2, 1)],
    ['a reader that does not retry', seqlock(2, 1, { noRetry: true })],
    ['a count that is never odd', seqlock(1, 1, { noOddMark: true })],
  ] as const)('of %s', (_, made) => {
    const [dumb, clever] = [see(atomic(made), naive()), see(atomic(made), everyState())];
    expect(clever.seen).toEqual(dumb.seen);
    expect(clever.report.executions).toBeLessThan(dumb.report.executions);
  });

  it.each([
    ['straight programs', programs(STRAIGHT, 3, 3, false), 40],
    ['programs that spin', programs([...STRAIGHT, 'spin', 'spin-two'], 3, 4, false), 40],
    ['programs that sleep and wake', programs(['load', 'store', 'wait', 'wait-short', 'notify'], 3, 3, false), 60],
    ['programs with interrupts', programs(STRAIGHT, 2, 3, true), 40],
    ['programs with all there is', programs(ANYTHING, 3, 3, true), 60],
  ] as const)('of random %s', (_, arbitrary, numRuns) => {
    fc.assert(fc.property(arbitrary, (program) => expectAll(modelOf(program))), { numRuns, seed: 1 });
  });
});

describe('a search of states', () => {
  it('meets fewer states than there are interleavings, and says how many', () => {
    const report = explore(atomic(seqlock(2, 2)), everyStateWithin(3));
    expect(report).toMatchObject({ verdict: 'pass', coverage: { kind: 'bounded', preemptions: 3 }, areClasses: false });
    expect(report.states).toBe(18_380);
    expect(explore(seqlock(2, 1), boundedAt(1))).toMatchObject({ states: 0 });
  });

  it('is exhaustive where the bound kept it from nothing', () => {
    expect(explore(atomic(seqlock(1, 1)), everyStateWithin(50)).coverage).toEqual({ kind: 'exhaustive' });
    expect(explore(atomic(seqlock(1, 1)), everyState()).coverage).toEqual({ kind: 'exhaustive' });
  });

  it('finds a failure with the fewest preemptions first', () => {
    let preemptions = -1;
    const onExecution = (machine: Parameters<typeof preemptionsOf>[0], failure: unknown) => {
      if (failure !== undefined) preemptions = preemptionsOf(machine).filter(Boolean).length;
    };
    expect(explore(atomic(seqlock(2, 1, { noOddMark: true })), fewestFirst(), { onExecution }).verdict).toBe('fail');
    expect(preemptions).toBe(1);
  });

  it('begins again where a cell is shared after all: a store that comes late is tried before what was taken for one’s own', () => {
    const { plan, at } = namedCells({ x: 0, y: 0 });
    const late = model({
      name: 'late', cells: plan,
      threads: [
        { name: 'A', run: (memory) => { memory.store(at.x, 1); return memory.load(at.y); } },
        { name: 'B', run: (memory) => { if (memory.load(at.x) === 1) memory.store(at.y, 1); } },
      ],
    });
    expect([...explore(late, everyStateWithin(1)).outcomes.keys()].sort()).toEqual(['0 -', '1 -']);
  });

  it('is every execution where accesses are not atomic: races lie in the way', () => {
    expect(explore(seqlock(1, 1), everyState())).toMatchObject({ verdict: 'pass', states: 0 });
    const report = explore(seqlock(2, 1, { noRetry: true }), everyState(), { countAll: true });
    expect(report.failures).toEqual(explore(seqlock(2, 1, { noRetry: true }), naive(), { countAll: true }).failures);
  });

  it('tells two ways to the same cells apart by who has news for a strand that spins', () => {
    const { plan, at } = namedCells({ x: 0, done: 0 });
    const there = model({
      name: 'there-and-back', cells: plan,
      threads: [
        { name: 'A', run: (memory) => { memory.store(at.x, 1); memory.store(at.x, 0); memory.store(at.done, 1); } },
        { name: 'B', run: (memory) => { memory.load(at.x); memory.relax(); return memory.load(at.done); } },
      ],
    });
    expect(see(there, everyState()).seen).toEqual(see(there, naive()).seen);
  });
});
