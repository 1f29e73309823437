/**
 * What a task has pending beside its charged time stays below a tick: that bounds every error of a reader
 * who cannot see it. Where a task that leaves is charged all of it (`gen-exact`), it leaves with nothing.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const ACCUMULATORS = ['vtime_utime', 'vtime_stime', 'vtime_gtime'];
const PLACES = places('vtime_publish', ...ACCUMULATORS);
const [TASK, K, STATE] = places('vtime_publish', 'task', 'k', 'state');

export class VtimeAccumulators extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-03',
    says: 'after each write section every vtime accumulator is at least 0 and less than a tick; 0 in a task that leaves a gen-exact CPU',
    reference: 'kernel/sched/cputime.c vtime_account_system',
    blindTo: 'the time since starttime, which no accumulator has yet',
    listens: ['vtime_publish'],
  };

  constructor(facts: RunFacts) {
    super(VtimeAccumulators.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.checked++;
    const limit = this.#mayKeep(cpu, fields[at + STATE]) ? this.facts.tickNs : 1;
    for (let i = 0; i < PLACES.length; i++) {
      const value = fields[at + PLACES[i]];
      if (value >= 0 && value < limit) continue;
      this.broken(() => ({
        says: `version ${fields[at + K]} of ${this.nameOf(fields[at + TASK])}'s vtime has ${ACCUMULATORS[i]} ${value}; from 0 to below ` +
          `${limit === 1 ? '1' : `a tick (${limit})`} is allowed`,
        events: [namedEvent(id, cpu, t, fields, at)],
      }));
    }
  }

  #mayKeep(cpu: CpuId, state: number): boolean {
    return state !== VtimeState.Inactive || this.facts.cputime[cpu] !== 'gen-exact';
  }
}
