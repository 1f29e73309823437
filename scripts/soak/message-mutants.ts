/**
 * What the soak of the message lists must find: the shipped lists over a memory that breaks one step of
 * their protocol. Each says which, and is as rare or as wide as it must be to do harm in a short run.
 */
import type { MachineMap } from '../../shared/machine-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { CallQueue, Csd } from '../../shared/structs/cpu.ts';
import type { Word } from '../../shared/units.ts';

export const MUTANTS = [
  'doorbell lost', 'slot freed silently', 'slot freed before it is copied', 'list not reversed', 'no second look',
] as const;
export type Mutant = (typeof MUTANTS)[number];

/** One doorbell in so many is lost: a single one must be found out. */
const LOST_ONE_IN = 50;
/** Loads that widen a window of some nanoseconds. */
const WIDE = 300;

/** The same memory, but for the accesses that `mutant` spoils. */
export function spoil(memory: Memory, map: MachineMap, mutant: Mutant): Memory {
  const where = new Places(map);
  switch (mutant) {
    case 'doorbell lost': return loseDoorbells(memory);
    case 'slot freed silently': return override(memory, {
      exchange: (at, value) => (where.isQueueField(at, 'starved') ? 0 : memory.exchange(at, value)),
    });
    case 'slot freed before it is copied': return freeTooEarly(memory, where);
    case 'list not reversed': return override(memory, {
      exchange: (at, value) => {
        const before = memory.exchange(at, value);
        return where.isQueueField(at, 'head') ? reversed(memory, before) : before;
      },
    });
    case 'no second look': return lookOnce(memory, where);
  }
}

function override(memory: Memory, methods: Partial<Memory>): Memory {
  return Object.assign(Object.create(memory) as Memory, methods);
}

/** Which field an address is. */
class Places {
  private readonly map: MachineMap;

  constructor(map: MachineMap) {
    this.map = map;
  }

  isQueueField(at: Word, field: keyof typeof CallQueue.at): boolean {
    const { at: { callQueue }, shape } = this.map;
    const offset = at - callQueue;
    return offset >= 0 && offset < (shape.cpus + 1) * CallQueue.bytes && offset % CallQueue.bytes === CallQueue.at[field];
  }

  isSlotField(at: Word, field: keyof typeof Csd.at): boolean {
    const { at: { csd }, shape } = this.map;
    const offset = at - csd;
    return offset >= 0 && offset < (shape.cpus + 1) * shape.csdPool * Csd.bytes && offset % Csd.bytes === Csd.at[field];
  }
}

function loseDoorbells(memory: Memory): Memory {
  let rung = 0;
  return override(memory, { notify: (at, count) => (++rung % LOST_ONE_IN === 0 ? 0 : memory.notify(at, count)) });
}

/** The receiver's first access to the slot that it takes is the load of `next`. */
function freeTooEarly(memory: Memory, where: Places): Memory {
  return override(memory, {
    load: (at) => {
      const value = memory.load(at);
      if (where.isSlotField(at, 'next')) {
        memory.store(at - Csd.at.next + Csd.at.locked, 0);
        linger(memory);
      }
      return value;
    },
  });
}

/** Whoever has said that it is asleep does not look into its list again. */
function lookOnce(memory: Memory, where: Places): Memory {
  let saidSo = false;
  return override(memory, {
    store: (at, value) => {
      if (where.isQueueField(at, 'asleep')) saidSo = value === 1;
      memory.store(at, value);
    },
    load: (at) => {
      if (where.isQueueField(at, 'bell')) linger(memory);
      return saidSo && where.isQueueField(at, 'head') ? 0 : memory.load(at);
    },
  });
}

function linger(memory: Memory): void {
  for (let i = 0; i < WIDE; i++) memory.load(0);
}

/** Turns a list round: turned once more, it is as it was pushed. */
function reversed(memory: Memory, newest: Word): Word {
  let oldest = 0;
  for (let csd = newest; csd !== 0; ) {
    const next = memory.load(csd + Csd.at.next);
    memory.store(csd + Csd.at.next, oldest);
    oldest = csd;
    csd = next;
  }
  return oldest;
}
