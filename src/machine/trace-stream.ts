/**
 * One participant's own record of what happened, in the order in which it happened there: rows of
 * doubles (event id, CPU, ns, fields). Every event of the machine begins with an `event` row, which
 * carries its order key, so that the streams of all participants can be merged by it whenever the
 * rows arrived.
 */
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

  /**
   * Appends a row of up to twelve fields; as many are kept as the schema has, what is left out is 0.
   * The clock comes from an object, not as an argument: a double that crosses a call is boxed.
   */
  append(
    clock: Clock, id: number, a?: number, b?: number, c?: number, d?: number, e?: number, f?: number,
    g?: number, h?: number, i?: number, j?: number, k?: number, l?: number,
  ): void {
    if (this.length + LONGEST_ROW > this.rows.length) this.grow();
    const { rows, length: at } = this;
    const arity = EVENT_ARITY[id]!;
    rows[at] = id;
    rows[at + 1] = clock.id;
    rows[at + 2] = clock.now;
    rows[at + 3] = a ?? 0;
    rows[at + 4] = b ?? 0;
    if (arity > 2) {
      rows[at + 5] = c ?? 0;
      rows[at + 6] = d ?? 0;
      rows[at + 7] = e ?? 0;
      rows[at + 8] = f ?? 0;
    }
    if (arity > 6) {
      rows[at + 9] = g ?? 0;
      rows[at + 10] = h ?? 0;
      rows[at + 11] = i ?? 0;
      rows[at + 12] = j ?? 0;
      rows[at + 13] = k ?? 0;
      rows[at + 14] = l ?? 0;
    }
    this.length = at + ROW_HEAD + arity;
  }

  /** Appends a row whose fields lie in an array. */
  appendFields(clock: Clock, id: number, fields: Float64Array): void {
    if (this.length + LONGEST_ROW > this.rows.length) this.grow();
    const { rows, length: at } = this;
    rows[at] = id;
    rows[at + 1] = clock.id;
    rows[at + 2] = clock.now;
    const arity = EVENT_ARITY[id]!;
    for (let i = 0; i < arity; i++) rows[at + ROW_HEAD + i] = fields[i]!;
    this.length = at + ROW_HEAD + arity;
  }

  /** Drops the first `count` doubles, which have been read. */
  dropFirst(count: number): void {
    this.rows.copyWithin(0, count, this.length);
    this.length -= count;
  }

  private grow(): void {
    const larger = new Float64Array(this.rows.length * 2);
    larger.set(this.rows.subarray(0, this.length));
    this.rows = larger;
  }
}
