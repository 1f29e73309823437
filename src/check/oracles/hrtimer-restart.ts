/**
 * A callback that wants its timer back has moved it forward: else the interrupt would find it due again and again. The
 * tick moves by whole periods.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { HrtimerFunction, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import { NONE, type CpuId, type Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [ENTERED, FUNCTION, EXPIRED] = places('hrtimer_expire_entry', 'hrtimer', 'function', 'expires');
const [EXITED] = places('hrtimer_expire_exit', 'hrtimer');
const [STARTED, EXPIRES, MODE] = places('hrtimer_start', 'hrtimer', 'expires', 'mode');

export class HrtimerRestart extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-10',
    says: 'a timer that its callback queues again expires later than before, the tick by whole ticks',
    reference: 'kernel/time/hrtimer.c __run_hrtimer, hrtimer_forward',
    blindTo: 'callbacks that start their timer themselves',
    listens: ['event', 'hrtimer_expire_entry', 'hrtimer_expire_exit', 'hrtimer_start'],
  };

  /** By CPU: the last expiry, and whose callback has just returned. */
  readonly #expiry: KeptEvents;
  readonly #returned: Int32Array;

  constructor(facts: RunFacts) {
    super(HrtimerRestart.about, facts);
    this.#expiry = new KeptEvents(facts.cpus + 1, 'hrtimer_expire_entry');
    this.#returned = new Int32Array(facts.cpus + 1).fill(NONE);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.event: this.#returned[cpu] = NONE; return;
      case Event.hrtimer_expire_entry:
        this.#returned[cpu] = NONE;
        return this.#expiry.keep(cpu, id, cpu, t, fields, at);
      case Event.hrtimer_expire_exit:
        this.#returned[cpu] = this.#expiry.rows[this.#expiry.at(cpu) + ENTERED] === fields[at + EXITED] ? fields[at + EXITED] : NONE;
        return;
      case Event.hrtimer_start: return this.#onStart(id, cpu, t, fields, at);
    }
  }

  #onStart(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const timer = fields[at + STARTED];
    const returned = this.#returned[cpu];
    this.#returned[cpu] = NONE;
    // the interrupt queues it as it is; the idle loop, which may come in the same event, says that the tick is pinned
    if (returned !== timer || fields[at + MODE] !== HrtimerMode.Abs) return;
    const before = this.#expiry.at(cpu);
    const moved = fields[at + EXPIRES] - this.#expiry.rows[before + EXPIRED];
    const isTick = this.#expiry.rows[before + FUNCTION] === HrtimerFunction.TickNohzHandler;
    this.checked++;
    if (moved > 0 && (!isTick || moved % this.facts.tickNs === 0)) return;
    const expiry = this.#expiry.named(cpu);
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns queues timer ${timer} again ${moved} ns after its expiry` +
        (moved > 0 ? `, where a tick is ${this.facts.tickNs} ns` : ', so it is due for ever'),
      events: [expiry, namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
