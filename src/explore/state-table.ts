/** Rows of integers that have been met, each with a number of its own: exact, since whole rows are compared. */

const FIRST_SIZE = 1 << 10;
/** It grows when more than half of its places are taken. */
const FULL = 0.5;

export class StateTable {
  /** Rows that are in it. */
  size = 0;
  private readonly width: number;
  private places: Int32Array;
  private rows: Int32Array;
  private values: Int32Array;

  constructor(width: number) {
    this.width = width;
    this.places = new Int32Array(FIRST_SIZE);
    this.rows = new Int32Array(FIRST_SIZE * FULL * width);
    this.values = new Int32Array(FIRST_SIZE * FULL);
  }

  /** Whether the row is there with no less than `value`; if not, it is from now on. */
  meet(row: Int32Array, value: number): boolean {
    const place = this.placeOf(row, 0);
    const index = this.places[place]! - 1;
    if (index >= 0) {
      if (this.values[index]! >= value) return true;
      this.values[index] = value;
      return false;
    }
    this.rows.set(row, this.size * this.width);
    this.values[this.size] = value;
    this.places[place] = ++this.size;
    if (this.size >= this.places.length * FULL) this.grow();
    return false;
  }

  clear(): void {
    this.size = 0;
    this.places.fill(0);
  }

  /** Where the row that begins at `from` of `row` is, or would be. */
  private placeOf(row: Int32Array, from: number): number {
    const { places, width } = this;
    const mask = places.length - 1;
    let hash = 0;
    for (let i = 0; i < width; i++) hash = Math.imul(hash ^ row[from + i]!, 0x9e37_79b1) ^ (hash >>> 15);
    for (let place = (hash ^ (hash >>> 13)) & mask; ; place = (place + 1) & mask) {
      if (places[place] === 0 || this.isAt(places[place]! - 1, row, from)) return place;
    }
  }

  private isAt(index: number, row: Int32Array, from: number): boolean {
    const { rows, width } = this;
    for (let i = 0; i < width; i++) if (rows[index * width + i] !== row[from + i]) return false;
    return true;
  }

  private grow(): void {
    const { places, rows, values, width } = this;
    this.places = new Int32Array(places.length * 2);
    this.rows = new Int32Array(rows.length * 2);
    this.values = new Int32Array(values.length * 2);
    this.rows.set(rows);
    this.values.set(values);
    for (let index = 0; index < this.size; index++) this.places[this.placeOf(rows, index * width)] = index + 1;
  }
}
