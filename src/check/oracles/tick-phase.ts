/** A CPU's tick keeps its phase: in high resolution each expiry is a whole number of ticks after the one before, over idle too. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { HrtimerFunction } from '../../../shared/structs/hrtimer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [SUCCESS] = places('tick_stop', 'success');
const [FUNCTION, EXPIRES] = places('hrtimer_expire_entry', 'function', 'expires');

export class TickPhase extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-08',
    says: 'a CPU’s tick expires a whole number of ticks after its last one, and not twice for one instant',
    reference: 'kernel/time/tick-sched.c tick_nohz_handler, tick_nohz_restart',
    blindTo: 'ticks in low resolution; the timer of a tick that is stopped, which stands in for the wheel',
    listens: ['hrtimer_expire_entry', 'tick_stop', 'tick_nohz_restart'],
  };

  readonly #last: KeptEvents;
  readonly #stopped: Uint8Array;

  constructor(facts: RunFacts) {
    super(TickPhase.about, facts);
    this.#last = new KeptEvents(facts.cpus, 'hrtimer_expire_entry');
    this.#stopped = new Uint8Array(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.tick_stop && fields[at + SUCCESS] === 1) this.#stopped[cpu] = 1;
    if (id === Event.tick_nohz_restart) this.#stopped[cpu] = 0;
    if (id !== Event.hrtimer_expire_entry || this.#stopped[cpu] === 1) return;
    if (fields[at + FUNCTION] !== HrtimerFunction.TickNohzHandler) return;
    const wrong = this.#wrong(cpu, fields[at + EXPIRES]);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `at ${t} ns CPU ${cpu}'s tick ${wrong}`,
        events: [...(this.#last.has(cpu) ? [this.#last.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#last.keep(cpu, id, cpu, t, fields, at);
  }

  #wrong(cpu: CpuId, expires: Ns): string | undefined {
    const { tickNs } = this.facts;
    if (!this.#last.has(cpu)) return undefined;
    const before = this.#last.rows[this.#last.at(cpu) + EXPIRES];
    if ((expires - before) % tickNs !== 0) return `expires at ${expires}, no whole number of ticks after ${before}`;
    return expires === before ? `comes twice for ${expires}` : undefined;
  }
}
