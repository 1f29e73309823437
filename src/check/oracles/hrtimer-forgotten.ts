/** A timer that is due does expire: none may still be queued, long overdue, when the run ends. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NONE, NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { HrtimerQueues } from '../hrtimer-queues.ts';
import { places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [START_TIMER] = places('hrtimer_start', 'hrtimer');
const [CANCEL_TIMER] = places('hrtimer_cancel', 'hrtimer');
const [EXPIRE_TIMER] = places('hrtimer_expire_entry', 'hrtimer');
/** Beside the tick to which low resolution rounds up: time with interrupts off and other timers' handlers. */
const LATENESS_NS: Ns = NSEC_PER_MSEC;

export class HrtimerForgotten extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-03',
    says: 'at the end of a run no queued timer is overdue by more than a tick and a millisecond',
    reference: 'kernel/time/hrtimer.c hrtimer_interrupt',
    blindTo: 'timers that expired late but before the end',
    listens: ['hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry'],
  };

  readonly #queues: HrtimerQueues;

  constructor(facts: RunFacts) {
    super(HrtimerForgotten.about, facts);
    this.#queues = new HrtimerQueues(facts.cpus);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.hrtimer_start:
        this.checked++;
        return this.#queues.start(fields[at + START_TIMER], cpu, t, fields, at);
      case Event.hrtimer_cancel: return this.#queues.remove(fields[at + CANCEL_TIMER]);
      case Event.hrtimer_expire_entry: return this.#queues.remove(fields[at + EXPIRE_TIMER]);
    }
  }

  override finish(end: Ns): Verdict {
    const allowed = this.facts.tickNs + LATENESS_NS;
    for (let cpu = 0; cpu < this.facts.cpus; cpu++) {
      for (let head = this.#queues.head(cpu); head !== NONE && this.#queues.expires(head) + allowed < end; head = this.#queues.head(cpu)) {
        const timer = head;
        const start = this.#queues.startOf(timer);
        const expires = this.#queues.expires(timer);
        this.broken(() => ({
          says: `timer ${timer} on CPU ${cpu} expired at ${expires} ns, but is still queued at the end of the run, ` +
            `${end - expires} ns later`,
          events: start ? [start] : [],
        }));
        this.#queues.remove(timer);
      }
    }
    return this.verdict();
  }
}
