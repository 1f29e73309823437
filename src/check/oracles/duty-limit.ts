/** The CPU that keeps the machine's time, or kept it last, does not sleep for ever; and a look for the next event is used up. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BASEM, DUTY, L_EXPIRES] = places('tick_nohz_next_event', 'basem', 'duty', 'expires');
const [S_EXPIRES] = places('tick_nohz_idle_stop', 'expires');

export class DutyLimit extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-05',
    says: 'a CPU that has the do_timer duty, or that dropped it last while nobody has it, bounds its sleep: it wakes at some time, ' +
      'no later than its look for the next event allowed',
    reference: 'kernel/time/tick-sched.c tick_nohz_next_event, timekeeping_max_deferment',
    blindTo: 'whether the bound is short enough for the clock source (T-04)',
    listens: ['tick_nohz_next_event', 'tick_nohz_idle_stop'],
  };

  readonly #look: KeptEvents;

  constructor(facts: RunFacts) {
    super(DutyLimit.about, facts);
    this.#look = new KeptEvents(facts.cpus, 'tick_nohz_next_event');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.tick_nohz_next_event) {
      this.#look.keep(cpu, id, cpu, t, fields, at);
      return;
    }
    if (!this.#look.has(cpu)) return;
    const { rows } = this.#look;
    const look = this.#look.at(cpu);
    if (rows[look + DUTY] === 0) return;
    this.checked++;
    const allowed = rows[look + L_EXPIRES];
    const wanted = fields[at + S_EXPIRES];
    const wrong = allowed === KTIME_MAX || wanted === KTIME_MAX ? 'it would never wake'
      : wanted > allowed ? `it would wake at ${wanted}, and was allowed to sleep until ${allowed}`
        : allowed !== 0 && allowed < rows[look + BASEM] ? `it looked from ${rows[look + BASEM]} and found ${allowed}` : undefined;
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `CPU ${cpu} is answerable for the machine’s time and goes to sleep at ${t} ns: ${wrong}`,
      events: [this.#look.named(cpu), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
