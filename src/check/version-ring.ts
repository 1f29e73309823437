/**
 * The last versions of each task's vtime record, as published. A reader may have accepted any of
 * them; which one it says is looked up here.
 */
import { Event } from '../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { KeptEvents } from './kept-events.ts';

/** No such version: not published yet, or fallen out. */
export const UNKNOWN_VERSION = -1;

export class VersionRing {
  readonly #length: number;
  readonly #rings: (KeptEvents | undefined)[];
  readonly #newest: Float64Array;

  /** `length`: versions kept of each task; a reader must not lag behind by more. */
  constructor(tasks: number, length: number) {
    this.#length = length;
    this.#rings = new Array<KeptEvents | undefined>(tasks).fill(undefined);
    this.#newest = new Float64Array(tasks);
  }

  /** Version 0 is the record that the machine booted with: inactive, all zero. */
  newest(task: TaskId): number {
    return this.#newest[task];
  }

  put(task: TaskId, k: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.of(task).keep(k % this.#length, Event.vtime_publish, cpu, t, fields, at);
    this.#newest[task] = k;
  }

  /** Slot of version `k` in `of(task)`, or UNKNOWN_VERSION. `place` is where a row of vtime_publish has k. */
  find(task: TaskId, k: number, place: number): number {
    if (!(k >= 0) || k > this.#newest[task]) return UNKNOWN_VERSION;
    const ring = this.of(task);
    const slot = k % this.#length;
    return ring.has(slot) && ring.rows[ring.at(slot) + place] === k ? slot : UNKNOWN_VERSION;
  }

  /** The task's kept versions. Allocated at the first use: most records of a fork pool are never used. */
  of(task: TaskId): KeptEvents {
    const ring = this.#rings[task];
    if (ring) return ring;
    const fresh = new KeptEvents(this.#length, 'vtime_publish');
    fresh.keep(0, Event.vtime_publish, -1, 0, bootVersion(task), 0);
    this.#rings[task] = fresh;
    return fresh;
  }
}

/** task, k, state Inactive, cpu nobody, then zeros. */
function bootVersion(task: TaskId): Float64Array {
  const fields = new Float64Array(16);
  fields[0] = task;
  fields[3] = -1;
  return fields;
}
