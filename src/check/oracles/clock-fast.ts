/** Clocks that never wait show what the others show, but for some ns. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { ClockReads, CLOCK_WORDS } from '../clock-reads.ts';
import { namedEvent } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

/** The multiplier of before, for the cycles since the last tick. */
const FEW_NS: Ns = 16;
const RACE_NS: Ns = 100_000;

/** Clocks whose distance from one another never changes. */
const PAIRS: Readonly<Record<number, number>> = { [ClockId.MonotonicFast]: ClockId.Monotonic, [ClockId.RawFast]: ClockId.MonotonicRaw };

export class ClockFast extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-10',
    says: 'a reader that reads a clock and then its fast twin finds them as far apart as true time has gone meanwhile, but for some ns',
    reference: 'kernel/time/timekeeping.c ktime_get_mono_fast_ns',
    blindTo: 'jiffies as the clock source',
    listens: ['clock_gettime', 'timekeeping_change'],
  };

  readonly #reads: ClockReads;
  readonly #error: ClockError;
  /** Last read of the two slow ones, by reader: time, value, source. */
  readonly #last = new Map<number, { readonly t: Ns; readonly value: Ns; readonly source: number }>();

  constructor(facts: RunFacts) {
    super(ClockFast.about, facts);
    this.#reads = new ClockReads(facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timekeeping_change) return this.#reads.onChange(t, fields, at);
    const { by, clock, t: read, value } = this.#reads.read(cpu, fields, at);
    const { tasks } = this.facts;
    if (clock === ClockId.Monotonic || clock === ClockId.MonotonicRaw) {
      this.#last.set(by + clock * tasks.length, { t: read, value, source: this.#reads.source });
    }
    const before = this.#last.get(by + (PAIRS[clock] ?? 0) * tasks.length);
    if (PAIRS[clock] === undefined || before === undefined || before.source !== this.#reads.source) return;
    const span = read - before.t;
    const apart = value - before.value - span;
    this.checked++;
    if (Math.abs(apart) <= this.#allowed(span, read)) return;
    this.broken(() => ({
      says: `${CLOCK_WORDS[clock]} is ${apart} ns further than ${CLOCK_WORDS[PAIRS[clock]]} was for ${this.nameOf(by)} ${span} ns before`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #allowed(span: Ns, t: Ns): Ns {
    const racing = this.facts.racing ? 2 * (this.facts.skewNs + this.facts.ipiDelayNs) + RACE_NS : 0;
    return FEW_NS + 2 * this.#reads.grain() + this.#error.jumpedBy(t) + (span * (this.#error.ppb + 1_000)) / 1e9 + racing;
  }
}
