import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { boundedAt } from '../../src/explore/depth-first.ts';
import { explore } from '../../src/explore/explore.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { random } from '../../src/explore/random.ts';
import { replay } from '../../src/explore/counterexample.ts';
import { shrink } from '../../src/explore/shrink.ts';
import { at, lockedUpdate, plan, read, seqlock, twoFields } from '../support/two-fields.ts';

const unlocked = (memory: Memory) => lockedUpdate(memory, { noLock: true });

/** The failures of several seeds, each shrunk. */
function shrunk(made: Model, seeds = [1, 2, 3, 4]) {
  return seeds.map((seed) => {
    const { schedule, failure } = explore(made, random({ seed })).found!;
    const { kind, preemptions, rows } = replay(made, shrink(made, schedule, failure.kind));
    expect(kind, 'it still fails in the same way').toBe(failure.kind);
    return { kind, preemptions, steps: rows.length };
  });
}

/** The fewest preemptions with which it fails, and then the fewest steps, by looking at all. */
function simplest(made: Model, kind: string) {
  for (let preemptions = 0; ; preemptions++) {
    let steps = Infinity;
    explore(made, boundedAt(preemptions), {
      countAll: true,
      onExecution: ({ length }, failure) => { if (failure?.kind === kind) steps = Math.min(steps, length); },
    });
    if (steps < Infinity) return { kind, preemptions, steps };
  }
}

describe('shrinking', () => {
  it.each([
    ['a read without retry', seqlock(2, 1, { noRetry: true })],
    ['a read that does not mind an odd count', seqlock(2, 1, { noOddCheck: true })],
    ['an update without an odd count', seqlock(2, 1, { noOddMark: true })],
    ['a read without retry among others', seqlock(4, 2, { noRetry: true })],
  ] as const)('comes to the simplest failure there is: %s', (_, made) => {
    const least = simplest(made, 'assertion');
    expect(least.preemptions).toBe(1);
    for (const result of shrunk(made)) expect(result).toEqual(least);
  });

  it('comes to the simplest failure of the kind that it was given', () => {
    const made = twoFields([unlocked, unlocked, (memory) => read(memory)]);
    const results = shrunk(made, [1, 2, 3, 4, 5, 6]);
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['assertion', 'deadlock']));
    for (const result of results) expect(result).toEqual(simplest(made, result.kind!));
  });

  it('leaves out interrupts and choices that do not matter', () => {
    const noisy = model({
      name: 'noisy', cells: plan,
      choices: { flavour: ['sweet', 'sour'] },
      threads: [
        {
          name: 'CPU0', run: (memory: Memory) => memory.store(at.a, memory.load(at.a) + 1),
          irqs: [{ name: 'irq', run: (memory: Memory) => memory.add(at.noise, 1), max: 2 }],
        },
        { name: 'CPU1', run: (memory: Memory) => memory.add(at.a, 1) },
      ],
      check: ({ memory }) => (memory.load(at.a) === 2 ? undefined : 'an update was lost'),
    });
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { schedule, failure } = explore(noisy, random({ seed })).found!;
      const { rows, preemptions, chosen } = replay(noisy, shrink(noisy, schedule, failure.kind));
      expect(rows.map(({ strand }) => strand)).toEqual(['CPU0', 'CPU1', 'CPU0']);
      expect({ preemptions, chosen }).toEqual({ preemptions: 1, chosen: { flavour: 'sweet' } });
    }
  });
});
