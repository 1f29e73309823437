/** A published timekeeper is in normal form: a fraction is one, and the multiplier is near that of its source. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { InVersionOrder } from '../in-version-order.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [VERSION, FRACTION, MULT] = places('timekeeping_update', 'version', 'fraction', 'mult');
const [CHANGE_VERSION, SHIFT, CS_MULT, MAXADJ] = places('timekeeping_change', 'version', 'shift', 'cs_mult', 'maxadj');

interface Limits {
  readonly shift: number;
  readonly mult: number;
  readonly maxadj: number;
}

export class ClockNormal extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-08',
    says: 'whenever a timekeeper is published its fraction of a ns is below one, and its multiplier at most maxadj from its source’s',
    reference: 'kernel/time/timekeeping.c tk_normalize_xtime',
    blindTo: 'a multiplier that is wrong by less (T-04)',
    listens: ['timekeeping_update', 'timekeeping_change'],
  };

  readonly #order: InVersionOrder;
  /** From which version on which limits hold; the row of a change comes right behind that of its update. */
  readonly #limits = new Map<number, Limits>();
  #present: Limits | undefined;
  #held: { id: number; cpu: CpuId; t: Ns; fields: Float64Array } | undefined;

  constructor(facts: RunFacts) {
    super(ClockNormal.about, facts);
    this.#order = new InVersionOrder(this.#next.bind(this));
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timekeeping_change) {
      this.#limits.set(fields[at + CHANGE_VERSION], { shift: fields[at + SHIFT], mult: fields[at + CS_MULT], maxadj: fields[at + MAXADJ] });
    } else this.#order.take(fields[at + VERSION], t, id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#order.flush();
    this.#judgeHeld();
    return this.verdict();
  }

  /** The one before is judged: by now its change, if there is one, has been seen. */
  #next(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#judgeHeld();
    this.#held = { id, cpu, t, fields: fields.slice(at, at + MULT + 1) };
  }

  #judgeHeld(): void {
    if (this.#held === undefined) return;
    const { id, cpu, t, fields } = this.#held;
    const version = fields[VERSION];
    this.#present = this.#limits.get(version) ?? this.#present;
    this.#limits.delete(version);
    if (this.#present === undefined) return;
    const { shift, mult, maxadj } = this.#present;
    const fraction = fields[FRACTION];
    this.checked++;
    if (fraction >= 0 && fraction < 2 ** shift && Math.abs(fields[MULT] - mult) <= maxadj) return;
    this.broken(() => ({
      says: `CPU ${cpu} publishes a fraction of ${fraction} (shift ${shift}) and a multiplier of ${fields[MULT]} (its source’s ${mult}, ` +
        `at most ${maxadj} away)`,
      events: [namedEvent(id, cpu, t, new Float64Array([...fields, 0]), 0)],
    }));
  }
}
