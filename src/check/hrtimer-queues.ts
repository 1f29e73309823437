/**
 * Every queue of hrtimers, eight on each CPU, as the events tell it: a plain list, searched from end to end. It is
 * meant to be too simple to be wrong; a queue is as long as the sleeps and ticks of one CPU.
 *
 * Where CPUs race, timers are left out that others than their queue's CPU start, and those that are files, which any
 * task may set: their order is that of the queue's lock, which the stream need not have.
 */
import { Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import { NONE, type CpuId, type Ns, type TimerId } from '../../shared/units.ts';
import { KeptEvents, places } from './kept-events.ts';

const [FUNCTION, EXPIRES, BASE] = places('hrtimer_start', 'function', 'expires', 'clock_base');
/** Queues of one CPU. */
export const BASES = 8;
/** The first of those that a softirq serves. */
export const SOFT = 4;

export class HrtimerQueues {
  readonly #queues: TimerId[][];
  /** By timer: the queue that it is in, its order of insertion, and the event that started it. */
  readonly #base: number[] = [];
  readonly #order: number[] = [];
  readonly #started: KeptEvents[] = [];
  readonly #racing: boolean;
  readonly #leftOut: boolean[] = [];
  #inserted = 0;

  constructor(cpus: number, racing = false) {
    this.#racing = racing;
    this.#queues = Array.from({ length: BASES * cpus }, () => []);
  }

  /** Linux restarts a queued timer by taking it out first; the events may leave that out. */
  start(timer: TimerId, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.remove(timer);
    const foreign = Math.floor(fields[at + BASE] / BASES) !== cpu;
    this.#leftOut[timer] = this.#racing && (foreign || fields[at + FUNCTION] === HrtimerFunction.TimerfdTmrproc);
    if (this.#leftOut[timer]) return;
    while (this.#started.length <= timer) {
      this.#started.push(new KeptEvents(1, 'hrtimer_start'));
      this.#base.push(NONE);
      this.#order.push(0);
    }
    this.#started[timer].keep(0, Event.hrtimer_start, cpu, t, fields, at);
    this.#base[timer] = fields[at + BASE];
    this.#order[timer] = this.#inserted++;
    this.#queues[fields[at + BASE]].push(timer);
  }

  remove(timer: TimerId): void {
    const base = this.baseOf(timer);
    if (base === NONE) return;
    const queue = this.#queues[base];
    queue[queue.indexOf(timer)] = queue[queue.length - 1];
    queue.pop();
    this.#base[timer] = NONE;
  }

  /** The queue that the timer is in, 8 * CPU + its number there, or NONE. */
  baseOf(timer: TimerId): number {
    return timer < this.#base.length ? this.#base[timer] : NONE;
  }

  /** The queue that it was put into last, whether it is there or not; NONE: none yet. */
  lastBaseOf(timer: TimerId): number {
    const started = this.#started[timer];
    return started?.has(0) ? started.rows[started.at(0) + BASE] : NONE;
  }

  /** Whether nothing can be said of it, because CPUs race for it. */
  isLeftOut(timer: TimerId): boolean {
    return this.#leftOut[timer] === true;
  }

  /** The timer that must expire next of a queue: least hard expiry, then first in. NONE when nothing is queued. */
  head(base: number): TimerId {
    let head = NONE;
    for (const timer of this.#queues[base]) {
      if (head === NONE || this.#isBefore(timer, head)) head = timer;
    }
    return head;
  }

  /** Hard expiry with which the timer was started, on its clock. */
  expires(timer: TimerId): Ns {
    const started = this.#started[timer];
    return started.rows[started.at(0) + EXPIRES];
  }

  /** When it was started last. */
  startedAt(timer: TimerId): Ns {
    return this.#started[timer].t(0);
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
