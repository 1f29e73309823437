/**
 * What the CPU clocks of a process, and of a thread, really show: user and system time by each flavour's own truth, run
 * time from switch to switch. Threads that are gone count on, until their process begins anew.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { NONE, type CpuId, type Ns, type ProcessId, type TaskId } from '../../shared/units.ts';
import { CputimeTruth } from './cputime-truth.ts';
import { places } from './kept-events.ts';

const [CHILD] = places('sched_process_fork', 'child');
const [PREV, NEXT] = places('sched_switch', 'prev', 'next');

/** Linux's numbers. */
export const CpuClock = { Prof: 0, Virt: 1, Sched: 2 } as const;
export const CLOCK_WORDS: readonly string[] = ['user and system time', 'user time', 'run time'];

export class ProcessClocks {
  static readonly listens: readonly EventName[] = [...CputimeTruth.listens, 'sched_switch'];

  readonly #facts: RunFacts;
  readonly #truth: CputimeTruth;
  readonly #processOf: Int32Array;
  /** By process: times of threads that are gone. */
  readonly #goneUser: Float64Array;
  readonly #goneSystem: Float64Array;
  readonly #goneRun: Float64Array;
  readonly #run: Float64Array;
  readonly #since: Float64Array;
  readonly #runs: Uint8Array;

  constructor(facts: RunFacts) {
    this.#facts = facts;
    this.#truth = new CputimeTruth(facts);
    this.#processOf = new Int32Array(facts.tasks.length).fill(NONE);
    facts.processes.forEach(({ threads }, process) => threads.forEach((task) => (this.#processOf[task] = process)));
    this.#goneUser = Float64Array.from(facts.processes, ({ age }) => age.utime);
    this.#goneSystem = Float64Array.from(facts.processes, ({ age }) => age.stime);
    this.#goneRun = Float64Array.from(facts.processes, ({ age }) => age.utime + age.stime);
    this.#run = new Float64Array(facts.tasks.length);
    this.#since = new Float64Array(facts.tasks.length);
    this.#runs = new Uint8Array(facts.tasks.length);
  }

  /** One of `listens`. Returns the process that begins anew with it, or NONE. */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): ProcessId {
    const begins = id === Event.sched_process_fork ? this.#onFork(fields[at + CHILD], t) : NONE;
    if (id === Event.sched_switch) this.#onSwitch(fields[at + PREV], fields[at + NEXT], t);
    else this.#truth.onEvent(id, cpu, t, fields, at);
    return begins;
  }

  processOf(task: TaskId): ProcessId {
    return this.#processOf[task];
  }

  /** A clock of a whole process at `t`, which is not before its threads' last changes of context. */
  at(process: ProcessId, clock: number, t: Ns): Ns {
    let sum = this.#gone(process, clock);
    for (const task of this.#facts.processes[process].threads) sum += this.ofThread(task, clock, t);
    return sum;
  }

  ofThread(task: TaskId, clock: number, t: Ns): Ns {
    if (clock === CpuClock.Sched) return this.#run[task] + (this.#runs[task] === 1 ? t - this.#since[task] : 0);
    return this.#truth.userAt(task, t) + (clock === CpuClock.Prof ? this.#truth.systemAt(task, t) : 0);
  }

  #gone(process: ProcessId, clock: number): Ns {
    if (clock === CpuClock.Sched) return this.#goneRun[process];
    return this.#goneUser[process] + (clock === CpuClock.Prof ? this.#goneSystem[process] : 0);
  }

  /** The record had a thread before; with a leader the process begins. */
  #onFork(child: TaskId, t: Ns): ProcessId {
    const process = this.#processOf[child];
    if (process === NONE) return NONE;
    const { threads, age } = this.#facts.processes[process];
    const begins = threads[0] === child;
    this.#goneUser[process] = begins ? age.utime : this.#goneUser[process] + this.#truth.userAt(child, t);
    this.#goneSystem[process] = begins ? age.stime : this.#goneSystem[process] + this.#truth.systemAt(child, t);
    this.#goneRun[process] = begins ? age.utime + age.stime : this.#goneRun[process] + this.#run[child];
    this.#run[child] = 0;
    return begins ? process : NONE;
  }

  #onSwitch(prev: TaskId, next: TaskId, t: Ns): void {
    if (this.#runs[prev] === 1) this.#run[prev] += t - this.#since[prev];
    this.#runs[prev] = 0;
    this.#runs[next] = 1;
    this.#since[next] = t;
  }
}
