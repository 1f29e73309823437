/**
 * The last versions of each task's vtime record, as published. A reader may have accepted any of
 * them; which one it says is looked up here.
 *
 * A version is needed for as long as a read may yet come that found it in memory: until its successor is
 * older than a reader may lag. So a ring drops nothing by its length. It doubles where the version that
 * would be overwritten may still be asked for:
 *
 *      asked for from 200 on       version 5 (at 150)   its successor, 6, at 190: may go
 *                                  version 6 (at 190)   its successor, 7, at 230: a read at 210 may name it
 */
import { LimitReached } from '../../shared/assert.ts';
import { Event } from '../../shared/events.ts';
import { VERSIONS_KEPT } from '../../shared/limits.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { KeptEvents, places } from './kept-events.ts';

/** No such version: not published yet, or fallen out. */
export const UNKNOWN_VERSION = -1;

const [K] = places('vtime_publish', 'k');
const FIRST_LENGTH = 128;

export class VersionRing {
  readonly #firstLength: number;
  readonly #rings: (KeptEvents | undefined)[];
  readonly #lengths: Uint32Array;
  readonly #newest: Float64Array;
  #kept = 0;

  constructor(tasks: number, firstLength = FIRST_LENGTH) {
    this.#firstLength = firstLength;
    this.#rings = new Array<KeptEvents | undefined>(tasks).fill(undefined);
    this.#lengths = new Uint32Array(tasks);
    this.#newest = new Float64Array(tasks);
  }

  /** Version 0 is the record that the machine booted with: inactive, all zero. */
  newest(task: TaskId): number {
    return this.#newest[task];
  }

  /**
   * Version `k`, in the order of versions. No read that is still to be judged was made before `neededFrom`.
   * @throws LimitReached when all tasks' versions together are too many
   */
  put(task: TaskId, k: number, neededFrom: Ns, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    while (this.#overwritesNeeded(task, k, neededFrom)) this.#grow(task);
    this.of(task).keep(k % this.#lengths[task], Event.vtime_publish, cpu, t, fields, at);
    this.#newest[task] = k;
  }

  /** Slot of version `k` in `of(task)`, or UNKNOWN_VERSION. */
  find(task: TaskId, k: number): number {
    if (!(k >= 0) || k > this.#newest[task]) return UNKNOWN_VERSION;
    const ring = this.of(task);
    const slot = k % this.#lengths[task];
    return ring.has(slot) && ring.rows[ring.at(slot) + K] === k ? slot : UNKNOWN_VERSION;
  }

  /** The task's kept versions; others after the next `put`. Allocated at the first use: most records of a fork pool are never used. */
  of(task: TaskId): KeptEvents {
    const ring = this.#rings[task];
    if (ring) return ring;
    const fresh = this.#allocate(task, this.#firstLength);
    fresh.keep(0, Event.vtime_publish, -1, 0, bootVersion(task), 0);
    return fresh;
  }

  /** Whether the version in the place of `k` was still the newest at `neededFrom` or later. */
  #overwritesNeeded(task: TaskId, k: number, neededFrom: Ns): boolean {
    const ring = this.of(task);
    const length = this.#lengths[task];
    const successor = this.find(task, k - length + 1);
    return this.find(task, k - length) !== UNKNOWN_VERSION && successor !== UNKNOWN_VERSION && ring.t(successor) > neededFrom;
  }

  #grow(task: TaskId): void {
    const old = this.of(task);
    const length = this.#lengths[task];
    const grown = this.#allocate(task, 2 * length);
    for (let slot = 0; slot < length; slot++) {
      if (!old.has(slot)) continue;
      const at = old.at(slot);
      grown.keep(old.rows[at + K] % (2 * length), Event.vtime_publish, old.cpu(slot), old.t(slot), old.rows, at);
    }
  }

  #allocate(task: TaskId, length: number): KeptEvents {
    this.#kept += length - this.#lengths[task];
    if (this.#kept > VERSIONS_KEPT) {
      throw new LimitReached(`${VERSIONS_KEPT} versions of tasks’ CPU time are still needed to judge reads (VERSIONS_KEPT): usually a ` +
        '--skew that is long for how often the tasks enter and leave the kernel');
    }
    const ring = new KeptEvents(length, 'vtime_publish');
    this.#rings[task] = ring;
    this.#lengths[task] = length;
    return ring;
  }
}

/** task, k, state Inactive, cpu nobody, then zeros. */
function bootVersion(task: TaskId): Float64Array {
  const fields = new Float64Array(16);
  fields[0] = task;
  fields[3] = -1;
  return fields;
}
