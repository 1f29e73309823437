/**
 * Stream ring: one thread puts in millions of doubles in pieces short and long, another takes them out.
 * Both sleep without any time-out: the writer while the ring is full, the reader while it is empty.
 * Verdict: nothing lost, nothing out of order, no wake-up missed, although the doubles are plain memory;
 * a writer that moves the head before it copies hands out old doubles.
 */
import { describe, expect, it } from 'vitest';
import { StreamRing } from '../../shared/structs/window.ts';
import { NATIVE } from '../support/each-memory.ts';
import { runThreads, type Body } from '../support/threads.ts';

interface Flow {
  readonly doubles: number;
  readonly cells: SharedArrayBuffer;
  /** Offsets of the ring's control cells. */
  readonly full: number;
  readonly room: number;
  readonly head: number;
}
const flowOf = (doubles: number, capacity: number): Flow =>
  ({ doubles, cells: new SharedArrayBuffer(8 * capacity), full: StreamRing.at.full, room: StreamRing.at.room, head: StreamRing.at.head });

const writer: Body<Flow> = ({ memory, map, lib, arg }) => {
  const BELL = 8;
  const at = map.at.streamRing;
  const ring = new lib.RingWriter(memory, at, new Float64Array(arg.cells), () => {
    memory.add(BELL, 1);
    memory.notify(BELL, 1);
  });
  const rows = new Float64Array(700);
  let written = 0;
  for (let piece = 1; written < arg.doubles; piece++) {
    const length = Math.min(1 + (piece * 37) % 699, arg.doubles - written);
    for (let i = 0; i < length; i++) rows[i] = written + i;
    ring.write(rows, length);
    written += length;
    memory.add(BELL, 1);
    // now and then until the reader has really been asleep
    while (memory.notify(BELL, 1) === 0 && piece % 500 === 0) memory.relax();
  }
  return memory.load(at + arg.room);
};

const reader: Body<Flow> = ({ memory, map, lib, arg }) => {
  const BELL = 8;
  const at = map.at.streamRing;
  const ring = new lib.RingReader(memory, at, new Float64Array(arg.cells));
  let [next, wrong, slept] = [0, 0, 0];
  while (memory.load(at + arg.full) === 0) memory.relax(); // the writer goes to sleep at least once
  while (next < arg.doubles) {
    const bell = memory.load(BELL);
    const got = ring.read((cells, from, to) => {
      for (let i = from; i < to; i++) if (cells[i] !== next++) wrong++;
    });
    if (got === 0 && memory.wait(BELL, bell, Infinity) === 'ok') slept++;
  }
  return { next, wrong, slept };
};

describe.each(NATIVE)('a stream ring on %s memory', (kind) => {
  it.each([[3_000_000, 256], [50_000, 1]])('keeps the order of %i doubles in %i cells, both sides sleeping', async (doubles, capacity) => {
    const [rung, end] = await runThreads(kind, [writer, reader], flowOf(doubles, capacity)) as [number, { slept: number }];
    expect(end).toEqual({ next: doubles, wrong: 0, slept: end.slept });
    expect(Math.min(rung, end.slept)).toBeGreaterThan(0);
  });

  it('shows old doubles if the head moves before the copy', async () => {
    const [, wrong] = await runThreads(kind, [
      ({ memory, map, arg }) => {
        const cells = new Float64Array(arg.cells);
        for (let n = 0; n < arg.doubles; n++) {
          memory.storeLong(map.at.streamRing + arg.head, n + 1);
          for (let wide = 0; wide < 20; wide++) memory.load(8);
          cells[n] = n + 1;
        }
      },
      ({ memory, map, arg }) => {
        const cells = new Float64Array(arg.cells);
        let wrong = 0;
        for (let head = 0; head < arg.doubles; ) {
          head = memory.loadLong(map.at.streamRing + arg.head);
          if (head > 0 && cells[head - 1] !== head) wrong++;
        }
        return wrong;
      },
    ], flowOf(200_000, 200_000));
    expect(wrong).toBeGreaterThan(0);
  });
});
