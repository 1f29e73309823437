/** The CPU timers that are set, as the stream tells: when each is due by its clock. */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { NONE, type CpuId, type Ns, type ProcessId, type TaskId } from '../../shared/units.ts';
import { namedEvent, places } from './kept-events.ts';
import type { WitnessEvent } from './oracle.ts';
import { ProcessClocks } from './process-clocks.ts';

const [A_TASK, A_CLOCK, A_THREAD, A_TIMER, A_SAMPLE, A_EXPIRES, A_INTERVAL, A_VALUE] =
  places('cputimer_arm', 'task', 'clock', 'thread', 'timer', 'sample', 'expires', 'interval', 'value');
const [E_TASK, E_CLOCK, E_TIMER, E_EXPIRES] = places('cputimer_expire', 'task', 'clock', 'timer', 'expires');
const [D_TIMER, D_OVERRUNS] = places('posixtimer_deliver', 'timer', 'overruns');
const ITIMER = -1;
const CLOCKS = 3;

export interface CpuTimer {
  readonly process: ProcessId;
  /** Whose clock it counts by; NONE: the whole process's. */
  readonly thread: TaskId;
  readonly clock: number;
  /** What was asked for, by the clock; and what the kernel made of it. */
  readonly due: Ns;
  readonly firstExpires: Ns;
  readonly interval: Ns;
  /** When it is due next, or was; it is `armed` only if ticks look for it, and no signal of it waits. */
  expires: Ns;
  armed: boolean;
  readonly set: WitnessEvent;
}

export class CpuTimers {
  static readonly listens: readonly EventName[] = ['cputimer_arm', 'cputimer_expire', 'posixtimer_deliver', ...ProcessClocks.listens];

  readonly clocks: ProcessClocks;
  readonly #timers = new Map<number, CpuTimer>();

  constructor(facts: RunFacts) {
    this.clocks = new ProcessClocks(facts);
  }

  /** One of `listens`; of an expiry the timer is left as it was set, for the oracle to look at, until `expired`. */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.cputimer_arm: return this.#onArm(id, cpu, t, fields, at);
      case Event.cputimer_expire: return;
      case Event.posixtimer_deliver: return this.#onDeliver(fields[at + D_TIMER], fields[at + D_OVERRUNS]);
    }
    const begins = this.clocks.onEvent(id, cpu, t, fields, at);
    if (begins === NONE) return;
    for (const [key, timer] of this.#timers) if (timer.process === begins) this.#timers.delete(key);
  }

  /** Whose setting or expiry the event is: they begin alike. */
  of(fields: Float64Array, at: number): CpuTimer | undefined {
    return this.#timers.get(this.#key(fields[at + E_TIMER], fields[at + E_TASK], fields[at + E_CLOCK]));
  }

  /** An interval timer goes on by itself; a POSIX timer when its signal is delivered. */
  expired(timer: CpuTimer, fields: Float64Array, at: number): void {
    timer.armed = fields[at + E_TIMER] === ITIMER && timer.interval > 0;
    timer.expires = fields[at + E_EXPIRES] + (timer.armed ? timer.interval : 0);
  }

  all(): IterableIterator<CpuTimer> {
    return this.#timers.values();
  }

  get isEmpty(): boolean {
    return this.#timers.size === 0;
  }

  #key(timer: number, task: TaskId, clock: number): number {
    return timer === ITIMER ? -1 - (this.clocks.processOf(task) * CLOCKS + clock) : timer;
  }

  #onArm(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + A_TASK];
    const clock = fields[at + A_CLOCK];
    const key = this.#key(fields[at + A_TIMER], task, clock);
    const sample = fields[at + A_SAMPLE];
    const expires = fields[at + A_EXPIRES];
    if (expires === 0) {
      this.#timers.delete(key);
      return;
    }
    this.#timers.set(key, {
      process: this.clocks.processOf(task), thread: fields[at + A_THREAD] === 1 ? task : NONE, clock,
      due: sample + fields[at + A_VALUE], firstExpires: expires, interval: fields[at + A_INTERVAL],
      // one that was due when it was set has fired then
      expires, armed: expires > sample,
      set: namedEvent(id, cpu, t, fields, at),
    });
  }

  #onDeliver(number: number, overruns: number): void {
    const timer = this.#timers.get(number);
    if (timer === undefined || timer.interval === 0 || timer.armed) return;
    timer.expires += (overruns + 1) * timer.interval;
    timer.armed = true;
  }
}
