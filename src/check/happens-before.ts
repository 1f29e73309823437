/**
 * The largest values that each CPU has seen, or knows of, by the orders that the machine really has: each CPU's own, from
 * the sending of a message to its arrival, from the letting go of a lock to its taking. A barrier, a wake-up and a
 * migration are messages or locks. Nothing else orders two CPUs, host time least of all.
 *
 *      CPU 0: sees 50, sends to CPU 1
 *      CPU 1: sees 49 (may be)              is told: knows of 50
 *
 * Locks are known by the instants of their stamps: whoever takes one later than another has let go of it comes after that.
 */
import { Event, type EventName } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [SENT_N] = places('csd_queue_cpu', 'n');
const [ORIGIN, HANDLED_N] = places('csd_function_entry', 'origin', 'n');
const [LOCK, INSTANCE] = places('lock_acquire', 'lock', 'instance');

interface Released {
  t: Ns;
  readonly known: Float64Array;
}

export class HappensBefore {
  static readonly listens: readonly EventName[] = ['csd_queue_cpu', 'csd_function_entry', 'lock_acquire', 'lock_release'];

  readonly #width: number;
  readonly #known: Float64Array[];
  /** What senders knew, by sender and number of the message. */
  readonly #underWay: Map<number, Float64Array>[];
  readonly #locks = new Map<number, Released>();
  /** Nobody knows anything yet, and there is nothing to pass on. */
  #blank = true;

  /** `width`: values that a CPU may know. */
  constructor(cpus: number, width: number) {
    this.#width = width;
    this.#known = Array.from({ length: cpus + 1 }, () => new Float64Array(width));
    this.#underWay = Array.from({ length: cpus + 1 }, () => new Map<number, Float64Array>());
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.#blank) return;
    switch (id) {
      case Event.csd_queue_cpu:
        this.#underWay[cpu].set(fields[at + SENT_N], this.#known[cpu].slice());
        return;
      case Event.csd_function_entry: return this.#onArrival(cpu, fields[at + ORIGIN], fields[at + HANDLED_N]);
      case Event.lock_acquire: return this.#onAcquire(cpu, t, lockOf(fields, at));
      case Event.lock_release: return this.#onRelease(cpu, t, lockOf(fields, at));
    }
  }

  knownTo(cpu: CpuId, value: number): number {
    return this.#known[cpu][value];
  }

  sees(cpu: CpuId, value: number, much: number): void {
    this.#blank = false;
    if (much > this.#known[cpu][value]) this.#known[cpu][value] = much;
  }

  #onArrival(cpu: CpuId, origin: CpuId, n: number): void {
    const sent = this.#underWay[origin].get(n);
    if (sent === undefined) return;
    this.#underWay[origin].delete(n);
    this.#learn(cpu, sent);
  }

  #onAcquire(cpu: CpuId, t: Ns, lock: number): void {
    const released = this.#locks.get(lock);
    if (released !== undefined && released.t < t) this.#learn(cpu, released.known);
  }

  /** The stream may show a holding after a later one: that one is known already, and this one was before it. */
  #onRelease(cpu: CpuId, t: Ns, lock: number): void {
    const released = this.#locks.get(lock);
    if (released === undefined) {
      this.#locks.set(lock, { t, known: this.#known[cpu].slice() });
      return;
    }
    if (t < released.t) return;
    released.t = t;
    released.known.set(this.#known[cpu]);
  }

  #learn(cpu: CpuId, what: Float64Array): void {
    const known = this.#known[cpu];
    for (let value = 0; value < this.#width; value++) if (what[value] > known[value]) known[value] = what[value];
  }
}

function lockOf(fields: Float64Array, at: number): number {
  return fields[at + LOCK] * 2 ** 32 + fields[at + INSTANCE];
}
