/**
 * Some CPU keeps jiffies going while any CPU ticks. Whoever has the duty may be held up; then another finds, after
 * a few ticks of its own that saw jiffies stand still, that it must do it:
 *
 *      ticks of CPU 1     9    9    9    9    9    the next moves them first
 *      as it finds them   new  1st  2nd  3rd  4th  the 5th that found them old
 *
 * It counts its own ticks, and so does this: how long CPUs are held up is all the same. But where a counter has jumped ahead,
 * time stands for the others whenever its CPU does not move it on, for as long as they are behind: then no jiffy is due.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [MODE, JIFFIES] = places('tick', 'mode', 'jiffies');
const PERIODIC = 0;
/** Ticks of its own that may find jiffies the same: the first, and those that a CPU waits. */
const PATIENCE = 5;
/** Ticks that are so many ticks apart, or more, are of two dates. */
const DATE = 0.5;

export class JiffiesStall extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'J-04',
    says: `while a CPU ticks jiffies move: no more than ${PATIENCE} ticks of a CPU whose tick is no longer periodic find them where ` +
      'they were',
    reference: 'kernel/time/tick-sched.c tick_sched_do_timer',
    blindTo: 'CPUs that are still periodic, which leave it to whoever has the duty; how long a tick is late (H-03)',
    listens: ['tick'],
  };

  /** The first tick of each CPU that found jiffies as they are, and how many have. */
  readonly #first: KeptEvents;
  readonly #found: Float64Array;
  readonly #at: Float64Array;
  readonly #error: ClockError;

  constructor(facts: RunFacts) {
    super(JiffiesStall.about, facts);
    this.#first = new KeptEvents(facts.cpus, 'tick');
    this.#found = new Float64Array(facts.cpus);
    this.#at = new Float64Array(facts.cpus);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (fields[at + MODE] === PERIODIC) return;
    this.checked++;
    if (this.#found[cpu] === 0 || this.#first.rows[this.#first.at(cpu) + JIFFIES] !== fields[at + JIFFIES]) {
      this.#first.keep(cpu, id, cpu, t, fields, at);
      this.#found[cpu] = 0;
    } else if (t - this.#at[cpu] < this.facts.tickNs * DATE) return; // one that came early comes again: its date is no other
    this.#at[cpu] = t;
    this.#found[cpu]++;
    if (this.#found[cpu] <= PATIENCE + this.#ahead(t)) return;
    this.broken(() => ({
      says: `at ${t} ns a tick of CPU ${cpu} finds jiffies at ${fields[at + JIFFIES]}, where ${this.#found[cpu] - 1} of its ticks ` +
        'have found them before',
      events: [this.#first.named(cpu), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  /**
   * Ticks for which they may not be due here, since a CPU that is ahead, in the race or by its counter, has moved them. By its
   * counter that is for a tick more: it moves them to the beginning of a jiffy, and the next one is due a tick after that. And
   * while a clock stands that a tick goes by, ticks come as often as they are put up: those that count, twice a tick.
   */
  #ahead(t: Ns): number {
    const { skewNs, tickNs } = this.facts;
    const jumped = this.#error.jumpedBy(t);
    return Math.ceil(skewNs / tickNs) + (jumped > 0 ? Math.ceil((jumped + tickNs) / (tickNs * DATE)) : 0);
  }
}
