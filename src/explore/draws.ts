/**
 * Random numbers by counting: the n-th draw of a stream is a function of (seed, stream, n). Each random
 * execution has a stream of its own, so that it does not depend on what was executed before it.
 */
export class Draws {
  private readonly key: number;
  private n = 0;

  constructor(seed: number, stream: number) {
    this.key = mix(mix(seed | 0) ^ Math.imul(stream + 1, 0x9e3779b1));
  }

  /** 0 <= it < 1 */
  fraction(): number {
    return mix(this.key ^ Math.imul(++this.n, 0x85ebca6b)) / 2 ** 32;
  }

  /** An integer, 0 <= it < `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}

function mix(h: number): number {
  let x = h ^ 0x27d4eb2f;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
