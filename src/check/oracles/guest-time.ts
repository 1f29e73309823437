/**
 * Guest time of a task is what it really spent in a guest, as its flavour counts that: whoever asks is told so, and so it
 * stands in the task's record at the end.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { namedEvent, places } from '../kept-events.ts';
import type { OracleDescription } from '../oracle.ts';
import type { TrueTimes } from '../truth-history.ts';
import { TruthOracle } from '../truth-oracle.ts';
import { isRunning, pendingGuest, Reader, READER_NAMES, takenForWork } from '../vtime-formula.ts';

const [BY, TASK, READER, STATE, VTIME_GTIME, GTIME, STOLEN, STOLEN_SINCE] = places(
  'task_gtime', 'by', 'task', 'reader', 'state', 'vtime_gtime', 'gtime', 'stolen', 'stolen_since',
);
const [F_TASK, F_STATE, F_STARTTIME, F_GTIME, F_VTIME_GTIME] = places(
  'task_final', 'task', 'vtime_state', 'starttime', 'gtime', 'vtime_gtime',
);

export class GuestTime extends TruthOracle {
  static readonly about: OracleDescription = {
    id: 'A-06',
    says: 'a task’s guest time, as a reader is told and as it ends, is what the task really spent in a guest; by linux less the ' +
      'remainder that it does not show',
    reference: 'kernel/sched/cputime.c task_gtime, vtime_guest_exit',
    blindTo: 'where CPUs race, ticks of a sampled guest, and reads of a sleeping child of a fork',
    listens: [...TruthOracle.listens, 'task_gtime', 'task_final'],
  };

  readonly #truth: CputimeTruth;

  constructor(facts: RunFacts) {
    super(GuestTime.about, facts, 'task_gtime');
    this.#truth = new CputimeTruth(facts);
  }

  override onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.task_final) return this.#onFinal(id, cpu, t, fields, at);
    this.#truth.onEvent(id, cpu, t, fields, at);
    super.onEvent(id, cpu, t, fields, at);
  }

  protected judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, truth: TrueTimes, tau: Ns): void {
    const reader = fields[at + READER];
    const shown = reader === Reader.Complete || fields[at + STATE] === VtimeState.Guest;
    const hidden = shown ? 0 : fields[at + VTIME_GTIME];
    const state = fields[at + STATE];
    const robbed = state === VtimeState.Guest ? takenForWork(reader, state, fields[at + STOLEN], fields[at + STOLEN_SINCE], tau) : 0;
    if (fields[at + GTIME] === truth.guest - hidden + robbed && hidden < this.facts.tickNs) return;
    this.broken(() => ({
      says: `${this.nameOf(fields[at + BY])} (${READER_NAMES[reader]} reader) was told that ${this.nameOf(fields[at + TASK])} has ` +
        `gtime ${fields[at + GTIME]}; ${tau === KTIME_MAX ? 'by then' : `at ${tau} ns`} it had really had ${truth.guest}, of which ` +
        `${hidden} are out of that reader’s sight`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #onFinal(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + F_TASK];
    const state = fields[at + F_STATE];
    const now = Math.max(t, this.#truth.since(task));
    const start = fields[at + F_STARTTIME];
    const live = isRunning(state) ? now - start - this.#truth.stolenBetween(cpu, start, now) : 0;
    const recorded = fields[at + F_GTIME] + pendingGuest(state, fields[at + F_VTIME_GTIME], live);
    const truth = this.#truth.guestAt(task, now);
    if (recorded > 0 || truth > 0) this.checked++;
    if (recorded === truth) return;
    this.broken(() => ({
      says: `${this.nameOf(task)} ends with gtime ${recorded} ns (pending time included); it really spent ${truth} ns in a guest`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
