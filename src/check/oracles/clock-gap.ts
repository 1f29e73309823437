/** Somebody moves the clocks on before the counter has gone half its way round. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { CLOCKSOURCE_WRAPS } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [SOURCE] = places('timekeeping_change', 'source');

export class ClockGap extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-09',
    says: 'between two updates of the timekeeper its counter goes no further than half the way to where it starts anew',
    reference: 'kernel/time/timekeeping.c timekeeping_max_deferment',
    blindTo: 'counters that never start anew in a run',
    listens: ['timekeeping_update', 'timekeeping_change'],
  };

  readonly #last = new KeptEvents(1, 'timekeeping_update');
  /** Longest that the present source may be left alone; infinite for most. */
  #longest: Ns = Infinity;
  readonly #stalled: Ns;

  constructor(facts: RunFacts) {
    super(ClockGap.about, facts);
    this.#stalled = Math.max(0, ...facts.stalledNs) + (facts.racing ? 2 * (facts.skewNs + facts.ipiDelayNs) : 0);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timekeeping_change) {
      this.#longest = this.#longestOf(fields[at + SOURCE]);
      return;
    }
    this.#judge(t, () => [namedEvent(id, cpu, t, fields, at)]);
    if (!this.#last.has(0) || t >= this.#last.t(0)) this.#last.keep(0, id, cpu, t, fields, at);
  }

  override finish(end: Ns): Verdict {
    this.#judge(end, () => []);
    return this.verdict();
  }

  #judge(t: Ns, also: () => ReturnType<typeof namedEvent>[]): void {
    if (!this.#last.has(0) || this.#longest === Infinity) return;
    const gap = t - this.#last.t(0);
    this.checked++;
    if (gap <= this.#longest + this.#stalled) return;
    const longest = this.#longest;
    this.broken(() => ({
      says: `nobody has moved the clocks on for ${gap} ns before ${t} ns; ${longest} ns is half the way of their counter`,
      events: [this.#last.named(0), ...also()],
    }));
  }

  #longestOf(source: number): Ns {
    const hz = this.facts.clocks.sources.find(({ id }) => id === source)?.hz;
    const wrap = CLOCKSOURCE_WRAPS[source] ?? 0;
    return hz === undefined || wrap === 0 ? Infinity : (wrap / hz / 2) * 1e9;
  }
}
