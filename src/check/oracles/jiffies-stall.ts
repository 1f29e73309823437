/**
 * Some CPU keeps jiffies going while any CPU ticks. Whoever has the duty may be held up; then another finds, after
 * a few ticks of its own that saw jiffies stand still, that it must do it.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE, JIFFIES] = places('tick', 'mode', 'jiffies');
const [MOVED_TO] = places('jiffies_update', 'jiffies');
const PERIODIC = 0;
/** Ticks of its own that a CPU waits, and the one before them. */
const PATIENCE = 6;

export class JiffiesStall extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-04',
    says: 'while a CPU ticks jiffies move: no tick of a CPU whose tick is no longer periodic finds them where they were six ticks ago',
    reference: 'kernel/time/tick-sched.c tick_sched_do_timer',
    blindTo: 'CPUs that are still periodic, which leave it to whoever has the duty',
    listens: ['tick', 'jiffies_update'],
  };

  /** The longest that the firmware takes a CPU; and a counter that jumps ahead lets jiffies wait for the others. */
  readonly #stalled: Ns;
  /** When jiffies moved last, by the clock of whoever moved them. */
  readonly #moved = new KeptEvents(1, 'jiffies_update');

  constructor(facts: RunFacts) {
    super(JiffiesStall.about, facts);
    this.#stalled = Math.max(0, ...facts.stalledNs) + new ClockError(facts.clocks).jumpsNs;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.jiffies_update) {
      if (t > this.#moved.t(0)) this.#moved.keep(0, id, cpu, t, fields, at);
      return;
    }
    if (fields[at + MODE] === PERIODIC || !this.#moved.has(0)) return;
    this.checked++;
    // where CPUs race, whoever has just moved them may stand later in the stream
    if (this.facts.racing && fields[at + JIFFIES] > this.#moved.rows[this.#moved.at(0) + MOVED_TO]) return;
    const stands = t - this.#moved.t(0);
    if (stands <= PATIENCE * this.facts.tickNs + NSEC_PER_MSEC + this.facts.skewNs + this.#stalled) return;
    this.broken(() => ({
      says: `at ${t} ns a tick of CPU ${cpu} finds jiffies at ${fields[at + JIFFIES]}, where they have stood for ${stands} ns`,
      events: [this.#moved.named(0), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
