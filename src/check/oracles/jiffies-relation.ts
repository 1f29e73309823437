/** jiffies, the instant of the last jiffy and that of the next one are three views of one count. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [JIFFIES, LAST, NEXT] = places('jiffies_update', 'jiffies', 'last_jiffies_update', 'tick_next_period');

export class JiffiesRelation extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-01',
    says: 'tick_next_period is one tick after last_jiffies_update, and jiffies counts exactly the ticks up to it',
    reference: 'kernel/time/tick-sched.c tick_do_update_jiffies64',
    blindTo: 'what a reader sees between two stores of one update (G-01 and the lock see to that)',
    listens: ['jiffies_update'],
  };

  /** last_jiffies_update of jiffy 0, which the first update defines. */
  #epoch = Number.NaN;
  readonly #first = new KeptEvents(1, 'jiffies_update');

  constructor(facts: RunFacts) {
    super(JiffiesRelation.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { tickNs } = this.facts;
    const jiffies = fields[at + JIFFIES];
    const last = fields[at + LAST];
    const next = fields[at + NEXT];
    if (!this.#first.has(0)) {
      this.#epoch = last - jiffies * tickNs;
      this.#first.keep(0, id, cpu, t, fields, at);
    }
    this.checked++;
    const expected = this.#epoch + jiffies * tickNs;
    const wrong = next !== last + tickNs
      ? `tick_next_period is ${next}, but one tick after last_jiffies_update is ${last + tickNs}`
      : last !== expected ? `last_jiffies_update is ${last}, but jiffies ${jiffies} began at ${expected}` : undefined;
    if (wrong === undefined) return;
    this.broken(() => ({ says: `at ${t} ns on CPU ${cpu} ${wrong}`, events: [this.#first.named(0), namedEvent(id, cpu, t, fields, at)] }));
  }
}
