/** The watchdog marks a clock source exactly if that one has really gone wrong by more than may be. */
import type { CounterFacts, RunFacts } from '../../../shared/event-consumer.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { clocksourceName } from '../clocksource-list.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { countedNs } from '../true-counter.ts';

const [SOURCE, WATCHDOG, CS_NSEC, WD_NSEC, MARGIN, VERDICT] = places(
  'clocksource_watchdog', 'source', 'watchdog', 'cs_nsec', 'wd_nsec', 'margin', 'verdict',
);
const GOOD = 1;
const SKEWED = 2;
const LONG = 3;
const WORDS = ['a baseline', 'good', 'skewed', 'not judged: a long interval', 'not judged: busy', 'slow to read'];
/** The two counters are read one after the other, and each counts whole cycles. */
const SAMPLE_NS: Ns = 10_000;
const INTERVAL_MAX_NS: Ns = 1_000_000_000;

export class ClocksourceVerdict extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'K-03',
    says: 'a clock source is marked unstable if and only if in the interval checked it really differed from its watchdog by more ' +
      'than the margins; an interval of more than a second is not judged',
    reference: 'kernel/time/clocksource.c clocksource_watchdog',
    blindTo: 'differences within 10 us of the margins; jiffies as the watchdog, which may follow the source that they watch; ' +
      'verdicts on reads that took too long',
    listens: ['clocksource_watchdog'],
  };

  /** The sample before, by source. */
  readonly #last: KeptEvents;
  readonly #nominal: CounterFacts = { id: ClocksourceId.Jiffies, hz: 0, readNs: 0, drifts: [], skews: [] };

  constructor(facts: RunFacts) {
    super(ClocksourceVerdict.about, facts);
    this.#last = new KeptEvents(Object.keys(ClocksourceId).length, 'clocksource_watchdog');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const source = fields[at + SOURCE];
    const verdict = fields[at + VERDICT];
    if (verdict > LONG) return this.#last.forget(source);
    const follows = fields[at + WATCHDOG] === ClocksourceId.Jiffies;
    if (verdict !== 0 && !follows && this.#last.has(source)) this.#judge(id, cpu, t, fields, at);
    this.#last.keep(source, id, cpu, t, fields, at);
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const [source, watchdog, verdict] = [fields[at + SOURCE], fields[at + WATCHDOG], fields[at + VERDICT]];
    const since = { cpu: this.#last.cpu(source), t: this.#last.t(source) };
    const [csNs, wdNs] = [source, watchdog].map((each) => this.#counted(each, cpu, t) - this.#counted(each, since.cpu, since.t));
    const differs = Math.abs(csNs - wdNs) - fields[at + MARGIN];
    const slack = SAMPLE_NS + (this.facts.racing ? this.facts.skewNs : 0);
    const long = Math.max(fields[at + CS_NSEC], fields[at + WD_NSEC]) > INTERVAL_MAX_NS;
    const right = long ? verdict === LONG
      : differs > slack ? verdict === SKEWED
        : differs < -slack ? verdict === GOOD : verdict === SKEWED || verdict === GOOD;
    this.checked++;
    if (right) return;
    this.broken(() => ({
      says: `CPU ${cpu} finds ${clocksourceName(source)} ${WORDS[verdict]}: in ${Math.round(csNs)} ns it went ` +
        `${Math.round(csNs - wdNs)} ns further than ${clocksourceName(watchdog)}, and ${fields[at + MARGIN]} ns are allowed in up to ` +
        `${INTERVAL_MAX_NS} ns`,
      events: [this.#last.named(source), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  /** What the source has really counted, as that CPU reads it. */
  #counted(source: number, cpu: CpuId, t: Ns): Ns {
    return countedNs(this.facts.clocks.sources.find(({ id }) => id === source) ?? this.#nominal, cpu, t);
  }
}
