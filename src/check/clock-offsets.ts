/**
 * What the clocks of hrtimers are ahead of the monotonic one, as the timekeeper says when it changes: now, and before
 * the last step, which a CPU that has not yet heard of it still goes by.
 */
import type { Ns } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const OFFSETS = [-1, ...places('timekeeping_change', 'offs_real', 'offs_boot', 'offs_tai')];
/** Clocks of hrtimers: monotonic, real, boot, TAI. */
export const CLOCKS = 4;

export class ClockOffsets {
  /** When a clock was stepped last. */
  steppedAt: Ns = 0;
  readonly #now = new Float64Array(CLOCKS);
  readonly #before = new Float64Array(CLOCKS);

  /** A `timekeeping_change`. */
  onChange(t: Ns, fields: Float64Array, at: number): void {
    let stepped = false;
    for (let clock = 1; clock < CLOCKS; clock++) stepped ||= this.#now[clock] !== fields[at + OFFSETS[clock]];
    if (!stepped) return;
    this.steppedAt = t;
    this.#before.set(this.#now);
    for (let clock = 1; clock < CLOCKS; clock++) this.#now[clock] = fields[at + OFFSETS[clock]];
  }

  /** Of the clock of a base, 8 * CPU + its number there. */
  of(base: number): Ns {
    return this.#now[base % CLOCKS];
  }

  /** The same before the last step. */
  beforeOf(base: number): Ns {
    return this.#before[base % CLOCKS];
  }
}
