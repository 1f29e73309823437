/**
 * Looks at the adjusted pair of a task, in the order in which the lock of its filter served them: on
 * all engines the order of its turns. A fork takes a turn, too, and begins the record anew.
 *
 *      turn 1        fork: the filter is empty
 *      turn 2        reader on CPU 0, at 100
 *      turn 3        reader on CPU 1, whose event began at 90: it goes on at 100, when the lock was let go
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { InVersionOrder, type AcceptRow } from './in-version-order.ts';
import { places } from './kept-events.ts';
import { RaceBound } from './race-bound.ts';

const [TASK, TURN] = places('cputime_adjust', 'task', 'turn');
const [CHILD] = places('sched_process_fork', 'child');

export class AdjustedTurns {
  readonly bound: RaceBound;
  readonly #orders: (InVersionOrder | undefined)[];
  readonly #accept: AcceptRow;
  readonly #forget: (task: TaskId) => void;

  /** `accept` is called for each look, `forget` where a record begins a new life. */
  constructor(facts: RunFacts, accept: AcceptRow, forget: (task: TaskId) => void) {
    this.bound = new RaceBound(facts);
    this.#orders = new Array<InVersionOrder | undefined>(facts.tasks.length).fill(undefined);
    this.#accept = accept;
    this.#forget = forget;
  }

  /** `cputime_adjust`, `sched_process_fork` and, where CPUs race, `event`. */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.event) return this.bound.onBegin(cpu, fields, at);
    if (id === Event.sched_process_fork) return this.#onFork(fields[at + CHILD]);
    this.#orderOf(fields[at + TASK]).take(fields[at + TURN], this.bound.startOf(cpu, t), id, cpu, t, fields, at);
  }

  /** The end of the stream. */
  flush(): void {
    for (const order of this.#orders) order?.flush();
  }

  #onFork(child: TaskId): void {
    const order = this.#orderOf(child);
    order.flush();
    this.#forget(child);
    order.pass();
  }

  #orderOf(task: TaskId): InVersionOrder {
    this.#orders[task] ??= new InVersionOrder(this.#accept, 1);
    return this.#orders[task];
  }
}
