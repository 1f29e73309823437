/**
 * State with many writers (jiffies, the timekeeper) has an order of its own: that of its versions.
 * The stream is ordered by event keys, and on threads the two may disagree for events that are
 * closer than a message's way. So rows of such state are judged in the order of their versions.
 *
 *      stream:   version 6   version 10   version 8   version 12
 *      handed on:        6                8, 10       12
 *
 * A version that never comes holds the later ones back until `flush`; a version that comes twice is
 * handed on at once, for the oracle to refuse.
 */
import { EVENT_ARITY } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

/** Called once a row, in order of versions. */
export type AcceptRow = (id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number) => void;

interface HeldRow {
  readonly id: number;
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly fields: Float64Array;
}

/** A write section moves a sequence from even to odd and to even again. */
export const SEQUENCE_STEP = 2;

export class InVersionOrder {
  readonly #accept: AcceptRow;
  readonly #held = new Map<number, HeldRow>();
  /** Version that comes next; -1 before the first row, which defines it. */
  #next = -1;

  constructor(accept: AcceptRow) {
    this.#accept = accept;
  }

  take(version: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#next >= 0 && version > this.#next && !this.#held.has(version)) {
      this.#held.set(version, { id, cpu, t, fields: fields.slice(at, at + EVENT_ARITY[id]) });
      return;
    }
    this.#accept(id, cpu, t, fields, at);
    if (this.#next >= 0 && version !== this.#next) return;
    this.#next = version + SEQUENCE_STEP;
    if (this.#held.size > 0) this.#release();
  }

  /** The end of the stream: what still waits is handed on, gaps and all. */
  flush(): void {
    const rest = [...this.#held].sort(([a], [b]) => a - b);
    this.#held.clear();
    for (const [, row] of rest) this.#accept(row.id, row.cpu, row.t, row.fields, 0);
  }

  #release(): void {
    for (let row = this.#held.get(this.#next); row; row = this.#held.get(this.#next)) {
      this.#held.delete(this.#next);
      this.#next += SEQUENCE_STEP;
      this.#accept(row.id, row.cpu, row.t, row.fields, 0);
    }
  }
}
