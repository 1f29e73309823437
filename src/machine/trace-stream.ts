/**
 * One participant's own record of what happened, in the order in which it happened there: rows of
 * doubles (event id, CPU, ns, fields). Every event of the machine begins with an `event` row, which
 * carries its order key, so that the streams of all participants can be merged by it whenever the
 * rows arrived.
 */
import { EVENT_ARITY, ROW_HEAD } from '../../shared/events.ts';

const FIRST_CAPACITY = 1 << 14;
/** No row is longer. */
const LONGEST_ROW = 32;

export class TraceStream {
  rows = new Float64Array(FIRST_CAPACITY);
  /** Doubles in use. */
  length = 0;

  /** Appends a row of up to twelve fields; as many are kept as the schema has. */
  append(
    id: number, cpu: number, t: number, a: number, b: number, c: number, d: number, e: number, f: number,
    g: number, h: number, i: number, j: number, k: number, l: number,
  ): void {
    let at = this.length;
    if (at + LONGEST_ROW > this.rows.length) this.grow();
    const { rows } = this;
    rows[at++] = id;
    rows[at++] = cpu;
    rows[at++] = t;
    const arity = EVENT_ARITY[id]!;
    rows[at] = a;
    rows[at + 1] = b;
    if (arity > 2) {
      rows[at + 2] = c;
      rows[at + 3] = d;
      rows[at + 4] = e;
      rows[at + 5] = f;
      if (arity > 6) {
        rows[at + 6] = g;
        rows[at + 7] = h;
        rows[at + 8] = i;
        rows[at + 9] = j;
        rows[at + 10] = k;
        rows[at + 11] = l;
      }
    }
    this.length = at + arity;
  }

  /** Appends a row whose fields lie in an array. */
  appendFields(id: number, cpu: number, t: number, fields: Float64Array): void {
    if (this.length + LONGEST_ROW > this.rows.length) this.grow();
    const { rows } = this;
    const at = this.length;
    rows[at] = id;
    rows[at + 1] = cpu;
    rows[at + 2] = t;
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
