/** Who has cancelled a timer, or makes it anew, is not met by its callback: that is over, and does not begin any more. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [CANCELLED] = places('hrtimer_cancel', 'hrtimer');
const [MADE] = places('hrtimer_init', 'hrtimer');
const [STARTED] = places('hrtimer_start', 'hrtimer');
const [ENTERED] = places('hrtimer_expire_entry', 'hrtimer');

/** What a timer was last heard to do. */
const Seen = { Nothing: 0, Started: 1, Cancelled: 2, Expired: 3 } as const;

export class HrtimerCancelled extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-08',
    says: 'no timer expires between its cancellation and its next start, and none is cancelled or made anew while its callback runs on ' +
      'another CPU',
    reference: 'kernel/time/hrtimer.c hrtimer_cancel',
    blindTo: 'a callback that runs elsewhere, where CPUs race (the model hrtimer-cancel shows that)',
    listens: ['hrtimer_init', 'hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry', 'hrtimer_expire_exit'],
  };

  readonly #seen: number[] = [];
  /** By CPU: whose callback runs there. */
  readonly #running: Int32Array;

  constructor(facts: RunFacts) {
    super(HrtimerCancelled.about, facts);
    this.#running = new Int32Array(facts.cpus + 1).fill(NONE);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.hrtimer_start: this.#seen[fields[at + STARTED]] = Seen.Started; return;
      case Event.hrtimer_init: return this.#stopped(id, cpu, t, fields, at, fields[at + MADE]);
      case Event.hrtimer_cancel: return this.#stopped(id, cpu, t, fields, at, fields[at + CANCELLED]);
      case Event.hrtimer_expire_entry: return this.#entered(id, cpu, t, fields, at);
      case Event.hrtimer_expire_exit: this.#running[cpu] = NONE; return;
    }
  }

  #stopped(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, timer: TimerId): void {
    this.#seen[timer] = Seen.Cancelled;
    const runner = this.#running.indexOf(timer);
    this.checked++;
    if (runner < 0 || runner === cpu || this.facts.racing) return;
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns is done with timer ${timer}, whose callback runs on CPU ${runner}`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #entered(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const timer = fields[at + ENTERED];
    const wrong = this.#seen[timer] === Seen.Cancelled && !this.facts.racing;
    this.#seen[timer] = Seen.Expired;
    this.#running[cpu] = timer;
    if (!wrong) return;
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns expires timer ${timer}, which was cancelled and not started since`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
