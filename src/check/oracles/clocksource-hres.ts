/** With a one-shot tick the clock source can carry it, but for the time that its replacement takes. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { CLOCKSOURCE_EVENTS, ClocksourceList, clocksourceName, isHresValid } from '../clocksource-list.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE] = places('tick', 'mode');
const ONESHOT = 1;
/** From the verdict of the watchdog to the switch: the worker's turn, and all CPUs must stand still. */
const REPLACEMENT_NS: Ns = 1_000_000_000;

export class ClocksourceHres extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'K-02',
    says: 'while ticks are one-shot the clock source is valid for them, unless none is; one that is no longer is replaced within a second',
    reference: 'kernel/time/clocksource.c clocksource_find_best',
    blindTo: 'CPUs that take no tick',
    listens: ['tick', ...CLOCKSOURCE_EVENTS],
  };

  readonly #list = new ClocksourceList();
  readonly #allowed: Ns;

  constructor(facts: RunFacts) {
    super(ClocksourceHres.about, facts);
    this.#allowed = REPLACEMENT_NS + Math.max(0, ...facts.stalledNs) + facts.skewNs;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id !== Event.tick) {
      this.#list.onEvent(id, t, fields, at);
      return;
    }
    const listed = this.#list.of(this.#list.current);
    if (fields[at + MODE] !== ONESHOT || listed === undefined) return;
    this.checked++;
    if (isHresValid(listed.flags) || t - listed.since <= this.#allowed || this.#list.usable(true).length === 0) return;
    const current = clocksourceName(this.#list.current);
    this.broken(() => ({
      says: `CPU ${cpu} takes a one-shot tick at ${t} ns on the clock source ${current}, which has not been valid for that ` +
        `since ${listed.since} ns`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
