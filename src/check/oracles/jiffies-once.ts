/**
 * Every period is counted once. Two CPUs may both find that a jiffy is due; the lock lets one count
 * it, and the other must look again and find nothing left to do.
 *
 *      CPU 0                              CPU 1
 *      due: takes the lock                due: waits for the lock
 *      jiffies 41 -> 42
 *      unlocks                            still due? no: leaves         (with no second look: 42 -> 43)
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { InVersionOrder } from '../in-version-order.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [TICKS, JIFFIES, LAST, NEXT, VERSION] = places(
  'jiffies_update', 'ticks', 'jiffies', 'last_jiffies_update', 'tick_next_period', 'version',
);

export class JiffiesOnce extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-07',
    says: 'each period is counted once: an update moves jiffies by its ticks, at least one, and tick_next_period by as many ticks, ' +
      'from where the update before it left them',
    reference: 'kernel/time/tick-sched.c tick_do_update_jiffies64',
    blindTo: 'updates that publish no event',
    listens: ['jiffies_update'],
  };

  readonly #last = new KeptEvents(1, 'jiffies_update');
  readonly #order: InVersionOrder;

  constructor(facts: RunFacts) {
    super(JiffiesOnce.about, facts);
    this.#order = new InVersionOrder(this.#judge.bind(this));
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#order.take(fields[at + VERSION], t, id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#order.flush();
    return this.verdict();
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const wrong = this.#wrong(fields, at);
    this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `at ${t} ns CPU ${cpu} ${wrong}`,
        events: [...(this.#last.has(0) ? [this.#last.named(0)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#last.keep(0, id, cpu, t, fields, at);
  }

  #wrong(fields: Float64Array, at: number): string | undefined {
    const ticks = fields[at + TICKS];
    if (!(ticks >= 1)) return `moves jiffies by ${ticks} ticks`;
    if (!this.#last.has(0)) return undefined;
    const { rows } = this.#last;
    const before = this.#last.at(0);
    const span = ticks * this.facts.tickNs;
    if (fields[at + JIFFIES] !== rows[before + JIFFIES] + ticks) {
      return `moves jiffies from ${rows[before + JIFFIES]} to ${fields[at + JIFFIES]} in an update of ${ticks} ticks`;
    }
    if (fields[at + NEXT] !== rows[before + NEXT] + span) {
      return `moves tick_next_period from ${rows[before + NEXT]} to ${fields[at + NEXT]} in an update of ${ticks} ticks`;
    }
    if (fields[at + LAST] !== rows[before + LAST] + span) {
      return `moves last_jiffies_update from ${rows[before + LAST]} to ${fields[at + LAST]} in an update of ${ticks} ticks`;
    }
    return undefined;
  }
}
