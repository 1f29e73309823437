/**
 * A timer that expires is queued on the CPU that expires it, and is the head of its queue: least
 * hard expiry first, equal ones in the order in which they were started.
 *
 * Linux takes a timer out of the queue (which says `hrtimer_cancel`) before it announces the expiry,
 * so the last timer taken out of a queue may still be the one that expires.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import { BASES, HrtimerQueues } from '../hrtimer-queues.ts';
import { namedEvent, places } from '../kept-events.ts';
import type { OracleDescription, WitnessEvent } from '../oracle.ts';
import { TimerOracle } from '../timer-oracle.ts';

const [START_TIMER] = places('hrtimer_start', 'hrtimer');
const [CANCEL_TIMER] = places('hrtimer_cancel', 'hrtimer');
const [TIMER, EXPIRES] = places('hrtimer_expire_entry', 'hrtimer', 'expires');

export class HrtimerOrder extends TimerOracle {
  static readonly about: OracleDescription = {
    id: 'H-01',
    says: 'the timer that expires is the head of a queue of its CPU: least hard expiry, first in among equals, with the expiry that it ' +
      'was started with',
    reference: 'kernel/time/hrtimer.c __hrtimer_run_queues, lib/timerqueue.c timerqueue_add',
    blindTo: 'when the head expires (H-02, H-03)',
    listens: ['hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry'],
  };

  readonly #queues: HrtimerQueues;
  /** The timer last taken out of each CPU's queue with nothing since, and the head of the queue before that. */
  readonly #takenOut: Int32Array;
  readonly #headBefore: Int32Array;

  constructor(facts: RunFacts) {
    super(HrtimerOrder.about, facts);
    this.#queues = new HrtimerQueues(facts.cpus, facts.racing);
    this.#takenOut = new Int32Array(facts.cpus).fill(NONE);
    this.#headBefore = new Int32Array(facts.cpus).fill(NONE);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.settle(t);
    switch (id) {
      case Event.hrtimer_start:
        this.#takenOut[cpu] = NONE;
        return this.#queues.start(fields[at + START_TIMER], cpu, t, fields, at);
      case Event.hrtimer_cancel:
        this.takenOut(fields[at + CANCEL_TIMER], cpu);
        return this.#takeOut(fields[at + CANCEL_TIMER], cpu);
      case Event.hrtimer_expire_entry: return this.#onExpire(id, cpu, t, fields, at);
    }
  }

  #takeOut(timer: TimerId, cpu: CpuId): void {
    const base = this.#queues.baseOf(timer);
    const queued = base !== NONE && Math.floor(base / BASES) === cpu;
    this.#takenOut[cpu] = queued ? timer : NONE;
    this.#headBefore[cpu] = queued ? this.#queues.head(base) : NONE;
    this.#queues.remove(timer);
  }

  #onExpire(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const timer = fields[at + TIMER];
    if (this.#takenOut[cpu] !== timer) this.#takeOut(timer, cpu);
    if (this.#queues.isLeftOut(timer)) return;
    const wrong = this.#wrong(timer, cpu, fields[at + EXPIRES]);
    this.checked++;
    if (wrong !== undefined) {
      this.passedBy(this.#headBefore[cpu], cpu, t, () => ({
        says: `CPU ${cpu} at ${t} ns expires timer ${timer} (expires ${fields[at + EXPIRES]} ns), ${wrong.says}`,
        events: [...(wrong.start ? [wrong.start] : []), namedEvent(id, cpu, t, fields, at)],
      }));
    }
    this.#takenOut[cpu] = NONE;
  }

  #wrong(timer: TimerId, cpu: CpuId, expires: Ns): { says: string; start: WitnessEvent | undefined } | undefined {
    if (this.#takenOut[cpu] !== timer) return { says: 'which is not in its queue', start: this.#queues.startOf(timer) };
    const head = this.#headBefore[cpu];
    if (head !== timer) {
      return {
        says: `before timer ${head} (expires ${this.#queues.expires(head)} ns), which is the head of its queue`,
        start: this.#queues.startOf(head),
      };
    }
    if (this.#queues.expires(timer) === expires) return undefined;
    return { says: `but it was started for ${this.#queues.expires(timer)} ns`, start: this.#queues.startOf(timer) };
  }
}
