/**
 * Locks nest in one order only, and nobody carries one out of an event: between two events a CPU
 * may sleep for ever.
 *
 *      CPU 0                                CPU 1
 *      takes rq[0]                          takes rq[1]
 *        takes rq[1]: waits                   takes rq[0]: waits      the cycle that the order forbids
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { LOCK_NAMES } from '../../../shared/lock-order.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [LOCK, INSTANCE] = places('lock_acquire', 'lock', 'instance');
/** Deeper nesting than the kernel has classes would itself be a bug. */
const DEPTH = 16;

export class LockOrder extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'G-02',
    says: 'locks are taken in the one order of shared/lock-order.ts, released by their holder, and never held from one event to the next',
    reference: 'kernel/locking/lockdep.c',
    blindTo: 'an order that no run takes, and locks that are taken without the trace',
    listens: ['event', 'lock_acquire', 'lock_release'],
  };

  readonly #held: Int32Array;
  readonly #acquired: KeptEvents;
  readonly #participants: number;

  constructor(facts: RunFacts) {
    super(LockOrder.about, facts);
    this.#participants = facts.cpus + 1;
    this.#held = new Int32Array(this.#participants);
    this.#acquired = new KeptEvents(this.#participants * DEPTH, 'lock_acquire');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.event: return this.#onBoundary(id, cpu, t, fields, at);
      case Event.lock_acquire: return this.#onAcquire(id, cpu, t, fields, at);
      case Event.lock_release: return this.#onRelease(id, cpu, t, fields, at);
    }
  }

  override finish(): Verdict {
    for (let cpu = 0; cpu < this.#participants; cpu++) {
      if (this.#held[cpu] === 0) continue;
      const top = this.#slot(cpu, this.#held[cpu] - 1);
      this.broken(() => ({
        says: `CPU ${cpu} still holds ${this.#lockName(this.#acquired.rows, this.#acquired.at(top))} at the end of the run`,
        events: [this.#acquired.named(top)],
      }));
    }
    return this.verdict();
  }

  #onBoundary(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const held = this.#held[cpu];
    if (held === 0) return;
    const top = this.#slot(cpu, held - 1);
    this.broken(() => ({
      says: `CPU ${cpu} begins an event at ${t} ns with ${this.#lockName(this.#acquired.rows, this.#acquired.at(top))} held since ` +
        `${this.#acquired.t(top)} ns`,
      events: [this.#acquired.named(top), namedEvent(id, cpu, t, fields, at)],
    }));
    this.#held[cpu] = 0;
  }

  #onAcquire(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const held = this.#held[cpu];
    this.checked++;
    for (let depth = held - 1; depth >= 0; depth--) {
      if (this.#nestsIn(this.#slot(cpu, depth), fields, at)) continue;
      this.#invertedBy(this.#slot(cpu, depth), id, cpu, t, fields, at);
      break;
    }
    if (held === DEPTH) return;
    this.#acquired.keep(this.#slot(cpu, held), id, cpu, t, fields, at);
    this.#held[cpu] = held + 1;
  }

  #onRelease(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { rows } = this.#acquired;
    for (let depth = this.#held[cpu] - 1; depth >= 0; depth--) {
      const taken = this.#acquired.at(this.#slot(cpu, depth));
      if (rows[taken + LOCK] === fields[at + LOCK] && rows[taken + INSTANCE] === fields[at + INSTANCE]) {
        this.#dropFromStack(cpu, depth);
        return;
      }
    }
    this.checked++;
    this.broken(() => ({
      says: `CPU ${cpu} releases ${this.#lockName(fields, at)}, which it does not hold`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  /** Locks need not be released in the reverse order: what was taken later moves down. */
  #dropFromStack(cpu: CpuId, depth: number): void {
    const held = --this.#held[cpu];
    for (let d = depth; d < held; d++) {
      const from = this.#slot(cpu, d + 1);
      const { rows } = this.#acquired;
      this.#acquired.keep(this.#slot(cpu, d), Event.lock_acquire, cpu, this.#acquired.t(from), rows, this.#acquired.at(from));
    }
  }

  #nestsIn(slot: number, fields: Float64Array, at: number): boolean {
    const outer = this.#acquired.at(slot);
    const { rows } = this.#acquired;
    const byClass = fields[at + LOCK] - rows[outer + LOCK];
    return byClass > 0 || (byClass === 0 && fields[at + INSTANCE] > rows[outer + INSTANCE]);
  }

  #invertedBy(slot: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.broken(() => ({
      says: `CPU ${cpu} takes ${this.#lockName(fields, at)} while it holds ` +
        `${this.#lockName(this.#acquired.rows, this.#acquired.at(slot))}, which may only nest inside it`,
      events: [this.#acquired.named(slot), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #lockName(fields: Float64Array, at: number): string {
    return `${LOCK_NAMES[fields[at + LOCK]]}[${fields[at + INSTANCE]}]`;
  }

  #slot(cpu: CpuId, depth: number): number {
    return cpu * DEPTH + depth;
  }
}
