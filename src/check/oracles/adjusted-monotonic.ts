/** The utime and the stime that /proc shows never fall, whoever asks: a lock puts all askers in one order. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [BY, TASK, UTIME, STIME] = places('cputime_adjust', 'by', 'task', 'utime', 'stime');
const [CHILD] = places('sched_process_fork', 'child');

export class AdjustedMonotonic extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'R-06',
    says: 'adjusted utime and adjusted stime of a task each never fall, over all readers on all CPUs',
    reference: 'kernel/sched/cputime.c cputime_adjust',
    blindTo: 'whether the split between utime and stime is a fair one',
    listens: ['cputime_adjust', 'sched_process_fork'],
  };

  readonly #last: KeptEvents;

  constructor(facts: RunFacts) {
    super(AdjustedMonotonic.about, facts);
    this.#last = new KeptEvents(facts.tasks.length, 'cputime_adjust');
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.sched_process_fork) return this.#last.forget(fields[at + CHILD]);
    const task = fields[at + TASK];
    const last = this.#last;
    if (last.has(task)) {
      // the lock hands its release stamp on, so stamps follow the lock's order even where the stream does not
      const later = t >= last.t(task);
      this.checked++;
      this.#compare('utime', UTIME, later, id, cpu, t, fields, at);
      this.#compare('stime', STIME, later, id, cpu, t, fields, at);
      if (!later) return;
    }
    last.keep(task, id, cpu, t, fields, at);
  }

  #compare(name: string, place: number, later: boolean, id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + TASK];
    const kept = this.#last.rows[this.#last.at(task) + place];
    const here = fields[at + place];
    if (later ? here >= kept : here <= kept) return;
    this.broken(() => ({
      says: `adjusted ${name} of ${this.nameOf(task)} fell from ${later ? kept : here} to ${later ? here : kept} between the reads at ` +
        `${Math.min(t, this.#last.t(task))} ns and ${Math.max(t, this.#last.t(task))} ns (the second by ${this.nameOf(fields[at + BY])})`,
      events: [this.#last.named(task), namedEvent(id, cpu, t, fields, at)],
    }));
  }
}
