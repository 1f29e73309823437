/**
 * Every CPU's hrtimer queue as the events tell it: a plain list, searched from end to end. It is
 * meant to be too simple to be wrong; a queue is as long as the sleeps and ticks of one CPU.
 */
import { Event } from '../../shared/events.ts';
import { NOBODY, NONE, type CpuId, type Ns, type TimerId } from '../../shared/units.ts';
import { KeptEvents, places } from './kept-events.ts';

const [EXPIRES] = places('hrtimer_start', 'expires');

export class HrtimerQueues {
  readonly #queues: TimerId[][];
  /** By timer: whose queue it is in, its order of insertion, and the event that started it. */
  readonly #cpu: CpuId[] = [];
  readonly #order: number[] = [];
  readonly #started: KeptEvents[] = [];
  #inserted = 0;

  constructor(cpus: number) {
    this.#queues = Array.from({ length: cpus }, () => []);
  }

  /** Linux restarts a queued timer by taking it out first; the events may leave that out. */
  start(timer: TimerId, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.remove(timer);
    while (this.#started.length <= timer) {
      this.#started.push(new KeptEvents(1, 'hrtimer_start'));
      this.#cpu.push(NOBODY);
      this.#order.push(0);
    }
    this.#started[timer].keep(0, Event.hrtimer_start, cpu, t, fields, at);
    this.#cpu[timer] = cpu;
    this.#order[timer] = this.#inserted++;
    this.#queues[cpu].push(timer);
  }

  remove(timer: TimerId): void {
    const cpu = this.cpuOf(timer);
    if (cpu === NOBODY) return;
    const queue = this.#queues[cpu];
    queue[queue.indexOf(timer)] = queue[queue.length - 1];
    queue.pop();
    this.#cpu[timer] = NOBODY;
  }

  /** The CPU in whose queue the timer is, or NOBODY. */
  cpuOf(timer: TimerId): CpuId {
    return timer < this.#cpu.length ? this.#cpu[timer] : NOBODY;
  }

  /** The timer that must expire next on a CPU: least hard expiry, then first in. NONE when nothing is queued. */
  head(cpu: CpuId): TimerId {
    let head = NONE;
    for (const timer of this.#queues[cpu]) {
      if (head === NONE || this.#isBefore(timer, head)) head = timer;
    }
    return head;
  }

  /** Hard expiry with which the timer was started. */
  expires(timer: TimerId): Ns {
    const started = this.#started[timer];
    return started.rows[started.at(0) + EXPIRES];
  }

  /** The event that started the timer, or undefined if none did. */
  startOf(timer: TimerId) {
    return this.#started[timer]?.has(0) ? this.#started[timer].named(0) : undefined;
  }

  #isBefore(a: TimerId, b: TimerId): boolean {
    const byExpiry = this.expires(a) - this.expires(b);
    return byExpiry < 0 || (byExpiry === 0 && this.#order[a] < this.#order[b]);
  }
}
