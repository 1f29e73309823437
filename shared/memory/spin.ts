/** What a thread does while it waits for another CPU's critical section, and when it gives up. */
import { SPIN_TURNS_MAX } from '../limits.ts';

/** A thread waited longer than any section lasts. Usual cause: a lock or a seqcount that nobody closes. */
export class SpinHang extends Error {
  override readonly name = 'SpinHang';
}

/** Turns between two looks at what else there is to do. */
const TURNS_PER_ERRAND = 1 << 10;
/** Turns between naps: long against any section, so that only a holder who lost its core is napped for. */
const TURNS_PER_NAP = 1 << 15;
const NAP_MS = 0.05;

/** Present from V8 13.3 on; without it a turn is just the load that follows. */
const hint = (Atomics as { pause?: () => void }).pause ?? (() => {});

export class Spin {
  /** Turns since the last `reset`, which is called at the start of each event. */
  turns = 0;
  /**
   * Done now and then meanwhile. A CPU that waits for a lock must empty its list of messages: the lock's
   * holder may wait for the slot of one of them.
   */
  errand: () => void = () => {};
  private readonly never: Int32Array;
  private readonly max: number;

  /** `never` is a word of shared memory that never changes; sleeping on it is how a thread gives its core away. */
  constructor(never: Int32Array, max: number = SPIN_TURNS_MAX) {
    this.never = never;
    this.max = max;
  }

  reset(): void {
    this.turns = 0;
  }

  /** One turn of a spin loop. Throws `SpinHang` after too many. */
  turn(): void {
    this.turns++;
    if (this.turns % TURNS_PER_ERRAND === 0) this.errand();
    if (this.turns % TURNS_PER_NAP !== 0) return hint();
    if (this.turns >= this.max) throw new SpinHang(`${this.turns} turns in a spin loop: a lock or a seqcount was never closed`);
    Atomics.wait(this.never, 0, this.never[0]!, NAP_MS);
  }
}
