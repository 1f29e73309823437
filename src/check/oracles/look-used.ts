/** A look for the next event is of its moment: whoever stops the tick by it, or does not, uses it up. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [LEFT] = places('tick_nohz_idle_stop', 'timer_expires_base');

export class LookUsed extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'N-08',
    says: 'a tick is stopped by a look for the next event that was made since the last attempt, and none is left over after it',
    reference: 'kernel/time/tick-sched.c tick_sched.timer_expires_base',
    blindTo: 'looks of a governor that nobody used',
    listens: ['tick_nohz_next_event', 'tick_nohz_idle_stop'],
  };

  readonly #looked: Uint8Array;
  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(LookUsed.about, facts);
    this.#looked = new Uint8Array(facts.cpus);
    this.#last = new KeptEvents(facts.cpus, 'tick_nohz_idle_stop');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.tick_nohz_next_event) {
      this.#looked[cpu] = 1;
      return;
    }
    this.checked++;
    const wrong = this.#looked[cpu] === 0 ? 'there was no look since the last attempt'
      : fields[at + LEFT] !== 0 ? `the look from ${fields[at + LEFT]} is left over` : undefined;
    this.#looked[cpu] = 0;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `CPU ${cpu} attempts to stop its tick at ${t} ns, and ${wrong}`,
        events: [...(this.#last.has(cpu) ? [this.#last.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#last.keep(cpu, id, cpu, t, fields, at);
  }
}
