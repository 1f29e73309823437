/** A record's clock is its CPU's: it starts no later than its CPU's clock stands, and while the task stays it never goes back. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [TASK, K, STATE, STARTTIME] = places('vtime_publish', 'task', 'k', 'state', 'starttime');

export class VtimeClock extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-04',
    says: 'the starttime of a published vtime is not after its CPU’s clock, and not before that of the version before',
    reference: 'kernel/sched/cputime.c get_vtime_delta',
    blindTo: 'a starttime that is too early (V-01)',
    listens: ['vtime_publish'],
  };

  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(VtimeClock.about, facts);
    this.#last = new KeptEvents(facts.tasks.length, 'vtime_publish');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    this.checked++;
    const wrong = this.#wrong(task, t, fields, at);
    if (wrong !== undefined) {
      this.broken(() => ({
        says: `version ${fields[at + K]} of ${this.nameOf(task)}'s vtime, published at ${t} ns, starts at ${fields[at + STARTTIME]}: ` +
          wrong,
        events: [...(this.#last.has(task) ? [this.#last.named(task)] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#last.keep(task, id, cpu, t, fields, at);
  }

  #wrong(task: TaskId, t: Ns, fields: Float64Array, at: number): string | undefined {
    const start = fields[at + STARTTIME];
    if (start > t) return `${start - t} ns ahead of its CPU`;
    const before = this.#last.has(task) ? this.#last.rows[this.#last.at(task) + STARTTIME] : 0;
    return fields[at + STATE] !== VtimeState.Inactive && start < before ? `the version before had ${before}` : undefined;
  }
}
