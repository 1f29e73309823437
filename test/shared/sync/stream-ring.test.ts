import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { ObservedMemory } from '../../../shared/memory/observed-memory.ts';
import { PlainMemory } from '../../../shared/memory/plain-memory.ts';
import { StreamRing } from '../../../shared/structs/window.ts';
import { RingReader, RingWriter, type TakeDoubles } from '../../../shared/sync/stream-ring.ts';
import { describeEachMemory } from '../../support/each-memory.ts';

const map = new MemoryMap();
const AT = map.place(StreamRing, 1, () => 0);
const { head: HEAD, tail: TAIL, room: ROOM, full: FULL } = StreamRing.at;
const count = (from: number, length: number): Float64Array => Float64Array.from({ length }, (_, i) => from + i);

describeEachMemory('a stream ring', (make) => {
  const start = (capacity: number) => {
    const memory = make(map.bytes);
    const cells = new Float64Array(new SharedArrayBuffer(8 * capacity));
    const got: number[] = [];
    const pieces: number[] = [];
    const take: TakeDoubles = (from, a, b) => {
      got.push(...from.subarray(a, b));
      pieces.push(b - a);
    };
    let written = 0;
    return {
      memory, got, pieces,
      /** The next `length` numbers. */
      write: (length: number) => {
        new RingWriter(memory, AT, cells).write(count(written, length), length);
        written += length;
      },
      read: () => new RingReader(memory, AT, cells).read(take),
    };
  };

  it('gives back what was put in, and nothing twice', () => {
    const { write, read, got } = start(16);
    write(3);
    write(4);
    expect([read(), read(), got]).toEqual([7, 0, [0, 1, 2, 3, 4, 5, 6]]);
  });

  it('takes as much as it holds without a wait, and is then full to the last cell', () => {
    const { memory, write, read, got, pieces } = start(16);
    memory.wait = () => expect.unreachable('waits');
    write(16);
    expect([read(), pieces]).toEqual([16, [16]]);
    write(16);
    expect([read(), pieces, got]).toEqual([16, [16, 16], [...count(0, 32)]]);
  });

  it('goes round its end, in two pieces', () => {
    const { write, read, got, pieces } = start(16);
    write(10);
    read();
    write(12);
    expect([read(), pieces, got]).toEqual([12, [10, 6, 6], [...count(0, 22)]]);
  });

  it('passes on pieces longer than itself: its writer sleeps each time it is full', () => {
    const { memory, write, read, got } = start(16);
    let sleeps = 0;
    memory.wait = (at, expected) => {
      sleeps++;
      expect([at, memory.load(at), memory.load(AT + FULL)]).toEqual([AT + ROOM, expected, 1]);
      read();
      expect(memory.load(at)).not.toBe(expected);
      return 'ok';
    };
    write(50);
    read();
    expect([sleeps, memory.load(AT + ROOM), memory.load(AT + FULL)]).toEqual([3, 3, 0]);
    expect(got).toEqual([...count(0, 50)]);
  });

  it('tells whoever waits for doubles before it sleeps itself', () => {
    const memory = make(map.bytes);
    const cells = new Float64Array(4);
    let told = 0;
    memory.wait = () => expect.unreachable('sleeps');
    new RingWriter(memory, AT, cells, () => {
      told++;
      new RingReader(memory, AT, cells).read(() => {});
    }).write(count(0, 10), 10);
    expect(told).toBe(2);
  });

  it('rings nobody who does not sleep', () => {
    const { memory, write, read } = start(16);
    memory.notify = () => expect.unreachable('rings');
    write(16);
    read();
    expect(memory.load(AT + ROOM)).toBe(0);
  });

  it('equals a list, for any order of writes and reads, beyond 2 ** 32 doubles too', () => {
    const step = fc.oneof(fc.nat(40), fc.constant('read' as const));
    fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(0, 2 ** 32 - 7, 2 ** 40), (steps, before) => {
      const { memory, write, read, got } = start(13);
      memory.storeLong(AT + HEAD, before);
      memory.storeLong(AT + TAIL, before);
      memory.wait = () => (read(), 'ok');
      let written = 0;
      for (const length of steps) {
        if (length === 'read') read();
        else write(length);
        written += length === 'read' ? 0 : length;
      }
      read();
      expect(got).toEqual([...count(0, written)]);
    }), { numRuns: 100 });
  });
});

// ---- forced schedules: what the other side does comes right after the n-th access of this one

interface Ends {
  write(memory: Memory, cells: Float64Array, rows: Float64Array): void;
  read(memory: Memory, cells: Float64Array, take: TakeDoubles): void;
}
const RIGHT: Ends = {
  write: (memory, cells, rows) => new RingWriter(memory, AT, cells).write(rows, rows.length),
  read: (memory, cells, take) => void new RingReader(memory, AT, cells).read(take),
};
const ASLEEP = { token: 'the writer sleeps' } as const;
const CAPACITY = 4;
const ROWS = 10;

/** A ring on one thread, and what its reader has got so far. */
class Schedule {
  readonly memory = new ObservedMemory(new PlainMemory(map), map);
  readonly got: number[] = [];
  private readonly cells = new Float64Array(CAPACITY);
  private readonly ends: Ends;
  private written = 0;
  private accesses = 0;

  constructor(ends: Ends) {
    this.ends = ends;
  }

  /** Between any two accesses of the other side, one of these runs whole. */
  at(points: readonly number[], other: () => void): void {
    this.accesses = 0;
    this.memory.onAccess = () => {
      if (points.includes(this.accesses++)) other();
    };
  }
  write(length: number): void {
    const rows = count(this.written, length);
    this.written += length;
    this.ends.write(this.memory, this.cells, rows);
  }
  read(): void {
    this.ends.read(this.memory, this.cells, (cells, from, to) => this.got.push(...cells.subarray(from, to)));
  }
  /** How many accesses a run has. */
  get length(): number {
    return this.accesses;
  }
  /** From now on nobody comes in between. */
  undisturbed(): void {
    this.memory.onAccess = () => {};
  }
}

/** The reader comes at each pair of places in the writer's run, and whenever the writer sleeps; throws if it then sleeps on. */
function readerAnywhere(ends: Ends): string[] {
  const outcomes = new Set<string>();
  const last = runWithReader(ends, []).length;
  for (let a = 0; a < last; a++) for (let b = a; b < last; b++) outcomes.add(runWithReader(ends, [a, b]).outcome);
  return [...outcomes];
}

function runWithReader(ends: Ends, points: readonly number[]): { outcome: string; length: number } {
  const schedule = new Schedule(ends);
  const { memory } = schedule;
  memory.wait = (at, expected) => {
    if (memory.load(at) !== expected) return 'not-equal';
    const { onAccess } = memory;
    schedule.undisturbed();
    schedule.read();
    memory.onAccess = onAccess;
    if (memory.load(at) === expected) throw ASLEEP;
    return 'ok';
  };
  schedule.at(points, () => schedule.read());
  try {
    schedule.write(ROWS);
    schedule.undisturbed();
    schedule.read();
  } catch (thrown) {
    if (thrown !== ASLEEP) throw thrown;
    return { outcome: 'sleeps for ever', length: schedule.length };
  }
  return { outcome: inOrder(schedule.got, ROWS), length: schedule.length };
}

/** The writer comes at each place in the reader's run and puts in `length` more; if it sleeps, the reader must ring. */
function writerAnywhere(ends: Ends, length: number): string[] {
  const outcomes = new Set<string>();
  for (let point = 0; point < 8; point++) outcomes.add(runWithWriter(ends, point, length));
  return [...outcomes];
}

function runWithWriter(ends: Ends, point: number, length: number): string {
  const schedule = new Schedule(ends);
  const { memory } = schedule;
  let bell: number | undefined;
  memory.wait = (_at, expected) => {
    bell = expected;
    throw ASLEEP;
  };
  schedule.write(CAPACITY);
  schedule.at([point], () => {
    try {
      schedule.write(length);
    } catch (thrown) {
      if (thrown !== ASLEEP) throw thrown;
    }
  });
  schedule.read();
  schedule.undisturbed();
  schedule.read();
  if (bell !== undefined && memory.load(AT + ROOM) === bell) return 'sleeps for ever';
  return inOrder(schedule.got, schedule.got.length);
}

function inOrder(got: readonly number[], length: number): string {
  return got.length === length && got.every((value, i) => value === i) ? 'in order' : 'wrong doubles';
}

describe('a stream ring in every schedule', () => {
  it('keeps order and wakes its writer, wherever the reader comes in', () => {
    expect(readerAnywhere(RIGHT)).toEqual(['in order']);
  });

  it.each([1, 3, 9])('keeps order and wakes its writer, wherever that one comes in with %i doubles', (length) => {
    expect(writerAnywhere(RIGHT, length)).toEqual(['in order']);
  });
});

describe('weak twins of the stream ring', () => {
  const room = (memory: Memory): number => CAPACITY - (memory.loadLong(AT + HEAD) - memory.loadLong(AT + TAIL));
  const putOne = (memory: Memory, cells: Float64Array, value: number, publishFirst: boolean): void => {
    const head = memory.loadLong(AT + HEAD);
    if (publishFirst) memory.storeLong(AT + HEAD, head + 1);
    cells[head % CAPACITY] = value;
    if (!publishFirst) memory.storeLong(AT + HEAD, head + 1);
  };
  const sleepWell = (memory: Memory): void => {
    const bell = memory.load(AT + ROOM);
    memory.store(AT + FULL, 1);
    if (room(memory) === 0) memory.wait(AT + ROOM, bell, Infinity);
    memory.store(AT + FULL, 0);
  };
  const sleepCarelessly = (memory: Memory): void => {
    const bell = memory.load(AT + ROOM);
    memory.store(AT + FULL, 1);
    memory.wait(AT + ROOM, bell, Infinity);
    memory.store(AT + FULL, 0);
  };
  const writing = (sleep: (memory: Memory) => void, publishFirst: boolean): Ends => ({
    ...RIGHT,
    write: (memory, cells, rows) => rows.forEach((value) => {
      while (room(memory) === 0) sleep(memory);
      putOne(memory, cells, value, publishFirst);
    }),
  });
  const reading = (order: 'take, tail, ring' | 'tail, take, ring' | 'take, look, tail'): Ends => ({
    ...RIGHT,
    read: (memory, cells, take) => {
      const [tail, head] = [memory.loadLong(AT + TAIL), memory.loadLong(AT + HEAD)];
      if (head === tail) return;
      const takeAll = () => {
        for (let n = tail; n < head; n++) take(cells, n % CAPACITY, (n % CAPACITY) + 1);
      };
      if (order !== 'tail, take, ring') takeAll();
      const early = order === 'take, look, tail' && memory.load(AT + FULL) !== 0;
      memory.storeLong(AT + TAIL, head);
      if (order === 'tail, take, ring') takeAll();
      if (early || (order !== 'take, look, tail' && memory.load(AT + FULL) !== 0)) memory.add(AT + ROOM, 1);
    },
  });

  it('hold as long as nothing about them is weak', () => {
    expect(readerAnywhere(writing(sleepWell, false))).toEqual(['in order']);
    expect(writerAnywhere(reading('take, tail, ring'), 9)).toEqual(['in order']);
  });

  it('a writer that does not look again after it has said so sleeps for ever', () => {
    expect(readerAnywhere(writing(sleepCarelessly, false))).toContain('sleeps for ever');
  });

  it('a writer that moves the head before it copies hands out what was there before', () => {
    expect(readerAnywhere(writing(sleepWell, true))).toContain('wrong doubles');
  });

  it('a reader that moves the tail before it copies gets what comes after', () => {
    expect(writerAnywhere(reading('tail, take, ring'), 3)).toContain('wrong doubles');
  });

  it('a reader that looks for a sleeper before it moves the tail lets it sleep for ever', () => {
    expect(writerAnywhere(reading('take, look, tail'), 9)).toContain('sleeps for ever');
  });
});
