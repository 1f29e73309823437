/**
 * What a reader is told of a task is what the task had really had, at the reader's instant, by the machine's own log:
 * to the nanosecond by `complete`; by `linux` less what is out of its sight. So each backward step of `linux` is the
 * one that its rule predicts: what went out of sight, less what has passed.
 *
 *      10 ms charged, 3 ms pending of user time      linux 13 = 13 - 0        complete 13
 *      50 us later, in the kernel                    linux 10 = 13 - 3 (!)    complete 13
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { CUT_SPAN_NS } from '../cut-span.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { TruthHistory } from '../truth-history.ts';
import { hiddenSystem, hiddenUser, instantOf, READER_NAMES } from '../vtime-formula.ts';
import { WaitingReads } from '../waiting-reads.ts';

const [
  BY, TASK, READER, T, K1, P, STATE, STARTTIME, VTIME_UTIME, VTIME_STIME, VTIME_GTIME, UTIME, STIME,
] = places(
  'task_cputime', 'by', 'task', 'reader', 't', 'k1', 'p', 'state', 'starttime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
  'utime', 'stime',
);
const [V_TASK, V_K] = places('vtime_publish', 'task', 'k');
const [CHILD] = places('sched_process_fork', 'child');
const [EVENT_TIME] = places('event', 'time');

export class ReadTrue extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-02',
    says: 'what a reader is told of a task is its true CPU time at the reader’s instant, by linux less exactly what its rule hides, ' +
      'which is below a tick a category',
    reference: 'kernel/sched/cputime.c task_cputime; the machine’s log of contexts',
    blindTo: 'where CPUs race, how many ticks a sampled task had when it was read, and reads of a sleeping child of a fork',
    listens: [...TruthHistory.listens, 'vtime_publish', 'task_cputime', 'cut'],
  };

  readonly #history: TruthHistory;
  readonly #newest: Float64Array;
  readonly #waiting = new WaitingReads(this.#judge.bind(this));
  readonly #sampled: boolean;
  readonly #lives: Uint32Array;
  readonly #true = { user: 0, system: 0, guest: 0 };
  /** Start of the event that the stream has come to, where CPUs race. */
  #now: Ns = 0;
  #keepAllUntil: Ns = -1;

  constructor(facts: RunFacts) {
    super(ReadTrue.about, facts, ['event']);
    this.#history = new TruthHistory(facts);
    this.#newest = new Float64Array(facts.tasks.length);
    this.#lives = new Uint32Array(facts.tasks.length);
    this.#sampled = !facts.cputime.every(tracksContexts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.vtime_publish:
        this.#newest[fields[at + V_TASK]] = fields[at + V_K];
        return this.#waiting.release(fields[at + V_TASK], fields[at + V_K]);
      case Event.task_cputime: return this.#onRead(cpu, t, fields, at);
      case Event.event: this.#now = fields[at + EVENT_TIME]; return;
      case Event.cut: this.#keepAllUntil = t + CUT_SPAN_NS; return;
      case Event.sched_process_fork:
        this.#lives[fields[at + CHILD]]++;
        return this.#history.onEvent(id, cpu, t, fields, at, this.#neededFrom(t));
      default: return this.#history.onEvent(id, cpu, t, fields, at, this.#neededFrom(t));
    }
  }

  override finish(): Verdict {
    this.#waiting.flush();
    return this.verdict();
  }

  /** Earliest instant of a read that is still to be judged. */
  #neededFrom(t: Ns): Ns {
    if (this.facts.racing) return this.#now - 2 * this.facts.skewNs;
    return t > this.#keepAllUntil ? t - CUT_SPAN_NS : -1;
  }

  #onRead(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    if (fields[at + K1] <= this.#newest[task]) return this.#judge(cpu, t, fields, at);
    this.#waiting.add(task, fields[at + K1], cpu, t, fields, at);
  }

  #judge(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const state = fields[at + STATE];
    const tau = this.#instant(state, fields, at);
    if (tau < 0 || !this.#history.at(fields[at + TASK], tau, this.#true)) return;
    const reader = fields[at + READER];
    const user = this.#true.user - hiddenUser(reader, state, fields[at + VTIME_UTIME], fields[at + VTIME_GTIME]);
    const system = this.#true.system - hiddenSystem(reader, state, fields[at + VTIME_STIME]);
    this.checked++;
    const wrong = this.#differs('utime', fields[at + UTIME], user, this.#true.user, tau)
      ?? this.#differs('stime', fields[at + STIME], system, this.#true.system, tau);
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} (${READER_NAMES[reader]} reader) was told that ${this.nameOf(fields[at + TASK])} has ${wrong}`,
      events: [namedEvent(Event.task_cputime, cpu, t, fields, at)],
    }));
  }

  /** The instant for which the reader’s value must be the truth; -1: nobody can say. */
  #instant(state: number, fields: Float64Array, at: number): Ns {
    if (state !== VtimeState.Inactive) return instantOf(fields[at + STARTTIME], fields[at + T], fields[at + P]);
    // since it was switched out nothing has changed but by ticks elsewhere, which have all come where CPUs take turns
    if (!this.facts.racing) return KTIME_MAX;
    return this.#sampled || this.#lives[fields[at + TASK]] > 1 ? -1 : fields[at + STARTTIME];
  }

  #differs(name: string, told: Ns, due: Ns, truth: Ns, tau: Ns): string | undefined {
    const hidden = truth - due;
    if (told === due && hidden >= 0 && hidden < 2 * this.facts.tickNs) return undefined;
    return `${name} ${told}; at ${tau} ns it had really had ${truth}, of which ${hidden} are out of that reader’s sight`;
  }
}
