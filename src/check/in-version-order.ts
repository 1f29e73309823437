/**
 * State with many writers (jiffies, the timekeeper, the filter of adjusted times) has an order of its
 * own: that of its versions. The stream is ordered by event keys, and where CPUs race the two may
 * disagree for events that are closer than a message's way. So rows of such state are judged in the
 * order of their versions.
 *
 *      stream:   version 6   version 10   version 8   version 12
 *      handed on:        6                8, 10       12
 *
 * A version that never comes holds the later ones back until `flush`, or until too many wait; a version
 * that comes twice is handed on at once, for the oracle to refuse.
 */
import { EVENT_ARITY } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

/** Called once a row, in order of versions; `start`: when the event began in which it was written. */
export type AcceptRow = (id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, start: Ns) => void;

interface HeldRow {
  readonly id: number;
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly fields: Float64Array;
  readonly start: Ns;
}

/** A write section moves a sequence from even to odd and to even again. */
export const SEQUENCE_STEP = 2;
/** More events than ever are closer than a message's way: one version is missing. */
const HELD_MOST = 1 << 10;

export class InVersionOrder {
  readonly #accept: AcceptRow;
  readonly #step: number;
  readonly #held = new Map<number, HeldRow>();
  /** Version that comes next; -1 before the first row, which defines it. */
  #next = -1;

  /** `step`: from one version to the next. */
  constructor(accept: AcceptRow, step = SEQUENCE_STEP) {
    this.#accept = accept;
    this.#step = step;
  }

  take(version: number, start: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#next >= 0 && version > this.#next && !this.#held.has(version)) {
      this.#held.set(version, { id, cpu, t, fields: fields.slice(at, at + EVENT_ARITY[id]), start });
      if (this.#held.size > HELD_MOST) this.flush();
      return;
    }
    this.#accept(id, cpu, t, fields, at, start);
    if (this.#next >= 0 && version !== this.#next) return;
    this.#goOnAfter(version);
  }

  /** A version that no row tells of: the first one of all, or the next. */
  pass(): void {
    this.#goOnAfter(this.#next < 0 ? this.#step : this.#next);
  }

  /** Hands on what still waits, gaps and all: at the end of the stream nothing else will come. */
  flush(): void {
    const rest = [...this.#held].sort(([a], [b]) => a - b);
    this.#held.clear();
    for (const [version, row] of rest) {
      this.#next = version + this.#step;
      this.#accept(row.id, row.cpu, row.t, row.fields, 0, row.start);
    }
  }

  #goOnAfter(version: number): void {
    this.#next = version + this.#step;
    if (this.#held.size > 0) this.#release();
  }

  #release(): void {
    for (let row = this.#held.get(this.#next); row; row = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next += this.#step;
      this.#accept(row.id, row.cpu, row.t, row.fields, 0, row.start);
    }
  }
}
