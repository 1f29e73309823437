/**
 * At the end of a run each task's accounts are held against what it really did: where edges are accounted to the
 * nanosecond, where ticks sample to the tick (each tick that hit the task charges one, as it found it).
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { isRunning, pendingSystem, pendingUser, Reader } from '../vtime-formula.ts';

const [CONTEXT_TASK] = places('context', 'task');
const [TASK, STATE, STARTTIME, UTIME, STIME, VTIME_UTIME, VTIME_STIME, VTIME_GTIME] = places(
  'task_final', 'task', 'vtime_state', 'starttime', 'utime', 'stime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);

export class CputimeExact extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'C-05',
    says: 'every task’s final utime and stime, pending time included, are exactly its true time where edges are accounted, ' +
      'plus one tick (less what was stolen, and timed interrupts) for each tick that hit it where ticks sample',
    reference: 'kernel/sched/cputime.c account_process_tick, vtime_account_kernel',
    blindTo: 'guest time (A-06), errors that cancel out before the end (V-01 sees them), and the earlier lives of a fork pool’s records',
    listens: [...CputimeTruth.listens, 'task_final'],
  };

  readonly #truth: CputimeTruth;
  /** The last thing that each task was seen doing. */
  readonly #lastContext: KeptEvents;

  constructor(facts: RunFacts) {
    super(CputimeExact.about, facts);
    this.#truth = new CputimeTruth(facts);
    this.#lastContext = new KeptEvents(facts.tasks.length, 'context');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.task_final) return this.#onFinal(id, cpu, t, fields, at);
    this.#truth.onEvent(id, cpu, t, fields, at);
    if (id === Event.context) this.#lastContext.keep(fields[at + CONTEXT_TASK], id, cpu, t, fields, at);
  }

  #onFinal(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    const state = fields[at + STATE];
    // a CPU's last event may have carried its clock past the end of the run
    const now = Math.max(t, this.#truth.since(task));
    const live = isRunning(state) ? now - fields[at + STARTTIME] - this.#truth.stolenBetween(cpu, fields[at + STARTTIME], now) : 0;
    const user = fields[at + UTIME] + pendingUser(Reader.Complete, state, fields[at + VTIME_UTIME], fields[at + VTIME_GTIME], live);
    const system = fields[at + STIME] + pendingSystem(Reader.Complete, state, fields[at + VTIME_STIME], live);
    this.checked++;
    this.#compare('utime', task, user, this.#truth.userAt(task, now), id, cpu, t, fields, at);
    this.#compare('stime', task, system, this.#truth.systemAt(task, now), id, cpu, t, fields, at);
  }

  #compare(name: string, task: TaskId, recorded: Ns, expected: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (recorded === expected) return;
    this.broken(() => ({
      says: `${this.nameOf(task)} ends with ${name} ${recorded} ns (pending time included); its contexts and ticks come to ${expected} ns`,
      events: [...(this.#lastContext.has(task) ? [this.#lastContext.named(task)] : []), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
