/** The utime and the stime that /proc shows never fall, whoever asks: a lock puts all askers in one order, and hands time on. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { AdjustedTurns } from '../adjusted-turns.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [BY, TASK, UTIME, STIME] = places('cputime_adjust', 'by', 'task', 'utime', 'stime');

export class AdjustedMonotonic extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-06',
    says: 'adjusted utime and adjusted stime of a task or a process each never fall, over all readers on all CPUs, and no reader is ' +
      'served before the one that was served before it',
    reference: 'kernel/sched/cputime.c cputime_adjust',
    blindTo: 'whether the split between utime and stime is a fair one',
    listens: AdjustedTurns.listens,
  };

  readonly #turns: AdjustedTurns;
  readonly #last: KeptEvents;
  /** When the event began that looked last. */
  readonly #lastStart: Float64Array;

  constructor(facts: RunFacts) {
    super(AdjustedMonotonic.about, facts, ['event']);
    this.#turns = new AdjustedTurns(facts, this.#onLook.bind(this), (filter) => this.#last.forget(filter));
    this.#last = new KeptEvents(this.#turns.filters, 'cputime_adjust');
    this.#lastStart = new Float64Array(this.#turns.filters);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#turns.onEvent(id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#turns.flush();
    return this.verdict();
  }

  #onLook(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, start: Ns): void {
    const filter = this.#turns.filterOf(id, fields[at + TASK]);
    if (this.#last.has(filter)) {
      const wrong = this.#wrong(filter, t, start, fields, at);
      this.checked++;
      if (wrong !== undefined) {
        this.broken(() => ({
          says: `adjusted ${wrong} (the second by ${this.nameOf(fields[at + BY])})`,
          events: [this.#last.named(filter), namedEvent(id, cpu, t, fields, at)],
        }));
      }
    }
    this.#last.keep(filter, id, cpu, t, fields, at);
    this.#lastStart[filter] = start;
  }

  #wrong(filter: number, t: Ns, start: Ns, fields: Float64Array, at: number): string | undefined {
    const { rows } = this.#last;
    const before = this.#last.at(filter);
    const lastT = this.#last.t(filter);
    const name = this.#turns.nameOf(filter);
    const fell = (what: string, place: number): string =>
      `${what} of ${name} fell from ${rows[before + place]} to ${fields[at + place]} between the reads at ${lastT} ns and ${t} ns`;
    if (fields[at + UTIME] < rows[before + UTIME]) return fell('utime', UTIME);
    if (fields[at + STIME] < rows[before + STIME]) return fell('stime', STIME);
    if (t < lastT) return `pair of ${name} was given out at ${t} ns, in the turn after ${lastT} ns: the lock hands time on`;
    const order = this.#turns.bound.outOfOrder(this.#lastStart[filter], start);
    return order === undefined ? undefined : `pair of ${name} was given out at ${t} ns ${order}`;
  }
}
