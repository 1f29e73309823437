/**
 * A ring of two doubles between a CPU that writes six and a thread that reads them
 * (`shared/sync/stream-ring.ts`). The doubles are cells of the model, accessed plainly as they are in
 * truth: so that they are no data race is part of what is proved.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { MemoryMap } from '../../shared/memory/memory-map.ts';
import { struct, words } from '../../shared/memory/struct.ts';
import { StreamRing } from '../../shared/structs/window.ts';
import { RingReader, RingWriter } from '../../shared/sync/stream-ring.ts';
import { mappedCells } from '../explore/cells.ts';
import { boundedAt } from '../explore/depth-first.ts';
import { ExploredMemory } from '../explore/explored-memory.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { Op } from '../explore/step.ts';
import type { Catalogued } from './catalogued.ts';
import { tampered, uncounted, unheard, withoutStores } from './tampered-memory.ts';

const CAPACITY = 2;
const Rows = struct('rows', { cell: words(CAPACITY, 'a double of the ring') }, { writer: 'owning cpu' });
const map = new MemoryMap();
const RING = map.place(StreamRing, 1);
const ROWS = map.place(Rows, 1);
const { full: FULL, room: ROOM } = StreamRing.at;

/** Memory in which some cells are plain. */
class WithPlainRows extends ExploredMemory {
  peek(i: number): number {
    return this.access(Op.PlainLoad, ROWS + 4 * i, 0, 0);
  }
  poke(i: number, value: number): void {
    this.access(Op.PlainStore, ROWS + 4 * i, value, 0);
  }
}

/** What the ring takes for its array of doubles. */
function rowsOf(poke: (i: number, value: number) => void, peek: (i: number) => number): Float64Array {
  return new Proxy(new Float64Array(CAPACITY), {
    get: (rows, name) => (isIndex(name) ? peek(Number(name)) : Reflect.get(rows, name, rows)),
    set: (_, name, value: number) => {
      poke(Number(name), value);
      return true;
    },
  });
}

function isIndex(name: string | symbol): name is string {
  return typeof name === 'string' && /^\d+$/.test(name);
}

interface Parts {
  /** Doubles in each piece. */
  readonly pieces?: readonly number[];
  readonly writing?: (memory: Memory) => Memory;
  readonly reading?: (memory: Memory) => Memory;
  /** The writer moves the head before it copies. */
  readonly headFirst?: boolean;
  /** The reader makes room before it copies. */
  readonly tailFirst?: boolean;
}

function write(memory: WithPlainRows, { pieces = [3, 1], writing = (same) => same, headFirst = false }: Parts): void {
  const late: (() => void)[] = [];
  const moves = (): void => { for (const copy of late.splice(0)) copy(); };
  const told = tampered(memory, { storeLong: (at, value) => {
    memory.storeLong(at, value);
    moves();
  } });
  const poke = (i: number, value: number): void => { headFirst ? late.push(() => memory.poke(i, value)) : memory.poke(i, value); };
  const ring = new RingWriter(writing(headFirst ? told : memory), RING, rowsOf(poke, (i) => memory.peek(i)));
  let written = 0;
  for (const length of pieces) {
    ring.write(Float64Array.from({ length }, (_, i) => written + i + 1), length);
    written += length;
  }
}

function read(memory: WithPlainRows, { pieces = [3, 1], reading = (same) => same, tailFirst = false }: Parts): number[] {
  const ring = new RingReader(reading(memory), RING, rowsOf(() => undefined, (i) => memory.peek(i)));
  const wanted = pieces.reduce((sum, length) => sum + length, 0);
  const got: number[] = [];
  while (got.length < wanted) {
    const late: (() => void)[] = [];
    const count = ring.read((cells, from, to) => {
      for (let i = from; i < to; i++) {
        if (tailFirst) late.push(() => got.push(cells[i]!));
        else got.push(cells[i]!);
      }
    });
    for (const copy of late) copy();
    if (count === 0) memory.relax();
  }
  return got;
}

function streamRing(parts: Parts = {}): Model {
  return model({
    name: 'stream-ring',
    cells: mappedCells(map),
    makeMemory: (plan) => new WithPlainRows(plan),
    threads: [
      { name: 'writer', run: (memory) => write(memory as WithPlainRows, parts) },
      { name: 'reader', run: (memory) => read(memory as WithPlainRows, parts) },
    ],
    check: ({ results: [, got] }) => ((got as number[]).every((double, i) => double === i + 1) ? undefined : `read ${got}`),
  });
}

export const STREAM_RING: Catalogued = {
  id: 'stream-ring',
  says: 'Six doubles in two pieces through a ring of two: all arrive, in order, without a data race; a writer that sleeps is woken.',
  model: streamRing({ pieces: [3, 3] }),
  mutants: [
    { id: 'head-first', says: 'the head moves before the doubles are copied in', model: streamRing({ headFirst: true }) },
    { id: 'tail-first', says: 'the tail moves before the doubles are copied out', model: streamRing({ tailFirst: true }) },
    {
      id: 'room-uncounted', says: 'the reader wakes the writer without counting the bell',
      model: streamRing({ reading: (memory) => uncounted(memory, RING + ROOM) }),
    },
    { id: 'silent', says: 'the reader wakes nobody', model: streamRing({ reading: (memory) => unheard(memory, RING + ROOM) }) },
    {
      id: 'full-unsaid', says: 'the writer does not say that it is about to sleep',
      model: streamRing({ writing: (memory) => withoutStores(memory, RING + FULL) }),
    },
  ],
  quick: () => boundedAt(3),
  thorough: exhaustive,
};
