/** How many tasks sleep on each CPU until a device answers, as switches and wake-ups tell. */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { NOBODY, type CpuId } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [PREV, PREV_STATE] = places('sched_switch', 'prev', 'prev_state');
const [WOKEN] = places('sched_wakeup', 'task');
/** @linux include/linux/sched.h TASK_UNINTERRUPTIBLE */
const UNINTERRUPTIBLE = 2;

export class IowaitCount {
  static readonly listens: readonly EventName[] = ['sched_switch', 'sched_wakeup'];

  readonly #waiting: Int32Array;
  /** CPU on which a task has begun to wait, or NOBODY. */
  readonly #waitsOn: Int32Array;

  constructor(facts: RunFacts) {
    this.#waiting = new Int32Array(facts.cpus);
    this.#waitsOn = new Int32Array(facts.tasks.length).fill(NOBODY);
  }

  onEvent(id: number, cpu: CpuId, fields: Float64Array, at: number): void {
    if (id === Event.sched_wakeup) return this.#onWakeup(fields[at + WOKEN]);
    if (id !== Event.sched_switch || fields[at + PREV_STATE] !== UNINTERRUPTIBLE) return;
    this.#waitsOn[fields[at + PREV]] = cpu;
    this.#waiting[cpu] += 1;
  }

  /** Whether anybody waits for a device whom this CPU ran last. */
  waits(cpu: CpuId): boolean {
    return this.#waiting[cpu] > 0;
  }

  #onWakeup(task: number): void {
    const cpu = this.#waitsOn[task];
    if (cpu === NOBODY) return;
    this.#waitsOn[task] = NOBODY;
    this.#waiting[cpu] -= 1;
  }
}
