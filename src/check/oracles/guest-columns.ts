/** Time as guest is part of user time, in every look at a CPU's accounts. */
import { tracksContexts } from '../../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const FETCH = places('kcpustat_cpu_fetch', 'cpu', 'user', 'nice', 'guest', 'guest_nice');
const FINAL = places('kcpustat_final', 'cpu', 'user', 'nice', 'guest', 'guest_nice');

export class GuestColumns extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'F-02',
    says: 'of a CPU’s accounts guest time is no more than user time, and guest time at nice tasks no more than their user time',
    reference: 'fs/proc/stat.c show_stat; kernel/sched/cputime.c account_guest_time',
    blindTo: 'guest time that is too low; where CPUs race, a tick that was charged while the columns were copied',
    listens: ['kcpustat_cpu_fetch', 'kcpustat_final'],
  };

  constructor(facts: RunFacts) {
    super(GuestColumns.about, facts);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const [of, user, nice, guest, guestNice] = (id === Event.kcpustat_final ? FINAL : FETCH).map((place) => fields[at + place]);
    this.checked++;
    const allowed = this.facts.racing && !tracksContexts(this.facts.cputime[of]) ? this.facts.tickNs : 0;
    if (guest <= user + allowed && guestNice <= nice + allowed) return;
    const wrong = guest <= user + allowed ? `guest_nice ${guestNice} ns of nice ${nice}` : `guest ${guest} ns of user ${user}`;
    this.broken(() => ({ says: `CPU ${of}'s accounts show ${wrong} at ${t} ns`, events: [namedEvent(id, cpu, t, fields, at)] }));
  }
}
