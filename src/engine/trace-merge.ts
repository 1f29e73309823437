/**
 * Merges the participants' streams by the keys of their events into the one stream that observers
 * follow: a function of the streams, not of when their rows arrived.
 */
import { EVENT_ARITY, Event, ROW_HEAD } from '../../shared/events.ts';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import type { TraceStream } from '../machine/trace-stream.ts';
import { comesBefore, type EventKeyFields, type RankOf } from './event-order.ts';

/** Where a stream has been read to, and the key of the event that comes next in it. */
interface Cursor extends EventKeyFields {
  readonly stream: TraceStream;
  at: number;
  time: Ns;
  class: number;
  origin: number;
  n: number;
}

export class TraceMerge {
  /** Records handed on. */
  records = 0;
  private readonly cursors: readonly Cursor[];
  private readonly rankOf: RankOf;
  private readonly consumers: readonly EventConsumer[];

  constructor(streams: readonly TraceStream[], rankOf: RankOf, consumers: readonly EventConsumer[]) {
    this.cursors = streams.map((stream) => ({ stream, at: 0, time: KTIME_MAX, class: 0, origin: 0, n: 0 }));
    this.rankOf = rankOf;
    this.consumers = consumers;
  }

  /** Hands on all events that begin before `frontier`: no participant will begin one there any more. */
  mergeBefore(frontier: Ns): void {
    if (this.consumers.length === 0) return this.forget();
    for (const cursor of this.cursors) readKey(cursor);
    for (;;) {
      const first = this.firstCursor();
      if (first === -1 || this.cursors[first]!.time >= frontier) break;
      this.handOnEvent(this.cursors[first]!);
    }
    for (const cursor of this.cursors) {
      cursor.stream.dropFirst(cursor.at);
      cursor.at = 0;
    }
  }

  /** Nobody follows: the streams need no order. */
  private forget(): void {
    for (const { stream } of this.cursors) stream.dropFirst(stream.length);
  }

  private firstCursor(): number {
    const { cursors } = this;
    let best = -1;
    for (let i = 0; i < cursors.length; i++) {
      const cursor = cursors[i]!;
      if (cursor.time === KTIME_MAX) continue;
      if (best === -1 || comesBefore(cursor, i, cursors[best]!, best, this.rankOf)) best = i;
    }
    return best;
  }

  /** One event: its `event` row and every row up to the next one. */
  private handOnEvent(cursor: Cursor): void {
    const { rows, length } = cursor.stream;
    let { at } = cursor;
    do {
      const id = rows[at]!;
      for (let i = 0; i < this.consumers.length; i++) {
        this.consumers[i]!.onEvent(id, rows[at + 1]!, rows[at + 2]!, rows, at + ROW_HEAD);
      }
      this.records += 1;
      at += ROW_HEAD + EVENT_ARITY[id]!;
    } while (at < length && rows[at] !== Event.event);
    cursor.at = at;
    readKey(cursor);
  }
}

function readKey(cursor: Cursor): void {
  const { stream, at } = cursor;
  if (at >= stream.length) {
    cursor.time = KTIME_MAX;
    return;
  }
  const fields = at + ROW_HEAD;
  cursor.time = stream.rows[fields]!;
  cursor.class = stream.rows[fields + 1]!;
  cursor.origin = stream.rows[fields + 2]!;
  cursor.n = stream.rows[fields + 3]!;
}
