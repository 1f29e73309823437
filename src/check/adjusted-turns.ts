/**
 * Looks at the adjusted pair of a task or of a process, in the order in which the lock of its filter served them: on
 * all engines the order of its turns. A fork takes a turn, too, and begins the record anew; that of a leader those of
 * its process, too. Filters are numbered as the kernel's are: the tasks', then the processes'.
 *
 *      turn 1        fork: the filter is empty
 *      turn 2        reader on CPU 0, at 100
 *      turn 3        reader on CPU 1, whose event began at 90: it goes on at 100, when the lock was let go
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { InVersionOrder, type AcceptRow } from './in-version-order.ts';
import { places } from './kept-events.ts';
import { RaceBound } from './race-bound.ts';

const [TASK, TURN] = places('cputime_adjust', 'task', 'turn');
const [CHILD] = places('sched_process_fork', 'child');

export class AdjustedTurns {
  static readonly listens: readonly EventName[] = ['cputime_adjust', 'thread_group_cputime_adjusted', 'sched_process_fork'];

  readonly bound: RaceBound;
  /** How many filters there are. */
  readonly filters: number;
  readonly #facts: RunFacts;
  /** By task: its process, and whether it is that one's leader. */
  readonly #processOf: Int32Array;
  readonly #orders: (InVersionOrder | undefined)[];
  readonly #accept: AcceptRow;
  readonly #forget: (filter: number) => void;

  /** `accept` is called for each look, `forget` where a record begins a new life. */
  constructor(facts: RunFacts, accept: AcceptRow, forget: (filter: number) => void) {
    this.bound = new RaceBound(facts);
    this.filters = facts.tasks.length + facts.processes.length;
    this.#facts = facts;
    this.#processOf = new Int32Array(facts.tasks.length).fill(-1);
    facts.processes.forEach(({ threads }, process) => {
      for (const thread of threads) this.#processOf[thread] = process;
    });
    this.#orders = new Array<InVersionOrder | undefined>(this.filters).fill(undefined);
    this.#accept = accept;
    this.#forget = forget;
  }

  /** One of `listens` and, where CPUs race, `event`. */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.event) return this.bound.onBegin(cpu, fields, at);
    if (id === Event.sched_process_fork) return this.#onFork(fields[at + CHILD]);
    const order = this.#orderOf(this.filterOf(id, fields[at + TASK]));
    order.take(fields[at + TURN], this.bound.startOf(cpu, t), id, cpu, t, fields, at);
  }

  /** The end of the stream. */
  flush(): void {
    for (const order of this.#orders) order?.flush();
  }

  /** Whose pair a look by `task` was given. */
  filterOf(id: number, task: TaskId): number {
    return id === Event.cputime_adjust ? task : this.#facts.tasks.length + this.#processOf[task];
  }

  /** As a person knows it. */
  nameOf(filter: number): string {
    const { tasks, processes } = this.#facts;
    return filter < tasks.length ? tasks[filter].name : `process ${processes[filter - tasks.length].name}`;
  }

  #onFork(child: TaskId): void {
    this.#begin(child);
    const process = this.#processOf[child];
    if (process >= 0 && this.#facts.processes[process].threads[0] === child) this.#begin(this.#facts.tasks.length + process);
  }

  #begin(filter: number): void {
    const order = this.#orderOf(filter);
    order.flush();
    this.#forget(filter);
    order.pass();
  }

  #orderOf(filter: number): InVersionOrder {
    this.#orders[filter] ??= new InVersionOrder(this.#accept, 1);
    return this.#orders[filter];
  }
}
