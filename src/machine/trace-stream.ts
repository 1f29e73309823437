/**
 * One participant's own record of what happened, in the order in which it happened there: rows of
 * doubles (event id, CPU, ns, fields). Every event of the machine begins with an `event` row, which
 * carries its order key, so that the streams of all participants can be merged by it whenever the
 * rows arrived.
 */
import { copyDoubles } from '../../shared/copy-doubles.ts';
import { EVENT_ARITY, ROW_HEAD } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

const FIRST_CAPACITY = 1 << 14;
/** No row is longer. */
const LONGEST_ROW = 32;

/** Whose row it is, and when. */
export interface Clock {
  readonly id: CpuId;
  readonly now: Ns;
}

export class TraceStream {
  rows = new Float64Array(FIRST_CAPACITY);
  /** Doubles in use. */
  length = 0;
  private capacity = FIRST_CAPACITY;
  /** Doubles behind `length`: the beginning of a row of which `appendRows` has not seen the end. */
  private unfinished = 0;

  /** Appends a row of at most two fields, as most have. */
  append(clock: Clock, id: number, a: number, b: number): void {
    const at = this.begin(clock, id);
    const { rows } = this;
    rows[at] = a;
    rows[at + 1] = b;
  }

  /** Appends a row of at most six fields. */
  append6(clock: Clock, id: number, a: number, b: number, c: number, d: number, e: number, f: number): void {
    const at = this.begin(clock, id);
    const { rows } = this;
    rows[at] = a;
    rows[at + 1] = b;
    rows[at + 2] = c;
    rows[at + 3] = d;
    rows[at + 4] = e;
    rows[at + 5] = f;
  }

  /** Appends a row whose fields lie in an array. */
  appendFields(clock: Clock, id: number, fields: Float64Array): void {
    const at = this.begin(clock, id);
    const arity = EVENT_ARITY[id]!;
    for (let i = 0; i < arity; i++) this.rows[at + i] = fields[i]!;
  }

  /**
   * Appends rows of another stream, as doubles `from` to `to` (exclusive) of `cells`. They may end inside a
   * row: it counts as soon as the next piece has brought the rest of it.
   */
  appendRows(cells: Float64Array, from: number, to: number): void {
    const count = to - from;
    const arrived = this.length + this.unfinished;
    while (arrived + count > this.capacity) this.grow();
    copyDoubles(cells, from, this.rows, arrived, count);
    this.unfinished += count;
    this.countWholeRows();
  }

  /** Drops the first `count` doubles, which have been read. */
  dropFirst(count: number): void {
    this.rows.copyWithin(0, count, this.length + this.unfinished);
    this.length -= count;
  }

  private countWholeRows(): void {
    while (this.unfinished > 0) {
      const row = ROW_HEAD + EVENT_ARITY[this.rows[this.length]!]!;
      if (row > this.unfinished) return;
      this.length += row;
      this.unfinished -= row;
    }
  }

  /**
   * Writes a row's head and makes room for its fields; returns where they go. The clock comes from an
   * object, not as an argument: a double that crosses a call is boxed.
   */
  private begin(clock: Clock, id: number): number {
    const at = this.length;
    if (at + LONGEST_ROW > this.capacity) this.grow();
    const { rows } = this;
    rows[at] = id;
    rows[at + 1] = clock.id;
    rows[at + 2] = clock.now;
    this.length = at + ROW_HEAD + EVENT_ARITY[id]!;
    return at + ROW_HEAD;
  }

  private grow(): void {
    const larger = new Float64Array(this.rows.length * 2);
    larger.set(this.rows.subarray(0, this.length + this.unfinished));
    this.rows = larger;
    this.capacity = larger.length;
  }
}
