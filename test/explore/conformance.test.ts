import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlainMemory } from '../../shared/memory/plain-memory.ts';
import type { CellPlan } from '../../src/explore/cells.ts';
import { ExploredMemory } from '../../src/explore/explored-memory.ts';
import { random } from '../../src/explore/random.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { Op } from '../../src/explore/step.ts';
import { NATIVE } from '../support/each-memory.ts';
import { Crew, sample } from './conformance.ts';
import { INTERRUPTED, MUTANTS, PROGRAMS, SHIPPED, SLEEPERS, SMALL_SEQCOUNT, type Repeated } from './conformance-models.ts';
import { UNFINISHED } from './in-turn.ts';

let crew: Crew;
beforeAll(() => { crew = new Crew(); });
afterAll(() => crew.dismiss());

describe.each(NATIVE)('explored memory means what %s memory means to threads that step in the same order', (kind) => {
  it('in each class of executions of one update and one read', async () => {
    const all = sample(SMALL_SEQCOUNT, exhaustive());
    expect(all.runs.length).toBeGreaterThan(15);
    expect(await crew.differences(all, kind)).toEqual([]);
  });

  it.each([SLEEPERS, INTERRUPTED, ...SHIPPED])('in executions of $id', async (repeated) => {
    const some = sample(repeated, random({ executions: 30 }));
    expect(some.runs.length).toBeGreaterThan(10);
    expect(await crew.differences(some, kind)).toEqual([]);
  });

  it('in executions of planted bugs, to whatever end they come', async () => {
    const some = MUTANTS.map((mutant) => sample(mutant, random({ executions: 5 })));
    for (const one of some) expect(await crew.differences(one, kind)).toEqual([]);
    expect(some.flatMap(({ accounts }) => accounts).some(({ outcomes }) => outcomes.includes(UNFINISHED))).toBe(true);
  });

  it('in programs of every access', async () => {
    for (const repeated of PROGRAMS) expect(await crew.differences(sample(repeated, random({ executions: 15 })), kind)).toEqual([]);
  });
});

it('is asked of every operation, and of every way in which a sleep may end', () => {
  const turns = [SLEEPERS, INTERRUPTED, ...PROGRAMS].flatMap((repeated) => sample(repeated, random({ executions: 15 })).accounts)
    .flatMap((account) => account.turns);
  const ops = new Set(turns.map((turn) => turn.split(' ')[0]));
  expect([...ops].sort()).toEqual(Object.keys(Op).filter((op) => !['PlainLoad', 'PlainStore', 'Done', 'Thrown'].includes(op)).sort());
  const ends = new Set(turns.filter((turn) => /^(?:Wait|Asleep|Notify) /.test(turn)).map((turn) => turn.replace(/^(\w+).*: /, '$1: ')));
  expect([...ends].sort()).toEqual(['Asleep: 2', 'Notify: 0', 'Notify: 1', 'Notify: 2', 'Wait: -1', 'Wait: 1']);
});

type Mutant = (cells: PlainMemory) => void;
const returnsNew = (op: 'add' | 'or' | 'and' | 'exchange'): Mutant => (cells) => {
  const right = cells[op].bind(cells);
  cells[op] = (at, value) => (right(at, value), cells.load(at));
};
const returnsNewLong = (op: 'addLong' | 'exchangeLong'): Mutant => (cells) => {
  const right = cells[op].bind(cells);
  cells[op] = (at, value) => (right(at, value), cells.loadLong(at));
};
const CELLS: readonly (readonly [string, Mutant])[] = [
  ...(['add', 'or', 'and', 'exchange'] as const).map((op) => [`${op} returns the new value`, returnsNew(op)] as const),
  ...(['addLong', 'exchangeLong'] as const).map((op) => [`${op} returns the new value`, returnsNewLong(op)] as const),
  ['cas returns the new value', (cells) => {
    const right = cells.cas.bind(cells);
    cells.cas = (at, expected, value) => (right(at, expected, value), cells.load(at));
  }],
  ['casLong returns the new value', (cells) => {
    const right = cells.casLong.bind(cells);
    cells.casLong = (at, expected, value) => (right(at, expected, value), cells.loadLong(at));
  }],
  ['cas swaps whatever it finds', (cells) => { cells.cas = (at, _expected, value) => cells.exchange(at, value); }],
  ['words have no sign', (cells) => {
    const right = cells.load.bind(cells);
    cells.load = (at) => right(at) >>> 0;
  }],
  ['add stops at the largest word', (cells) => {
    cells.add = (at, by) => cells.exchange(at, Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, cells.load(at) + by)));
  }],
  ['stored longs have 32 bits', (cells) => {
    const right = cells.storeLong.bind(cells);
    cells.storeLong = (at, value) => right(at, value | 0);
  }],
  ['sums of longs have 32 bits', (cells) => { cells.addLong = (at, by) => cells.exchangeLong(at, (cells.loadLong(at) + by) | 0); }],
  ['longs are compared in 32 bits', (cells) => {
    cells.casLong = (at, expected, value) =>
      ((cells.loadLong(at) | 0) === (expected | 0) ? cells.exchangeLong(at, value) : cells.loadLong(at));
  }],
];

class UncutMemory extends ExploredMemory {
  override store(at: number, value: number): void {
    this.access(Op.Store, at, value, 0);
  }
}
class SwappedMemory extends ExploredMemory {
  override cas(at: number, expected: number, value: number): number {
    return super.cas(at, value, expected);
  }
}
class SleeplessMemory extends ExploredMemory {
  override wait(at: number, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    const right = super.wait(at, expected, timeoutMs);
    return right === 'timed-out' ? 'ok' : right;
  }
}
const DOORS: readonly (readonly [string, typeof ExploredMemory, readonly Repeated[]])[] = [
  ['operands are not cut to 32 bits', UncutMemory, PROGRAMS],
  ['cas takes its operands in the other order', SwappedMemory, PROGRAMS],
  ['who has slept long enough says it was woken', SleeplessMemory, [SLEEPERS]],
];

describe('the comparison with native memory', () => {
  const seen = async (repeated: readonly Repeated[], corrupt?: Mutant): Promise<string[]> => {
    for (const one of repeated) {
      const found = await crew.differences(sample(one, random({ executions: 10 }), corrupt), 'wasm');
      if (found.length > 0) return found;
    }
    return [];
  };

  it.each(CELLS)('sees that in explored memory %s', async (_name, corrupt) => {
    expect(await seen(PROGRAMS, corrupt)).not.toEqual([]);
  });

  it.each(DOORS)('sees that in explored memory %s', async (_name, Memory, repeated) => {
    const broken = repeated.map(({ id, model }) => ({ id, model: { ...model, makeMemory: (plan: CellPlan) => new Memory(plan) } }));
    expect(await seen(broken)).not.toEqual([]);
  });

  it('sees that threads went in another order', async () => {
    const all = sample(SMALL_SEQCOUNT, exhaustive());
    const found = await crew.differences({ ...all, accounts: all.accounts.map((_, n) => all.accounts.at(n - 1)!) }, 'wasm');
    expect(new Set(found.map((text) => text.split(':')[0])).size).toBe(all.accounts.length);
  });
  it('ends when a thread does, and can be made again', async () => {
    const all = sample(SMALL_SEQCOUNT, exhaustive());
    await expect(crew.differences({ ...all, id: 'nobody' }, 'wasm')).rejects.toThrow(TypeError);
    expect(await crew.differences(all, 'wasm')).toEqual([]);
  });
});
