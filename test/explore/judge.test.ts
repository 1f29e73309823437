import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { explore } from '../../src/explore/explore.ts';
import type { FailureKind } from '../../src/explore/judge.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';

const { plan, at } = namedCells({ a: 0, b: 0, bell: 0, asleep: 0, list: 0 });

function failuresOf(parts: Partial<Model> & Pick<Model, 'threads'>): Partial<Record<FailureKind, number>> {
  return explore(model({ name: 'judged', cells: plan, ...parts }), exhaustive(), { countAll: true }).failures;
}
const threads = (...runs: ((memory: Memory) => unknown)[]): Model['threads'] => runs.map((run, i) => ({ name: `CPU${i}`, run }));

const lock = (memory: Memory, cell: number) => {
  while (memory.cas(cell, 0, 1) !== 0) memory.relax();
};
const inOrder = (first: number, second: number) => (memory: Memory) => {
  lock(memory, first);
  lock(memory, second);
  memory.store(second, 0);
  memory.store(first, 0);
};

describe('an execution', () => {
  it('holds if all come to their end and the check is content', () => {
    expect(failuresOf({ threads: threads(inOrder(at.a, at.b), inOrder(at.a, at.b)), check: () => undefined })).toEqual({});
  });

  it('is a deadlock where two locks are taken in both orders', () => {
    expect(failuresOf({ threads: threads(inOrder(at.a, at.b), inOrder(at.b, at.a)) })).toEqual({ deadlock: 1 });
  });

  it('has lost a wake-up where somebody sleeps for ever', () => {
    // the sleeper says that it sleeps only after its last look
    const careless = (memory: Memory) => {
      while (memory.load(at.list) === 0) {
        const bell = memory.load(at.bell);
        if (memory.load(at.list) === 0) {
          memory.store(at.asleep, 1);
          memory.wait(at.bell, bell, Infinity);
        }
      }
    };
    const sender = (memory: Memory) => {
      memory.store(at.list, 1);
      if (memory.load(at.asleep) === 0) return;
      memory.add(at.bell, 1);
      memory.notify(at.bell, 1);
    };
    expect(failuresOf({ threads: threads(careless, sender) })['lost wake-up']).toBeGreaterThan(0);
    const careful = (memory: Memory) => {
      const bell = memory.load(at.bell);
      memory.store(at.asleep, 1);
      if (memory.load(at.list) === 0) memory.wait(at.bell, bell, Infinity);
    };
    expect(failuresOf({ threads: threads(careful, sender) })).toEqual({});
  });

  it('has lost none where a sleeper has a time-out', () => {
    expect(failuresOf({ threads: threads((memory) => memory.wait(at.bell, 0, 10)) })).toEqual({});
  });

  it('is a livelock where it does not come to an end', () => {
    const spinsWithoutRelax = (memory: Memory) => {
      while (memory.load(at.a) === 0);
    };
    expect(failuresOf({ threads: threads(spinsWithoutRelax) })).toEqual({ livelock: 1 });
    const politely = (mine: number, other: number) => (memory: Memory) => {
      for (;;) {
        memory.store(mine, 1);
        if (memory.load(other) === 0) return;
        memory.store(mine, 0);
      }
    };
    const polite = failuresOf({ threads: threads(politely(at.a, at.b), politely(at.b, at.a)), stepsMax: 12 });
    expect(polite.livelock).toBeGreaterThan(0);
  });

  it('fails by what a thread or an interrupt throws', () => {
    const throwsAt = (cell: number) => (memory: Memory) => {
      if (memory.load(cell) !== 0) throw new RangeError('not 0');
    };
    expect(failuresOf({ threads: threads(throwsAt(at.a), (memory) => memory.store(at.a, 1)) })).toEqual({ exception: 1 });
    const irqs = [{ name: 'irq', run: throwsAt(at.a) }];
    expect(failuresOf({ threads: [{ name: 'CPU0', run: (memory: Memory) => memory.store(at.a, 1), irqs }] })).toEqual({ exception: 1 });
  });

  it('is shown to the check with all results, the firings of interrupts, the cells and the choices', () => {
    const seen: unknown[] = [];
    failuresOf({
      threads: [
        {
          name: 'CPU0', run: (memory: Memory) => memory.add(at.a, 5),
          irqs: [{ name: 'irq', run: (memory: Memory) => memory.add(at.b, 2) }],
        },
        { name: 'CPU1', run: () => 'idle' },
      ],
      choices: { by: [7] },
      check: ({ results, fired, memory, chosen }) => {
        seen.push([results, fired, memory.load(at.a), memory.load(at.b), chosen['by']]);
        return undefined;
      },
    });
    expect(seen).toEqual([
      [[0, 'idle'], [], 5, 0, 7],
      [[0, 'idle'], [0], 5, 2, 7],
      [[0, 'idle'], [0], 5, 2, 7],
    ]);
  });
});
