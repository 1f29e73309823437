/**
 * Memory that does something else than it is told, at one cell. A mutant is shipped code over such a
 * memory: what it shows is that the step that is missing, late or in pieces is needed.
 *
 *     run: (memory) => update(heldBack(memory, at.seq, at.utime))    // the odd mark comes after the store
 *
 * All other accesses are those of the memory behind it. What such a memory remembers, it remembers for one
 * run of a strand, so it is made inside the strand's function.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import type { Word } from '../../shared/units.ts';

/** Gives another meaning to some of the memory's methods. */
export function tampered(memory: Memory, changed: Partial<Memory>): Memory {
  return {
    // bound, and not called by functions of this file: where code stands is told by its stack
    load: memory.load.bind(memory), store: memory.store.bind(memory), add: memory.add.bind(memory), or: memory.or.bind(memory),
    and: memory.and.bind(memory), exchange: memory.exchange.bind(memory), cas: memory.cas.bind(memory),
    loadLong: memory.loadLong.bind(memory), storeLong: memory.storeLong.bind(memory), addLong: memory.addLong.bind(memory),
    exchangeLong: memory.exchangeLong.bind(memory), casLong: memory.casLong.bind(memory),
    relax: memory.relax.bind(memory), wait: memory.wait.bind(memory), notify: memory.notify.bind(memory),
    handOver: memory.handOver.bind(memory),
    ...changed,
  };
}

/** A store of such a value to `cell` takes place only after the next store to `until`. */
export function heldBack(memory: Memory, cell: number, until: number, which: (value: number) => boolean = () => true): Memory {
  let held: (() => void) | undefined;
  const store = (at: number, value: number, now: () => void) => {
    if (at === cell && which(value)) {
      held = now;
      return;
    }
    now();
    if (at !== until || held === undefined) return;
    held();
    held = undefined;
  };
  return tampered(memory, {
    store: (at, value) => store(at, value, () => memory.store(at, value)),
    storeLong: (at, value) => store(at, value, () => memory.storeLong(at, value)),
  });
}

/** Stores to `cell` do not take place. */
export function withoutStores(memory: Memory, cell: number): Memory {
  return tampered(memory, {
    store: (at, value) => (at === cell ? undefined : memory.store(at, value)),
    storeLong: (at, value) => (at === cell ? undefined : memory.storeLong(at, value)),
  });
}

/** Read-modify-writes of the word or long `cell` are a load and a store. */
export function inPieces(memory: Memory, cell: number): Memory {
  const word = (at: Word, next: (old: number) => number): number => {
    const old = memory.load(at);
    memory.store(at, next(old));
    return old;
  };
  return tampered(memory, {
    add: (at, by) => (at === cell ? word(at, (old) => old + by) : memory.add(at, by)),
    or: (at, bits) => (at === cell ? word(at, (old) => old | bits) : memory.or(at, bits)),
    and: (at, bits) => (at === cell ? word(at, (old) => old & bits) : memory.and(at, bits)),
    exchange: (at, value) => (at === cell ? word(at, () => value) : memory.exchange(at, value)),
    cas: (at, expected, value) => {
      if (at !== cell) return memory.cas(at, expected, value);
      const old = memory.load(at);
      if (old === expected) memory.store(at, value);
      return old;
    },
    casLong: (at, expected, value) => {
      if (at !== cell) return memory.casLong(at, expected, value);
      const old = memory.loadLong(at);
      if (old === expected) memory.storeLong(at, value);
      return old;
    },
  });
}

export const isOdd = (value: number): boolean => (value & 1) !== 0;

/** What a load of `cell` is told: `nth` counts from 0. */
export type Answer = (nth: number, load: () => number) => number;

/** Loads of `cell` are answered otherwise. */
export function answered(memory: Memory, cell: number, answer: Answer): Memory {
  let nth = 0;
  return tampered(memory, {
    load: (at) => (at === cell ? answer(nth++, () => memory.load(at)) : memory.load(at)),
    loadLong: (at) => (at === cell ? answer(nth++, () => memory.loadLong(at)) : memory.loadLong(at)),
  });
}

/** Nobody who sleeps on `cell` is ever woken. */
export function unheard(memory: Memory, cell: Word): Memory {
  return tampered(memory, { notify: (at, count) => (at === cell ? 0 : memory.notify(at, count)) });
}

/** Nothing is ever added to `cell`. */
export function uncounted(memory: Memory, cell: Word): Memory {
  return tampered(memory, { add: (at, by) => (at === cell ? 0 : memory.add(at, by)) });
}

/**
 * Accesses to cells that only this strand uses, or that say nothing to anybody, are no steps: there is less to explore. They
 * hold what `fill` stores, else 0.
 */
export function aside(memory: Memory, isAside: (at: number) => boolean, fill: (memory: Memory) => void = () => {}): Memory {
  const cells = new Map<number, number>();
  const old = (at: number): number => cells.get(at) ?? 0;
  const put = (at: number, value: number): number => {
    const before = old(at);
    cells.set(at, value);
    return before;
  };
  const made = tampered(memory, {
    load: (at) => (isAside(at) ? old(at) : memory.load(at)),
    store: (at, value) => (isAside(at) ? void put(at, value) : memory.store(at, value)),
    add: (at, by) => (isAside(at) ? put(at, old(at) + by) : memory.add(at, by)),
    cas: (at, expected, value) => {
      if (!isAside(at)) return memory.cas(at, expected, value);
      return old(at) === expected ? put(at, value) : old(at);
    },
    loadLong: (at) => (isAside(at) ? old(at) : memory.loadLong(at)),
    storeLong: (at, value) => (isAside(at) ? void put(at, value) : memory.storeLong(at, value)),
  });
  fill(made);
  return made;
}
