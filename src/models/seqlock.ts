/**
 * Two writers that share a lock, and a reader that takes it too once it has been overtaken
 * (`shared/sync/seqlock.ts`): no update is lost, what is read is whole.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { MemoryMap } from '../../shared/memory/memory-map.ts';
import { seqcount, spinlock, struct, word } from '../../shared/memory/struct.ts';
import { readSeqbegin, readSeqlockExcl, readSeqretry, readSequnlockExcl, writeSeqlock, writeSequnlock } from '../../shared/sync/seqlock.ts';
import type { CpuId } from '../../shared/units.ts';
import { mappedCells } from '../explore/cells.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { everyState, everyStateWithin } from '../explore/state-walk.ts';
import type { Catalogued } from './catalogued.ts';
import { heldBack, inPieces, isOdd } from './tampered-memory.ts';

const Sums = struct('sums', {
  lock: spinlock('serialises writers'), seq: seqcount('odd while one is inside'), utime: word('1 an update'), stime: word('10 an update'),
}, { writer: 'any cpu', lock: 'lock', seqcount: 'seq' });
const map = new MemoryMap();
const base = map.place(Sums, 1);
const at = { lock: base + Sums.at.lock, seq: base + Sums.at.seq, utime: base + Sums.at.utime, stime: base + Sums.at.stime };

const isEven = (value: number): boolean => !isOdd(value);

type Pair = readonly [utime: number, stime: number];

function update(memory: Memory, cpu: CpuId): void {
  const now = writeSeqlock(memory, at.lock, at.seq, cpu, 0);
  const utime = memory.load(at.utime) + 1;
  memory.store(at.utime, utime);
  memory.store(at.stime, 10 * utime);
  writeSequnlock(memory, at.lock, at.seq, cpu, now + 30);
}

/** Second pass under the lock. */
function read(memory: Memory, cpu: CpuId): Pair {
  const start = readSeqbegin(memory, at.seq);
  const pair: Pair = [memory.load(at.utime), memory.load(at.stime)];
  if (!readSeqretry(memory, at.seq, start)) return pair;
  const now = readSeqlockExcl(memory, at.lock, cpu, 0);
  const locked: Pair = [memory.load(at.utime), memory.load(at.stime)];
  readSequnlockExcl(memory, at.lock, cpu, now);
  return locked;
}

/** The second pass goes without the lock, and is believed. */
function readTwice(memory: Memory): Pair {
  const start = readSeqbegin(memory, at.seq);
  const pair: Pair = [memory.load(at.utime), memory.load(at.stime)];
  return readSeqretry(memory, at.seq, start) ? [memory.load(at.utime), memory.load(at.stime)] : pair;
}

interface Parts {
  readonly updates?: number;
  readonly writers?: number;
  readonly writing?: (memory: Memory) => Memory;
  readonly reader?: (memory: Memory, cpu: CpuId) => Pair;
}

function seqlock({ updates = 1, writers = 2, writing = (memory) => memory, reader = read }: Parts = {}): Model {
  const writersOf: ModelThread[] = Array.from({ length: writers }, (_, cpu) => ({
    name: `writer-${cpu}`,
    run: (memory: Memory) => { for (let k = 0; k < updates; k++) update(writing(memory), cpu); },
  }));
  return model({
    name: 'seqlock',
    cells: mappedCells(map),
    threads: [...writersOf, { name: 'reader', run: (memory: Memory) => reader(memory, writers) }],
    check: ({ results, memory }) => {
      const [utime, stime] = results.at(-1) as Pair;
      if (stime !== 10 * utime) return `torn: utime ${utime}, stime ${stime}`;
      const sum = memory.load(at.utime);
      return sum === writers * updates ? undefined : `${writers * updates} updates, ${sum} counted`;
    },
  });
}

export const SEQLOCK: Catalogued = {
  id: 'seqlock',
  says: 'Two writers under a lock, and a reader that takes it on its second pass: nothing is lost, nothing is torn.',
  model: seqlock(),
  mutants: [
    {
      id: 'look-then-take', says: 'writers take the lock in two steps',
      model: seqlock({ writing: (memory) => inPieces(memory, at.lock) }),
    },
    {
      id: 'late-even', says: 'the lock is freed before the section is closed',
      model: seqlock({ writing: (memory) => heldBack(memory, at.seq, at.lock, isEven) }),
    },
    {
      id: 'late-odd', says: 'the count becomes odd after the first store',
      model: seqlock({ writing: (memory) => heldBack(memory, at.seq, at.utime, isOdd) }),
    },
    {
      id: 'no-lock-on-retry', says: 'the reader believes its second pass, which is not locked',
      model: seqlock({ updates: 2, writers: 1, reader: readTwice }),
    },
  ],
  quick: everyState,
};

export const SEQLOCK_WRITERS: Catalogued = {
  id: 'seqlock-writers',
  says: 'The same with two updates of each writer.',
  model: seqlock({ updates: 2 }),
  mutants: [],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(4),
};
