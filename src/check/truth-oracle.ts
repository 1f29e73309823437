/**
 * What oracles have that hold a read of a task to the task's truth at the reader's instant. The read waits until all that
 * it may have seen has come; the truth is remembered until then.
 */
import { tracksContexts } from '../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { VtimeState } from '../../shared/structs/task.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../shared/units.ts';
import { CUT_SPAN_NS } from './cut-span.ts';
import { places } from './kept-events.ts';
import { OracleBase } from './oracle-base.ts';
import type { OracleDescription, Verdict } from './oracle.ts';
import { TruthHistory, type TrueTimes } from './truth-history.ts';
import { instantOf } from './vtime-formula.ts';
import { WaitingReads } from './waiting-reads.ts';

const [V_TASK, V_K] = places('vtime_publish', 'task', 'k');
const [CHILD] = places('sched_process_fork', 'child');
const [EVENT_TIME] = places('event', 'time');

export abstract class TruthOracle extends OracleBase {
  /** Beside the reads themselves. */
  static readonly listens: readonly EventName[] = [...TruthHistory.listens, 'vtime_publish', 'cut'];

  readonly #history: TruthHistory;
  readonly #newest: Float64Array;
  readonly #waiting: WaitingReads;
  readonly #read: number;
  readonly #places: readonly number[];
  readonly #sampled: boolean;
  readonly #lives: Uint32Array;
  readonly #true: TrueTimes = { user: 0, system: 0, guest: 0 };
  /** Start of the event that the stream has come to, where CPUs race. */
  #now: Ns = 0;
  #keepAllUntil: Ns = -1;

  constructor(about: OracleDescription, facts: RunFacts, read: 'task_cputime' | 'task_gtime') {
    super(about, facts, ['event']);
    this.#history = new TruthHistory(facts);
    this.#newest = new Float64Array(facts.tasks.length);
    this.#read = Event[read];
    this.#places = places(read, 'task', 't', 'k1', 'p', 'state', 'starttime');
    this.#waiting = new WaitingReads(this.#judge.bind(this), read);
    this.#lives = new Uint32Array(facts.tasks.length);
    this.#sampled = !facts.cputime.every(tracksContexts);
  }

  /** A read, and what the task had really had at `tau`. */
  protected abstract judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, truth: TrueTimes, tau: Ns): void;

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case this.#read: return this.#onRead(id, cpu, t, fields, at);
      case Event.vtime_publish:
        this.#newest[fields[at + V_TASK]] = fields[at + V_K];
        return this.#waiting.release(fields[at + V_TASK], fields[at + V_K]);
      case Event.event: this.#now = fields[at + EVENT_TIME]; return;
      case Event.cut: this.#keepAllUntil = t + CUT_SPAN_NS; return;
      case Event.sched_process_fork: this.#lives[fields[at + CHILD]]++; break;
    }
    this.#history.onEvent(id, cpu, t, fields, at, this.#neededFrom(t));
  }

  override finish(end: Ns): Verdict {
    this.#waiting.flush();
    return super.finish(end);
  }

  /** Earliest instant of a read that is still to be judged. */
  #neededFrom(t: Ns): Ns {
    if (this.facts.racing) return this.#now - 2 * this.facts.skewNs;
    return t > this.#keepAllUntil ? t - CUT_SPAN_NS : -1;
  }

  #onRead(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + this.#places[0]];
    const k1 = fields[at + this.#places[2]];
    if (k1 <= this.#newest[task]) this.#judge(id, cpu, t, fields, at);
    else this.#waiting.add(task, k1, id, cpu, t, fields, at);
  }

  #judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const tau = this.#instant(fields, at);
    if (tau < 0 || !this.#history.at(fields[at + this.#places[0]], tau, this.#true)) {
      this.unjudged++;
      return;
    }
    this.checked++;
    this.judge(id, cpu, t, fields, at, this.#true, tau);
  }

  /** The instant for which the reader’s value must be the truth; -1: nobody can say. */
  #instant(fields: Float64Array, at: number): Ns {
    const [task, t, , promise, state, starttime] = this.#places;
    if (fields[at + state] !== VtimeState.Inactive) return instantOf(fields[at + starttime], fields[at + t], fields[at + promise]);
    // since it was switched out nothing has changed but by ticks elsewhere, which have all come where CPUs take turns
    if (!this.facts.racing) return KTIME_MAX;
    return this.#sampled || this.#lives[fields[at + task]] > 1 ? -1 : fields[at + starttime];
  }
}
