/** Random numbers of one seed: the same ones each time, whatever was drawn for other seeds. */
export class Draws {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) >>> 0;
  }

  /** 0 <= x < 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b_79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** An integer, both ends included. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(of: readonly T[]): T {
    return of[this.int(0, of.length - 1)]!;
  }

  /** A part of a list, in its order; never empty unless the list is. */
  some<T>(of: readonly T[]): T[] {
    const chosen = of.filter(() => this.chance(0.5));
    return chosen.length > 0 || of.length === 0 ? chosen : [this.pick(of)];
  }
}
