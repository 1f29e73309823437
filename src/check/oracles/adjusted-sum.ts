/**
 * The adjusted pair splits the run time of a task or process: right after an update it sums to exactly rtime, and
 * an asker whose rtime is not newer is given the old pair.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { AdjustedTurns } from '../adjusted-turns.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [TASK, RTIME, UTIME, STIME] = places('cputime_adjust', 'task', 'rtime', 'utime', 'stime');

export class AdjustedSum extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-07',
    says: 'adjusted utime + stime is exactly the rtime of the last update, and never more than the largest rtime',
    reference: 'kernel/sched/cputime.c cputime_adjust',
    blindTo: 'whether rtime itself is right',
    listens: AdjustedTurns.listens,
  };

  readonly #turns: AdjustedTurns;
  readonly #largestRtime: Float64Array;
  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(AdjustedSum.about, facts);
    this.#turns = new AdjustedTurns(facts, this.#onLook.bind(this), (filter) => this.#forget(filter));
    this.#largestRtime = new Float64Array(this.#turns.filters);
    this.#last = new KeptEvents(this.#turns.filters, 'cputime_adjust');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#turns.onEvent(id, cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#turns.flush();
    return this.verdict();
  }

  #onLook(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const filter = this.#turns.filterOf(id, fields[at + TASK]);
    this.#largestRtime[filter] = Math.max(this.#largestRtime[filter], fields[at + RTIME]);
    this.checked++;
    const wrong = this.#wrong(filter, fields, at);
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `${this.#turns.nameOf(filter)} at ${t} ns: ${wrong}`,
        events: [...(this.#last.has(filter) ? [this.#last.named(filter)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#last.keep(filter, id, cpu, t, fields, at);
  }

  #wrong(filter: number, fields: Float64Array, at: number): string | undefined {
    const utime = fields[at + UTIME];
    const stime = fields[at + STIME];
    const rtime = fields[at + RTIME];
    const sum = utime + stime;
    const largest = this.#largestRtime[filter];
    if (sum > largest) return `adjusted ${utime} + ${stime} is more than the largest rtime ${largest}`;
    const before = this.#last.at(filter);
    const { rows } = this.#last;
    const lastSum = this.#last.has(filter) ? rows[before + UTIME] + rows[before + STIME] : 0;
    if (rtime > lastSum) return sum === rtime ? undefined : `adjusted ${utime} + ${stime} is not the rtime ${rtime} of this update`;
    if (!this.#last.has(filter)) return sum === 0 ? undefined : `adjusted ${utime} + ${stime} before any run time`;
    if (utime === rows[before + UTIME] && stime === rows[before + STIME]) return undefined;
    return `rtime ${rtime} is not beyond the ${lastSum} already given, yet the pair changed from ${rows[before + UTIME]} + ` +
      `${rows[before + STIME]} to ${utime} + ${stime}`;
  }

  #forget(filter: number): void {
    this.#last.forget(filter);
    this.#largestRtime[filter] = 0;
  }
}
