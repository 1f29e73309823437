/** Whoever looks for a clock source finds the best, or the one that the user asked for if the tick allows it. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { CLOCKSOURCE_EVENTS, ClocksourceList, clocksourceName, isHresValid } from '../clocksource-list.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BEST, CURRENT, ONESHOT, OVERRIDE, SKIP] = places('clocksource_select', 'best', 'current', 'oneshot', 'override', 'skip_current');

export class ClocksourceBest extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'K-01',
    says: 'the clock source that is selected is the one of highest rating, first come among equals, that the tick can use; or the override',
    reference: 'kernel/time/clocksource.c clocksource_select',
    blindTo: 'whether the ratings are right (K-03)',
    listens: ['clocksource_select', ...CLOCKSOURCE_EVENTS],
  };

  readonly #list = new ClocksourceList();

  constructor(facts: RunFacts) {
    super(ClocksourceBest.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.clocksource_select) {
      this.#list.onEvent(id, t, fields, at);
      return;
    }
    const expected = this.#expected(fields, at);
    this.checked++;
    if (fields[at + BEST] === expected) return;
    this.broken(() => ({
      says: `CPU ${cpu} selects the clock source ${clocksourceName(fields[at + BEST])}; ${clocksourceName(expected)} is the one to use`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #expected(fields: Float64Array, at: number): number {
    const oneshot = fields[at + ONESHOT] === 1;
    const skipped = fields[at + SKIP] === 1 ? fields[at + CURRENT] : -1;
    const best = this.#list.usable(oneshot).find((source) => source !== skipped) ?? -1;
    const override = fields[at + OVERRIDE];
    const asked = override === skipped ? undefined : this.#list.of(override);
    return asked !== undefined && (!oneshot || isHresValid(asked.flags)) ? override : best;
  }
}
