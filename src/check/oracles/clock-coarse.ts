/** Coarse clocks: no reader sees one go back, nobody publishes one that does, and none is ahead of the clock it is taken from. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { ClockReads, CLOCK_WORDS } from '../clock-reads.ts';
import { InVersionOrder } from '../in-version-order.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [BY, VALUE] = places('clock_gettime', 'by', 'value');
const [VERSION, COARSE] = places('timekeeping_update', 'version', 'coarse');

export class ClockCoarse extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-02',
    says: 'a coarse clock never goes back, as published and for each reader; what it shows the fine clock shows later or has shown',
    reference: 'kernel/time/timekeeping.c ktime_get_coarse',
    blindTo: 'coarse clocks that lag by more than a tick',
    listens: ['clock_gettime', 'timekeeping_update', 'timekeeping_change'],
  };

  readonly #published = new KeptEvents(1, 'timekeeping_update');
  readonly #order: InVersionOrder;
  /** The last coarse read, by reader. */
  readonly #coarse: KeptEvents;
  readonly #coarseMono: Float64Array;
  readonly #reads: ClockReads;
  readonly #error: ClockError;

  constructor(facts: RunFacts) {
    super(ClockCoarse.about, facts);
    this.#order = new InVersionOrder(this.#judgePublished.bind(this));
    this.#coarse = new KeptEvents(facts.tasks.length, 'clock_gettime');
    this.#coarseMono = new Float64Array(facts.tasks.length);
    this.#reads = new ClockReads(facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timekeeping_change) this.#reads.onChange(t, fields, at);
    else if (id === Event.timekeeping_update) this.#order.take(fields[at + VERSION], t, id, cpu, t, fields, at);
    else this.#onRead(id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#order.flush();
    return this.verdict();
  }

  #judgePublished(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const before = this.#published.has(0) ? this.#published.rows[this.#published.at(0) + COARSE] : 0;
    this.checked++;
    if (fields[at + COARSE] < before) {
      this.broken(() => ({
        says: `CPU ${cpu} publishes a coarse clock of ${fields[at + COARSE]} ns, which was ${before} ns before`,
        events: [this.#published.named(0), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#published.keep(0, id, cpu, t, fields, at);
  }

  #onRead(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { by, clock, mono } = this.#reads.read(cpu, fields, at);
    if (Number.isNaN(mono)) return;
    const isCoarse = clock === ClockId.MonotonicCoarse || clock === ClockId.RealtimeCoarse;
    if (!isCoarse && clock !== ClockId.Monotonic && clock !== ClockId.Realtime) return;
    if (this.#coarse.has(by)) {
      this.checked++;
      if (mono < this.#coarseMono[by] - this.#error.jumpedBy(t)) this.#behind(by, id, cpu, t, fields, at);
    }
    if (!isCoarse) return;
    this.#coarse.keep(by, id, cpu, t, fields, at);
    this.#coarseMono[by] = mono;
  }

  #behind(by: number, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const { clock } = this.#reads.read(cpu, fields, at);
    const before = this.#coarse.rows[this.#coarse.at(by) + VALUE];
    this.broken(() => ({
      says: `${CLOCK_WORDS[clock]} is ${fields[at + VALUE]} ns for ${this.nameOf(fields[at + BY])}, who had read ${before} ns ` +
        'from a coarse clock',
      events: [this.#coarse.named(by), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
