/** Guest time is user time, too: nobody is shown more of it than there was of the user time that contains it. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import type { OracleDescription } from '../oracle.ts';
import type { TrueTimes } from '../truth-history.ts';
import { TruthOracle } from '../truth-oracle.ts';
import { Reader } from '../vtime-formula.ts';

const CPU_PLACES = ['cpu', 'user', 'guest', 'nice', 'guest_nice'] as const;
const LOOK = places('kcpustat_cpu_fetch', ...CPU_PLACES);
const FINAL = places('kcpustat_final', ...CPU_PLACES);
const [F_TASK, F_UTIME, F_GTIME] = places('task_final', 'task', 'utime', 'gtime');
const [BY, TASK, READER, GTIME] = places('task_gtime', 'by', 'task', 'reader', 'gtime');

export class GuestWithinUser extends TruthOracle {
  static readonly about: OracleDescription = {
    id: 'R-05',
    says: 'guest is at most user, guest_nice at most nice, of each CPU as shown and as it ends; gtime of a task at most the user time ' +
      'that it had',
    reference: 'kernel/sched/cputime.c account_guest_time, task_gtime',
    blindTo: 'guest time that is too little (A-06); what linux takes for a guest’s while a hypervisor steals',
    listens: [...TruthOracle.listens, 'task_gtime', 'kcpustat_cpu_fetch', 'kcpustat_final', 'task_final'],
  };

  constructor(facts: RunFacts) {
    super(GuestWithinUser.about, facts, 'task_gtime');
  }

  override onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.kcpustat_cpu_fetch: return this.#judgeCpu(LOOK, id, cpu, t, fields, at);
      case Event.kcpustat_final: return this.#judgeCpu(FINAL, id, cpu, t, fields, at);
      case Event.task_final:
        return this.#compare(this.nameOf(fields[at + F_TASK]), fields[at + F_GTIME], fields[at + F_UTIME], id, cpu, t, fields, at);
      default: return super.onEvent(id, cpu, t, fields, at);
    }
  }

  protected judge(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number, truth: TrueTimes): void {
    if (this.facts.steals && fields[at + READER] === Reader.Linux) return;
    const who = `${this.nameOf(fields[at + TASK])}, as ${this.nameOf(fields[at + BY])} was told,`;
    this.#compare(who, fields[at + GTIME], truth.user, id, cpu, t, fields, at);
  }

  #judgeCpu([of, user, guest, nice, guestNice]: readonly number[], id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const who = `CPU ${fields[at + of]}`;
    this.checked++;
    this.#compare(who, fields[at + guest], fields[at + user], id, cpu, t, fields, at);
    this.#compare(`${who} (nice)`, fields[at + guestNice], fields[at + nice], id, cpu, t, fields, at);
  }

  #compare(who: string, guest: Ns, user: Ns, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (guest <= user) return;
    this.broken(() => ({
      says: `${who} has ${guest} ns of guest time and ${user} ns of user time`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
