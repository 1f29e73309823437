/** Nobody reads a clock source that was given up, as long as there is another. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { CLOCKSOURCE_EVENTS, ClocksourceList, clocksourceName } from '../clocksource-list.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE] = places('tick', 'mode');
/** From the worker's verdict to the switch. */
const REPLACEMENT_NS: Ns = 1_000_000_000;

export class ClocksourceRated extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'K-04',
    says: 'the clock source that is read is not rated 0, unless no other can be used',
    reference: 'kernel/time/clocksource.c __clocksource_watchdog_kthread',
    blindTo: 'CPUs that take no tick',
    listens: ['tick', ...CLOCKSOURCE_EVENTS],
  };

  readonly #list = new ClocksourceList();
  readonly #allowed: Ns;

  constructor(facts: RunFacts) {
    super(ClocksourceRated.about, facts);
    this.#allowed = REPLACEMENT_NS + Math.max(0, ...facts.stalledNs) + facts.skewNs;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.tick) {
      this.#list.onEvent(id, t, fields, at);
      return;
    }
    const listed = this.#list.of(this.#list.current);
    if (listed === undefined) return;
    this.checked++;
    if (listed.rating > 0 || t - listed.since <= this.#allowed) return;
    const others = this.#list.usable(fields[at + MODE] === 1).filter((id) => this.#list.of(id)!.rating > 0);
    if (others.length === 0) return;
    const current = clocksourceName(this.#list.current);
    this.broken(() => ({
      says: `at ${t} ns the clock source is still ${current}, rated 0 since ${listed.since} ns; ` +
        `${clocksourceName(others[0]!)} could be read`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
