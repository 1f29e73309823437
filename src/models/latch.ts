/**
 * Two copies of a record under a latch (`shared/sync/seqcount-latch.ts`): whatever a reader accepts was
 * whole and no older than before, and no reader ever waits, not even an interrupt in the midst of an update.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import {
  readSeqcountLatch, readSeqcountLatchRetry, writeSeqcountLatch, writeSeqcountLatchBegin,
} from '../../shared/sync/seqcount-latch.ts';
import { namedCells } from '../explore/cells.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import type { Catalogued } from './catalogued.ts';

const { plan, at } = namedCells({ seq: 0, base0: 0, mult0: 0, base1: 0, mult1: 0 });
const COPIES = [{ base: at.base0, mult: at.mult0 }, { base: at.base1, mult: at.mult1 }] as const;

type Pair = readonly [base: number, mult: number];

function storeCopy(memory: Memory, copy: 0 | 1, k: number): void {
  memory.store(COPIES[copy].base, k);
  memory.store(COPIES[copy].mult, 10 * k);
}

function update(memory: Memory, k: number): void {
  writeSeqcountLatchBegin(memory, at.seq);
  storeCopy(memory, 0, k);
  writeSeqcountLatch(memory, at.seq);
  storeCopy(memory, 1, k);
}

/** Stores into the copy that readers have been turned to. */
function updateWrongCopy(memory: Memory, k: number): void {
  writeSeqcountLatchBegin(memory, at.seq);
  storeCopy(memory, 1, k);
  writeSeqcountLatch(memory, at.seq);
  storeCopy(memory, 0, k);
}

/** Turns readers away from copy 0 when it is half new already. */
function updateLate(memory: Memory, k: number): void {
  memory.store(COPIES[0].base, k);
  writeSeqcountLatchBegin(memory, at.seq);
  memory.store(COPIES[0].mult, 10 * k);
  writeSeqcountLatch(memory, at.seq);
  storeCopy(memory, 1, k);
}

function readCopy(memory: Memory, { base, mult }: (typeof COPIES)[number]): Pair {
  return [memory.load(base), memory.load(mult)];
}

function read(memory: Memory): Pair {
  for (;;) {
    const start = readSeqcountLatch(memory, at.seq);
    const pair = readCopy(memory, COPIES[(start & 1) as 0 | 1]);
    if (!readSeqcountLatchRetry(memory, at.seq, start)) return pair;
  }
}

function readOnce(memory: Memory): Pair {
  return readCopy(memory, COPIES[(readSeqcountLatch(memory, at.seq) & 1) as 0 | 1]);
}

interface Parts {
  readonly writer?: (memory: Memory, k: number) => void;
  readonly reader?: (memory: Memory) => Pair;
}

function latch({ writer = update, reader = read }: Parts = {}): Model {
  return model({
    name: 'latch',
    cells: plan,
    threads: [
      {
        name: 'writer',
        run: (memory: Memory) => { for (let k = 1; k <= 2; k++) writer(memory, k); },
        irqs: [{ name: 'nmi', run: (memory: Memory) => reader(memory) }],
      },
      { name: 'reader', run: (memory: Memory) => [reader(memory), reader(memory)] },
    ],
    check: ({ results: [, seen], fired }) => wrongWith(seen as Pair[], fired as Pair[]),
  });
}

function wrongWith(seen: readonly Pair[], fired: readonly Pair[]): string | undefined {
  const torn = [...seen, ...fired].find(([base, mult]) => mult !== 10 * base);
  if (torn !== undefined) return `torn: base ${torn[0]}, mult ${torn[1]}`;
  return seen[1]![0] < seen[0]![0] ? `steps back: ${JSON.stringify(seen)}` : undefined;
}

export const LATCH: Catalogued = {
  id: 'latch',
  says: 'One writer, two updates of two copies, a reader that reads twice, one in an interrupt of the writer: all whole, none waits.',
  model: latch(),
  mutants: [
    { id: 'wrong-copy', says: 'the writer stores into the copy that readers are turned to', model: latch({ writer: updateWrongCopy }) },
    { id: 'late-turn', says: 'readers are turned away from a copy that is half new already', model: latch({ writer: updateLate }) },
    { id: 'no-retry', says: 'a reader does not look at the count again', model: latch({ reader: readOnce }) },
  ],
  quick: exhaustive,
};
