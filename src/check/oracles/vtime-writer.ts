/**
 * Legal remote read, the writer's side: whatever version of a task's vtime record a reader may come
 * upon, it is worth exactly the CPU time that the task had really had when it was published.
 *
 *      truth (machine's log)       System 100 .. 130        User 130 ..
 *      vtime (kernel)              version 7 at 130: stime + vtime_stime = 30, state User, starttime 130
 */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NOBODY, type CpuId, type Ns } from '../../../shared/units.ts';
import { CputimeTruth } from '../cputime-truth.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';
import { isRunning, pendingGuest, pendingSystem, pendingUser, Reader } from '../vtime-formula.ts';

const [TASK, K, STATE, STARTTIME, UTIME, STIME, GTIME, VTIME_UTIME, VTIME_STIME, VTIME_GTIME] = places(
  'vtime_publish', 'task', 'k', 'state', 'starttime', 'utime', 'stime', 'gtime', 'vtime_utime', 'vtime_stime', 'vtime_gtime',
);

export class VtimeWriter extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'V-01',
    says: 'every published version of a task’s vtime is worth the CPU time that the task had really had at that instant',
    reference: 'kernel/sched/cputime.c vtime_user_enter and its siblings; the machine’s log of contexts',
    blindTo: 'versions that are published without an event',
    listens: [...CputimeTruth.listens, 'vtime_publish'],
  };

  readonly #truth: CputimeTruth;
  readonly #gen: readonly boolean[];
  readonly #contexts: KeptEvents;

  constructor(facts: RunFacts) {
    super(VtimeWriter.about, facts);
    this.#truth = new CputimeTruth(facts);
    this.#gen = facts.cputime.map(tracksContexts);
    this.#contexts = new KeptEvents(facts.cpus, 'context');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.vtime_publish) {
      if (this.#gen[cpu]) this.#onPublish(id, cpu, t, fields, at);
      return;
    }
    this.#truth.onEvent(id, cpu, t, fields, at);
    if (id === Event.context) this.#contexts.keep(cpu, id, cpu, t, fields, at);
  }

  #onPublish(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    const state = fields[at + STATE];
    // at the moment of publication the flush is usually just done, and nothing is live
    const start = fields[at + STARTTIME];
    const live = isRunning(state) ? t - start - this.#truth.stolenBetween(cpu, start, t) : 0;
    const user = fields[at + UTIME] + pendingUser(Reader.Complete, state, fields[at + VTIME_UTIME], fields[at + VTIME_GTIME], live);
    const system = fields[at + STIME] + pendingSystem(Reader.Complete, state, fields[at + VTIME_STIME], live);
    const guest = fields[at + GTIME] + pendingGuest(state, fields[at + VTIME_GTIME], live);
    this.checked++;
    this.#compare('user', user, this.#truth.userAt(task, t), id, cpu, t, fields, at);
    this.#compare('system', system, this.#truth.systemAt(task, t), id, cpu, t, fields, at);
    this.#compare('guest', guest, this.#truth.guestAt(task, t), id, cpu, t, fields, at);
  }

  #compare(kind: string, accounted: Ns, truth: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (accounted === truth) return;
    this.broken(() => ({
      says: `version ${fields[at + K]} of ${this.nameOf(fields[at + TASK])}'s vtime, published by CPU ${cpu} at ${t} ns, is worth ` +
        `${accounted} ns of ${kind} time; the task had really had ${truth} ns`,
      events: [...(cpu !== NOBODY && this.#contexts.has(cpu) ? [this.#contexts.named(cpu)] : []), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
