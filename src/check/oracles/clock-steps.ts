/** Each step of a clock counts, and moves no clock but those that it is meant for. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { TimekeepingAction } from '../../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [ACTION, OFFS_REAL, OFFS_BOOT, SET_SEQ, SOURCE_SEQ, VERSION] = places(
  'timekeeping_change', 'action', 'offs_real', 'offs_boot', 'clock_was_set_seq', 'cs_was_changed_seq', 'version',
);
const { SetTime, InjectOffset, SetTai, ChangeClocksource } = TimekeepingAction;
const STEPS: readonly number[] = [SetTime, InjectOffset, SetTai];

interface Change {
  readonly id: number;
  readonly cpu: CpuId;
  readonly t: Ns;
  readonly fields: Float64Array;
}

export class ClockSteps extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-06',
    says: 'clock_was_set_seq rises by one with each step and cs_was_changed_seq with each change of the source, neither otherwise; a ' +
      'step moves the wall clock and TAI only',
    reference: 'kernel/time/timekeeping.c timekeeping_update',
    blindTo: 'whether timers hear of it (H-02, H-07)',
    listens: ['timekeeping_change'],
  };

  /** Rare: all of them, to be judged in the order of versions. */
  readonly #changes: Change[] = [];
  readonly #last = new KeptEvents(1, 'timekeeping_change');

  constructor(facts: RunFacts) {
    super(ClockSteps.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#changes.push({ id, cpu, t, fields: fields.slice(at, at + VERSION + 1) });
  }

  override finish(): Verdict {
    this.#changes.sort((a, b) => a.fields[VERSION] - b.fields[VERSION]);
    for (const change of this.#changes) this.#judge(change);
    return this.verdict();
  }

  #judge({ id, cpu, t, fields }: Change): void {
    const wrong = this.#last.has(0) ? this.#wrong(fields) : undefined;
    if (this.#last.has(0)) this.checked++;
    if (wrong !== undefined) {
      this.broken(() => ({ says: `at ${t} ns CPU ${cpu} ${wrong}`, events: [this.#last.named(0), namedEvent(id, cpu, t, fields, 0)] }));
    }
    this.#last.keep(0, id, cpu, t, fields, 0);
  }

  #wrong(fields: Float64Array): string | undefined {
    const { rows } = this.#last;
    const before = this.#last.at(0);
    const rises = (seq: number): number => fields[seq] - rows[before + seq];
    const step = STEPS.includes(fields[ACTION]);
    if (rises(SET_SEQ) !== (step ? 1 : 0)) return `moves clock_was_set_seq by ${rises(SET_SEQ)} in ${step ? 'a step' : 'what is no step'}`;
    const change = fields[ACTION] === ChangeClocksource;
    if (rises(SOURCE_SEQ) !== (change ? 1 : 0)) return `moves cs_was_changed_seq by ${rises(SOURCE_SEQ)}`;
    if (rises(OFFS_BOOT) !== 0) return `moves boot time by ${rises(OFFS_BOOT)} ns`;
    return !step && rises(OFFS_REAL) !== 0 ? `moves the wall clock by ${rises(OFFS_REAL)} ns in what is no step` : undefined;
  }
}
