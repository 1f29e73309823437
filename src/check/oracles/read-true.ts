/**
 * What a reader is told of a task is what the task had really had, at the reader's instant, by the machine's own log:
 * to the nanosecond by `complete`; by `linux` less what is out of its sight. So each backward step of `linux` is the
 * one that its rule predicts: what went out of sight, less what has passed.
 *
 *      10 ms charged, 3 ms pending of user time      linux 13 = 13 - 0        complete 13
 *      50 us later, in the kernel                    linux 10 = 13 - 3 (!)    complete 13
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import type { OracleDescription } from '../oracle.ts';
import type { TrueTimes } from '../truth-history.ts';
import { TruthOracle } from '../truth-oracle.ts';
import { hiddenSystem, hiddenUser, READER_NAMES, runsUser, takenForWork } from '../vtime-formula.ts';

const [BY, TASK, READER, STATE, VTIME_UTIME, VTIME_STIME, VTIME_GTIME, UTIME, STIME, STOLEN, STOLEN_SINCE] = places(
  'task_cputime', 'by', 'task', 'reader', 'state', 'vtime_utime', 'vtime_stime', 'vtime_gtime', 'utime', 'stime', 'stolen', 'stolen_since',
);

export class ReadTrue extends TruthOracle {
  static readonly about: OracleDescription = {
    id: 'R-02',
    says: 'what a reader is told of a task is its true CPU time at the reader’s instant, by linux less exactly what its rule hides, ' +
      'which is below a tick a category',
    reference: 'kernel/sched/cputime.c task_cputime; the machine’s log of contexts',
    blindTo: 'where CPUs race, how many ticks a sampled task had when it was read, and reads of a sleeping child of a fork',
    listens: [...TruthOracle.listens, 'task_cputime'],
  };

  constructor(facts: RunFacts) {
    super(ReadTrue.about, facts, 'task_cputime');
  }

  protected judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, truth: TrueTimes, tau: Ns): void {
    const reader = fields[at + READER];
    const state = fields[at + STATE];
    const stolen = takenForWork(reader, state, fields[at + STOLEN], fields[at + STOLEN_SINCE], tau);
    const user = truth.user + (runsUser(state) ? stolen : 0);
    const system = truth.system + (state === VtimeState.Sys ? stolen : 0);
    const outOfSight = hiddenUser(reader, state, fields[at + VTIME_UTIME], fields[at + VTIME_GTIME]);
    const wrong = this.#differs('utime', fields[at + UTIME], user, outOfSight, tau)
      ?? this.#differs('stime', fields[at + STIME], system, hiddenSystem(reader, state, fields[at + VTIME_STIME]), tau);
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} (${READER_NAMES[reader]} reader) was told that ${this.nameOf(fields[at + TASK])} has ${wrong}`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #differs(name: string, told: Ns, truth: Ns, hidden: Ns, tau: Ns): string | undefined {
    // user time has two remainders, one of them of a guest
    if (told === truth - hidden && hidden >= 0 && hidden < 2 * this.facts.tickNs) return undefined;
    const when = tau === KTIME_MAX ? 'by then' : `at ${tau} ns`;
    return `${name} ${told}; ${when} it had really had ${truth}, of which ${hidden} are out of that reader’s sight`;
  }
}
