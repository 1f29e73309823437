/**
 * Pauses of host time, to be had at will: between events, where they may change nothing (a test of
 * determinism), where a fault does its harm, whose window they widen (`Decisions`), and in the midst of looks at
 * other CPUs, which are overtaken then. Which pause comes when is drawn from a seed; what the host makes of it is the host's.
 */

/** xorshift32: any state but 0. */
function nextState(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x >>> 0;
}

/** Of how many events one is followed by a pause. */
const EVENTS_PER_PAUSE = 16;
/** Of how many chances to nap one is taken. */
const CHANCES_PER_NAP = 128;
/** A cell of its own to sleep on, which nobody changes. */
const bed = new Int32Array(new SharedArrayBuffer(4));

export class HostPauses {
  private readonly longestMs: number;
  private state: number;

  /** No pause is longer than `longestNs` of host time; 0: there are none. */
  constructor(seed: number, participant: number, longestNs: number) {
    this.longestMs = longestNs / 1e6;
    this.state = nextState(((seed ^ Math.imul(participant + 1, 0x9e3779b1)) >>> 0) || 1);
  }

  /** A pause, now: between a fiftieth of the longest and the longest. The core is kept, since a sleep would be much longer. */
  pause(): void {
    if (this.longestMs === 0) return;
    const until = performance.now() + this.longestMs * (0.02 + 0.98 * this.draw());
    while (performance.now() < until);
  }

  /** Now and then a pause. */
  maybePause(): void {
    if (this.longestMs > 0 && this.draw() * EVENTS_PER_PAUSE < 1) this.pause();
  }

  /** Now and then the core is given away for as long as the longest pause, or as the host likes. */
  maybeNap(): void {
    if (this.longestMs > 0 && this.draw() * CHANCES_PER_NAP < 1) Atomics.wait(bed, 0, 0, this.longestMs);
  }

  private draw(): number {
    this.state = nextState(this.state);
    return this.state / 2 ** 32;
  }
}
