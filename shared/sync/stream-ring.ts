/**
 * A ring of doubles from one thread that writes to one that reads; the control cells are a `StreamRing`.
 * Doubles are neither lost nor doubled, and come out in the order in which they went in.
 *
 * Who writes what: the writer stores `head`, the reader `tail`; both count doubles and only grow. The
 * cells from tail to head are the reader's, the others the writer's. The doubles themselves are plain
 * memory, which is no race (docs/adr/0012-rows-in-a-ring-are-plain.md): a cell changes hands by the
 * store to `head` or `tail`, which its next user loads before it touches the cell.
 *
 *      writer                                  reader
 *      copies rows to cells 0 .. 99
 *      head = 100
 *                                              head is 100: copies cells 0 .. 99
 *                                              tail = 100
 *      tail is 100: cells 0 .. 99 are its own again
 *
 * A full ring holds the writer up. It says that it is about to sleep, and looks once more; the reader
 * makes room, and then looks whether somebody sleeps. So one of them always sees the other:
 *
 *      writer                    reader        or, the other way round
 *      the ring is full                        the ring is full
 *      room is 7                               room is 7
 *                                                                        tail = 100
 *                                                                        full is 0: silent
 *      full = 1                                full = 1
 *      tail is 0: still full                   tail is 100: stays awake
 *                                tail = 100
 *                                full is 1: room 7 -> 8, notify
 *      waits while room is 7:
 *      it is 8, stays awake
 *
 * The reader never sleeps on a ring; whoever does so until something comes in must be told by the
 * writer also before that one sleeps (`whenFull`), or each would wait for the other.
 *
 * Neither object keeps anything to itself: what it knows between two calls lies in the control cells.
 */
import { copyDoubles } from '../copy-doubles.ts';
import type { Memory } from '../memory/memory.ts';
import { StreamRing } from '../structs/window.ts';

const { head: HEAD, tail: TAIL, room: ROOM, full: FULL } = StreamRing.at;

/** The writing end; of one thread. */
export class RingWriter {
  private readonly memory: Memory;
  private readonly at: number;
  private readonly cells: Float64Array;
  private readonly whenFull: () => void;

  /**
   * `at`: the ring's `StreamRing`; `cells`: its doubles, shared with the reader, as many as it holds.
   * `whenFull` is called each time before the writer sleeps: to tell a reader that waits for a bell.
   */
  constructor(memory: Memory, at: number, cells: Float64Array, whenFull: () => void = () => {}) {
    this.memory = memory;
    this.at = at;
    this.cells = cells;
    this.whenFull = whenFull;
  }

  /** Puts in the first `length` doubles of `rows`, piece by piece if the ring has less room; sleeps while it has none. */
  write(rows: Float64Array, length: number): void {
    const { memory, at, cells } = this;
    let head = memory.loadLong(at + HEAD);
    for (let done = 0; done < length; ) {
      const to = head % cells.length;
      const count = Math.min(length - done, this.waitForRoom(head), cells.length - to);
      copyDoubles(rows, done, cells, to, count);
      head += count;
      memory.storeLong(at + HEAD, head);
      done += count;
    }
  }

  /** Doubles for which there is room, at least one. */
  private waitForRoom(head: number): number {
    let room = this.roomAt(head);
    while (room === 0) {
      this.sleep(head);
      room = this.roomAt(head);
    }
    return room;
  }

  private sleep(head: number): void {
    const { memory, at } = this;
    const bell = memory.load(at + ROOM);
    memory.store(at + FULL, 1);
    this.whenFull();
    if (this.roomAt(head) === 0) memory.wait(at + ROOM, bell, Infinity);
    memory.store(at + FULL, 0);
  }

  private roomAt(head: number): number {
    return this.cells.length - (head - this.memory.loadLong(this.at + TAIL));
  }
}

/** Takes doubles `from` to `to` (exclusive) of the ring's cells. It must copy: they are the writer's when it returns. */
export type TakeDoubles = (cells: Float64Array, from: number, to: number) => void;

/** The reading end; of one thread. It never waits. */
export class RingReader {
  private readonly memory: Memory;
  private readonly at: number;
  private readonly cells: Float64Array;

  constructor(memory: Memory, at: number, cells: Float64Array) {
    this.memory = memory;
    this.at = at;
    this.cells = cells;
  }

  /** Hands on all that the ring holds, in two pieces where it goes round the end. Returns how many doubles that was. */
  read(take: TakeDoubles): number {
    const { memory, at, cells } = this;
    const tail = memory.loadLong(at + TAIL);
    const head = memory.loadLong(at + HEAD);
    const count = head - tail;
    if (count === 0) return 0;
    const from = tail % cells.length;
    const first = Math.min(count, cells.length - from);
    take(cells, from, from + first);
    if (first < count) take(cells, 0, count - first);
    memory.storeLong(at + TAIL, head);
    if (memory.load(at + FULL) !== 0) this.ringRoom();
    return count;
  }

  private ringRoom(): void {
    this.memory.add(this.at + ROOM, 1);
    this.memory.notify(this.at + ROOM, 1);
  }
}
