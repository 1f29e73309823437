/** Clocks that nobody sets never go back: for one reader, and where CPUs do not race for all of them. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { CLOCK_WORDS } from '../clock-reads.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BY, CLOCK, VALUE] = places('clock_gettime', 'by', 'clock', 'value');
const FOLLOWED: readonly number[] = [
  ClockId.Monotonic, ClockId.MonotonicRaw, ClockId.Boottime, ClockId.MonotonicFast, ClockId.RawFast,
];
/** A latch's reader may take a base with the multiplier of before: some ns. */
const FAST_NS: Ns = 16;

export class ClockMonotonic extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-01',
    says: 'monotonic, raw and boot time never go back for a reader, nor from one reader to the next where CPUs do not race',
    reference: 'kernel/time/timekeeping.c ktime_get',
    blindTo: 'different readers where CPUs race; CPUs whose tsc was made to jump; time that stands still (T-04)',
    listens: ['clock_gettime'],
  };

  /** The highest read of each followed clock, by reader where CPUs race. */
  readonly #last: KeptEvents;
  readonly #error: ClockError;

  constructor(facts: RunFacts) {
    super(ClockMonotonic.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#last = new KeptEvents(FOLLOWED.length * (facts.racing ? facts.tasks.length : 1), 'clock_gettime');
  }

  onEvent(_id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const which = FOLLOWED.indexOf(fields[at + CLOCK]);
    if (which < 0) return;
    const slot = which + FOLLOWED.length * (this.facts.racing ? fields[at + BY] : 0);
    const value = fields[at + VALUE];
    if (this.#last.has(slot)) {
      this.checked++;
      const before = this.#last.rows[this.#last.at(slot) + VALUE];
      if (value < before - this.#allowed(fields[at + CLOCK], t)) this.#back(slot, cpu, t, fields, at);
      if (value < before) return;
    }
    this.#last.keep(slot, Event.clock_gettime, cpu, t, fields, at);
  }

  #allowed(clock: number, t: Ns): Ns {
    const stale = (clock === ClockId.MonotonicFast || clock === ClockId.RawFast) && this.facts.clocks.frequencies.length > 0;
    return this.#error.jumpedBy(t) + (stale ? FAST_NS : 0);
  }

  #back(slot: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { rows } = this.#last;
    const before = this.#last.at(slot);
    const then = { by: rows[before + BY], value: rows[before + VALUE] };
    this.broken(() => ({
      says: `${CLOCK_WORDS[fields[at + CLOCK]]} is ${fields[at + VALUE]} ns for ${this.nameOf(fields[at + BY])}, and was ` +
        `${then.value} ns for ${this.nameOf(then.by)} before`,
      events: [this.#last.named(slot), namedEvent(Event.clock_gettime, cpu, t, fields, at)],
    }));
  }
}
