/**
 * The timers of each CPU's wheel that lie in buckets of one jiffy, as the events tell it: those come one jiffy after they
 * expire. Timers of coarser buckets come later than that, by how much is the wheel's affair.
 */
import { Event, type EventName } from '../../shared/events.ts';
import { TIMER_CPUMASK, TIMER_DEFERRABLE } from '../../shared/structs/timer.ts';
import { NOBODY, type CpuId, type Jiffies } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [STARTED, EXPIRES, NOW, FLAGS] = places('timer_start', 'timer', 'expires', 'now', 'flags');
const [CANCELLED] = places('timer_cancel', 'timer');
const [EXPIRED] = places('timer_expire_entry', 'timer');

/** The finest level has 64 buckets; a few less, since the wheel's clock may lag. */
const FINEST: Jiffies = 48;

export class FineTimers {
  static readonly listens: readonly EventName[] = ['timer_start', 'timer_cancel', 'timer_expire_entry'];

  /** By CPU: its timers that are pending in such a bucket; by timer: where, NOBODY elsewhere, and its expiry. */
  readonly #pending: number[][] = [];
  readonly #cpu: CpuId[] = [];
  readonly #expires: Jiffies[] = [];
  readonly #racing: boolean;

  constructor(racing: boolean) {
    this.#racing = racing;
  }

  onEvent(id: number, cpu: CpuId, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.timer_start: return this.#onStart(cpu, fields, at);
      case Event.timer_cancel: return this.#remove(fields[at + CANCELLED]);
      case Event.timer_expire_entry: return this.#remove(fields[at + EXPIRED]);
    }
  }

  /** The jiffy at which the first of them comes; infinite without any. Deferrable ones wait for whoever is awake. */
  firstDue(cpu: CpuId): Jiffies {
    let first = Infinity;
    for (const timer of this.#pending[cpu] ?? []) first = Math.min(first, this.#expires[timer] + 1);
    return first;
  }

  #onStart(cpu: CpuId, fields: Float64Array, at: number): void {
    const timer = fields[at + STARTED];
    const flags = fields[at + FLAGS];
    const owner = flags & TIMER_CPUMASK;
    const fine = (flags & TIMER_DEFERRABLE) === 0 && fields[at + EXPIRES] - fields[at + NOW] < FINEST;
    this.#remove(timer);
    // where CPUs race, what others put on this wheel need not stand in its order
    if (!fine || (this.#racing && owner !== cpu)) return;
    while (this.#cpu.length <= timer) {
      this.#cpu.push(NOBODY);
      this.#expires.push(0);
    }
    while (this.#pending.length <= owner) this.#pending.push([]);
    this.#cpu[timer] = owner;
    this.#expires[timer] = fields[at + EXPIRES];
    this.#pending[owner].push(timer);
  }

  #remove(timer: number): void {
    const owner = timer < this.#cpu.length ? this.#cpu[timer] : NOBODY;
    if (owner === NOBODY) return;
    const pending = this.#pending[owner];
    pending[pending.indexOf(timer)] = pending[pending.length - 1];
    pending.pop();
    this.#cpu[timer] = NOBODY;
  }
}
