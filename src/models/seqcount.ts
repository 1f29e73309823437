/**
 * A record under a sequence count, one writer and its readers (`shared/sync/seqcount.ts`): whatever a
 * reader accepts was whole, and a second read is of no older version.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd } from '../../shared/sync/seqcount.ts';
import { namedCells } from '../explore/cells.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { answered, heldBack, isOdd } from './tampered-memory.ts';

const { plan, at } = namedCells({ seq: 0, utime: 0, stime: 0 });

type Pair = readonly [utime: number, stime: number];
type Tamper = (memory: Memory) => Memory;

const honest: Tamper = (memory) => memory;

function update(memory: Memory, times: number): void {
  for (let k = 1; k <= times; k++) {
    writeSeqcountBegin(memory, at.seq);
    memory.store(at.utime, k);
    memory.store(at.stime, 10 * k);
    writeSeqcountEnd(memory, at.seq);
  }
}

function read(memory: Memory): Pair {
  for (;;) {
    const start = readSeqcountBegin(memory, at.seq);
    const pair: Pair = [memory.load(at.utime), memory.load(at.stime)];
    if (!readSeqcountRetry(memory, at.seq, start)) return pair;
  }
}

/** The second look comes before what it is to vouch for. */
function readThenLoad(memory: Memory): Pair {
  for (;;) {
    const start = readSeqcountBegin(memory, at.seq);
    const utime = memory.load(at.utime);
    if (!readSeqcountRetry(memory, at.seq, start)) return [utime, memory.load(at.stime)];
  }
}

interface Parts {
  readonly updates?: number;
  readonly readers?: number;
  readonly reads?: number;
  readonly writing?: Tamper;
  readonly reading?: Tamper;
  readonly reader?: (memory: Memory) => Pair;
}

function seqcount({ updates = 2, readers = 1, reads = 1, writing = honest, reading = honest, reader = read }: Parts = {}): Model {
  return model({
    name: 'seqcount',
    cells: plan,
    threads: [
      { name: 'writer', run: (memory: Memory) => update(writing(memory), updates) },
      ...Array.from({ length: readers }, (_, i) => ({
        name: `reader-${i}`,
        run: (memory: Memory) => Array.from({ length: reads }, () => reader(reading(memory))),
      })),
    ],
    check: ({ results }) => {
      const [, ...seen] = results as [void, ...Pair[][]];
      return seen.map(wrongWith).find((says) => says !== undefined);
    },
  });
}

function wrongWith(pairs: readonly Pair[]): string | undefined {
  const torn = pairs.find(([utime, stime]) => stime !== 10 * utime);
  if (torn !== undefined) return `torn: utime ${torn[0]}, stime ${torn[1]}`;
  return pairs.some(([utime], i) => i > 0 && utime < pairs[i - 1]![0]) ? `steps back: ${JSON.stringify(pairs)}` : undefined;
}

const MUTANTS: Catalogued['mutants'] = [
  {
    id: 'late-odd', says: 'the count becomes odd after the first store',
    model: seqcount({ writing: (memory) => heldBack(memory, at.seq, at.utime, isOdd) }),
  },
  {
    id: 'early-even', says: 'the count becomes even before the last store',
    model: seqcount({ writing: (memory) => heldBack(memory, at.stime, at.seq) }),
  },
  {
    id: 'odd-is-fine', says: 'a reader does not mind an odd count',
    model: seqcount({ reading: (memory) => answered(memory, at.seq, (_, load) => load() & ~1) }),
  },
  {
    id: 'no-retry', says: 'a reader does not look at the count again',
    model: seqcount({ reading: lookingOnce }),
  },
  { id: 'early-retry', says: 'a reader looks at the count again before its last load', model: seqcount({ reader: readThenLoad }) },
];

/** The second look finds what the first one found. */
function lookingOnce(memory: Memory): Memory {
  let even: number | undefined;
  return answered(memory, at.seq, (_, load) => {
    if (even !== undefined) return even;
    const seq = load();
    if ((seq & 1) === 0) even = seq;
    return seq;
  });
}

export const SEQCOUNT: Catalogued = {
  id: 'seqcount',
  says: 'One writer, two updates, one reader that reads twice: what is accepted is whole, and never older than before.',
  model: seqcount({ reads: 2 }),
  mutants: MUTANTS,
  quick: exhaustive,
};

export const SEQCOUNT_READERS: Catalogued = {
  id: 'seqcount-readers',
  says: 'One writer, two updates, two readers: neither disturbs the other.',
  model: seqcount({ readers: 2 }),
  mutants: [],
  quick: () => everyStateWithin(3),
  thorough: exhaustive,
};
