/**
 * The main thread's end of all rings: what the participants recorded, as one merged stream. The rings
 * are emptied whether or not their records can be merged yet, so that no CPU waits for another one's.
 *
 *      CPU 0 ---ring---\                                        /-> digest, figures, proc
 *      CPU 1 ---ring----+--> streams --merge (below `reached`)----+--> oracles
 *      coord. --ring---/                                        \-> trace.bin
 */
import type { EventConsumer } from '../../../shared/event-consumer.ts';
import { viewsOf } from '../../../shared/memory/memory-map.ts';
import { StreamRing, WindowMode } from '../../../shared/structs/window.ts';
import { RingReader, type TakeDoubles } from '../../../shared/sync/stream-ring.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import type { RankOf } from '../../engine/event-order.ts';
import type { Control } from '../../engine/threads/control.ts';
import { TraceMerge } from '../../engine/trace-merge.ts';
import { TraceStream } from '../../machine/trace-stream.ts';

export class RingMerge {
  /** The doubles of each participant's ring, which its thread must be sent. */
  readonly rings: readonly SharedArrayBuffer[];
  private readonly control: Control;
  private readonly ends: readonly StreamRing[];
  private readonly readers: readonly RingReader[];
  private readonly streams: readonly TraceStream[];
  private readonly takers: readonly TakeDoubles[];
  private readonly merge: TraceMerge;
  /** Whether a ring was filling up when it was emptied last: then there is no time to sleep. */
  isPressed = false;
  private readonly pressingAt: number;
  private mergedTo: Ns = 0;

  constructor(control: Control, rankOf: RankOf, consumers: readonly EventConsumer[], ringDoubles: number) {
    const { memory, map, standings } = control;
    this.control = control;
    this.pressingAt = ringDoubles / 4;
    this.rings = standings.map(() => new SharedArrayBuffer(ringDoubles * 8));
    this.ends = viewsOf(StreamRing, memory, map.at.streamRing, standings.length);
    this.readers = this.ends.map(({ base }, i) => new RingReader(memory, base, new Float64Array(this.rings[i]!)));
    this.streams = standings.map(() => new TraceStream());
    // where nobody follows, records need not be copied
    const isFollowed = consumers.length > 0;
    this.takers = this.streams.map((stream) => (cells, from, to) => { if (isFollowed) stream.appendRows(cells, from, to); });
    this.merge = new TraceMerge(this.streams, rankOf, consumers);
  }

  /** Records handed to the consumers so far. */
  get records(): number {
    return this.merge.records;
  }

  /** What all rings have carried since the start, in doubles. */
  get written(): number {
    return this.ends.reduce((sum, { head }) => sum + head, 0);
  }

  /** Whether a participant waits for this thread to make room. */
  get isFull(): boolean {
    return this.ends.some(({ full }) => full !== 0);
  }

  get bytes(): number {
    return this.rings.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Takes what lies in the rings, and hands on what can be merged. Whether there was anything. */
  drain(): boolean {
    const { window } = this.control;
    // first how far everybody was, then the records: those before it are in the rings by now
    const { reached } = window;
    const moved = this.take();
    // the last records lie before what had been reached: they are merged when all of them are there
    if ((moved || reached > this.mergedTo) && window.mode !== WindowMode.Stop) {
      this.merge.mergeBefore(reached);
      this.mergedTo = reached;
    }
    return moved;
  }

  /** Nobody records any more: hands on all that is there. */
  finish(): void {
    this.take();
    this.merge.mergeBefore(KTIME_MAX);
  }

  private take(): boolean {
    let all = 0;
    let most = 0;
    for (let i = 0; i < this.readers.length; i++) {
      const moved = this.readers[i]!.read(this.takers[i]!);
      all += moved;
      most = Math.max(most, moved);
    }
    this.isPressed = most > this.pressingAt;
    return all > 0;
  }
}
