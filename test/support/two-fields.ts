/**
 * The smallest sequence lock that can tear: two fields, of which the second is ten times the first. The
 * writer keeps the count in a local, so that an update is four accesses. `Sites` weakens it.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { RacyMemory, racy } from './racy-memory.ts';

export const { plan, at } = namedCells({ seq: 0, a: 0, b: 0, lock: 0, noise: 0 });

/** Seeded bugs, and accesses that are plain. */
export interface Sites {
  readonly noOddMark?: boolean;
  readonly plainOddMark?: boolean;
  readonly addOddMark?: boolean;
  readonly plainA?: boolean;
  readonly plainB?: boolean;
  readonly plainEven?: boolean;
  readonly noOddCheck?: boolean;
  readonly plainFirst?: boolean;
  readonly plainLoads?: boolean;
  readonly noRetry?: boolean;
  readonly plainRecheck?: boolean;
  readonly addRecheck?: boolean;
}

export type Pair = readonly [a: number, b: number];

export function update(memory: Memory, times: number, sites: Sites = {}): void {
  for (let k = 1, seq = 0; k <= times; k++, seq += 2) {
    if (sites.addOddMark) memory.add(at.seq, 1);
    else if (sites.plainOddMark) racy(memory).poke(at.seq, seq + 1);
    else if (!sites.noOddMark) memory.store(at.seq, seq + 1);
    put(memory, at.a, k, sites.plainA);
    put(memory, at.b, 10 * k, sites.plainB);
    put(memory, at.seq, seq + 2, sites.plainEven);
  }
}

export function read(memory: Memory, sites: Sites = {}): Pair {
  for (;;) {
    const seq = get(memory, at.seq, sites.plainFirst);
    if (!sites.noOddCheck && (seq & 1) !== 0) {
      memory.relax();
      continue;
    }
    const a = get(memory, at.a, sites.plainLoads);
    const b = get(memory, at.b, sites.plainLoads);
    if (sites.noRetry) return [a, b];
    const again = sites.addRecheck ? memory.add(at.seq, 0) : get(memory, at.seq, sites.plainRecheck);
    if (again === seq) return [a, b];
  }
}

export interface Locking {
  readonly noLock?: boolean;
  /** The lock is let go of in a `finally` block. */
  readonly withFinally?: boolean;
}

/** A writer that shares the lock with others; the count is in the cell. */
export function lockedUpdate(memory: Memory, { noLock = false, withFinally = false }: Locking = {}): void {
  if (!noLock) while (memory.cas(at.lock, 0, 1) !== 0) memory.relax();
  if (withFinally) {
    try {
      nextUpdate(memory);
    } finally {
      memory.store(at.lock, 0);
    }
  } else {
    nextUpdate(memory);
    if (!noLock) memory.store(at.lock, 0);
  }
}

function nextUpdate(memory: Memory): void {
  const seq = memory.load(at.seq);
  memory.store(at.seq, seq + 1);
  const a = memory.load(at.a) + 1;
  memory.store(at.a, a);
  memory.store(at.b, 10 * a);
  memory.store(at.seq, seq + 2);
}

/** One writer, which needs no lock, and its readers. */
export function seqlock(updates: number, readers: number, sites: Sites = {}): Model {
  const reader = (memory: Memory) => read(memory, sites);
  return twoFields([(memory) => update(memory, updates, sites), ...Array.from({ length: readers }, () => reader)]);
}

export function twoFields(threads: readonly ((memory: Memory) => Pair | void)[]): Model {
  return model({
    name: 'two-fields',
    cells: plan,
    makeMemory: (cells) => new RacyMemory(cells),
    threads: threads.map((run, i) => ({ name: `CPU${i}`, run })),
    check: ({ results }) => {
      const torn = results.find((pair) => pair !== undefined && pair[1] !== 10 * pair[0]);
      return torn === undefined ? undefined : `torn: a = ${torn![0]}, b = ${torn![1]}`;
    },
  });
}

function put(memory: Memory, cell: number, value: number, plain = false): void {
  if (plain) racy(memory).poke(cell, value);
  else memory.store(cell, value);
}

function get(memory: Memory, cell: number, plain = false): number {
  return plain ? racy(memory).peek(cell) : memory.load(cell);
}
