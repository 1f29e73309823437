/**
 * What the threads of each process have been charged by now: that is what the kernel's CPU timers count by, no matter what a
 * thread has had that nobody has charged yet. Others hold the charges to the truth (V-01, C-05, C-08), so here they are taken
 * as they are written down:
 *
 * | where | user and system time | run time |
 * | --- | --- | --- |
 * | ticks sample | what each tick comes to | each `sched_stat_runtime` |
 * | contexts are tracked | the record, as each section leaves it | the same |
 * | edges are measured | all up to the last edge before a tick or a switch | the same |
 *
 * A thread that ends leaves its process what is written down by then (`__exit_signal`); what it is charged on its way to the
 * switch is nobody's.
 */
import { samples } from '../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event, type EventName } from '../../shared/events.ts';
import { NONE, type CpuId, type Ns, type ProcessId, type TaskId } from '../../shared/units.ts';
import { CputimeTruth } from './cputime-truth.ts';
import { places } from './kept-events.ts';
import { CpuClock } from './process-clocks.ts';

const [TICK_TASK] = places('tick', 'task');
const [CHILD] = places('sched_process_fork', 'child');
const [PREV] = places('sched_switch', 'prev');
const [LEAVER, LEFT_UTIME, LEFT_STIME, LEFT_RTIME] = places('exit_signal', 'task', 'utime', 'stime', 'rtime');
const [RUN_TASK, RUNTIME, TOLD] = places('sched_stat_runtime', 'task', 'runtime', 'told');
const [PUBLISHED, UTIME, STIME] = places('vtime_publish', 'task', 'utime', 'stime');

export class ChargedClocks {
  static readonly listens: readonly EventName[] = [
    ...CputimeTruth.listens, 'sched_switch', 'sched_stat_runtime', 'vtime_publish', 'exit_signal',
  ];

  readonly #facts: RunFacts;
  readonly #truth: CputimeTruth;
  readonly #processOf: Int32Array;
  readonly #native: boolean;
  /** By clock: of each task, and of the threads of each process that are gone. */
  readonly #tasks: readonly Float64Array[];
  readonly #gone: readonly Float64Array[];
  /** 1: it has left its process. */
  readonly #left: Uint8Array;

  constructor(facts: RunFacts) {
    const { tasks, processes, cputime } = facts;
    this.#facts = facts;
    this.#truth = new CputimeTruth(facts);
    this.#native = cputime.includes('native');
    this.#processOf = new Int32Array(tasks.length).fill(NONE);
    processes.forEach(({ threads }, process) => threads.forEach((task) => (this.#processOf[task] = process)));
    this.#left = new Uint8Array(tasks.length);
    this.#tasks = Object.values(CpuClock).map(() => new Float64Array(tasks.length));
    this.#gone = Object.values(CpuClock).map((clock) => Float64Array.from(processes, ({ age }) => ageBy(clock, age)));
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.sched_stat_runtime:
        if (this.#left[fields[at + RUN_TASK]] === 1) return;
        // where CPUs race, what another one has brought up to date may not have been there yet: its class is told later
        this.#tasks[CpuClock.Sched]![fields[at + RUN_TASK]] += fields[at + (this.#facts.racing ? TOLD : RUNTIME)];
        return;
      case Event.vtime_publish: return this.#charge(fields[at + PUBLISHED], fields[at + UTIME], fields[at + STIME]);
      case Event.sched_switch: return this.#onSwitch(fields[at + PREV], t);
      case Event.exit_signal:
        return this.#onExit(fields[at + LEAVER], fields[at + LEFT_UTIME], fields[at + LEFT_STIME], fields[at + LEFT_RTIME]);
      case Event.sched_process_fork: this.#onFork(fields[at + CHILD]);
    }
    const task = id === Event.tick ? fields[at + TICK_TASK] : NONE;
    if (task === NONE || !samples(this.#facts.cputime[cpu])) {
      this.#truth.onEvent(id, cpu, t, fields, at);
      if (task !== NONE && this.#native) this.#chargeMeasured(task);
      return;
    }
    const user = this.#truth.userAt(task, t);
    const system = this.#truth.systemAt(task, t);
    this.#truth.onEvent(id, cpu, t, fields, at);
    this.#charge(
      task, this.#tasks[CpuClock.Virt]![task] + this.#truth.userAt(task, t) - user,
      this.#systemOf(task) + this.#truth.systemAt(task, t) - system,
    );
  }

  /** What a process has been charged. */
  of(process: ProcessId, clock: number): Ns {
    const charged = this.#tasks[clock]!;
    let sum = this.#gone[clock]![process];
    for (const task of this.#facts.processes[process].threads) sum += charged[task];
    return sum;
  }

  ofThread(task: TaskId, clock: number): Ns {
    return this.#tasks[clock]![task];
  }

  #systemOf(task: TaskId): Ns {
    return this.#tasks[CpuClock.Prof]![task] - this.#tasks[CpuClock.Virt]![task];
  }

  #charge(task: TaskId, user: Ns, system: Ns): void {
    if (this.#left[task] === 1) return;
    this.#tasks[CpuClock.Virt]![task] = user;
    this.#tasks[CpuClock.Prof]![task] = user + system;
  }

  /** Nothing says what such a CPU has charged: all that its edges have measured by then. */
  #chargeMeasured(task: TaskId): void {
    const edge = this.#truth.since(task);
    this.#charge(task, this.#truth.userAt(task, edge), this.#truth.systemAt(task, edge));
  }

  #onSwitch(prev: TaskId, t: Ns): void {
    if (this.#native) this.#charge(prev, this.#truth.userAt(prev, t), this.#truth.systemAt(prev, t));
  }

  #onExit(task: TaskId, utime: Ns, stime: Ns, rtime: Ns): void {
    const process = this.#processOf[task];
    if (process === NONE) return;
    this.#gone[CpuClock.Virt]![process] += utime;
    this.#gone[CpuClock.Prof]![process] += utime + stime;
    this.#gone[CpuClock.Sched]![process] += rtime;
    for (const charged of this.#tasks) charged[task] = 0;
    this.#left[task] = 1;
  }

  /** The record had a thread before; with a leader the process begins. */
  #onFork(child: TaskId): void {
    const process = this.#processOf[child];
    for (const clock of Object.values(CpuClock)) {
      const charged = this.#tasks[clock]!;
      if (process !== NONE) {
        const { threads, age } = this.#facts.processes[process];
        this.#gone[clock]![process] = threads[0] === child ? ageBy(clock, age) : this.#gone[clock]![process] + charged[child];
      }
      charged[child] = 0;
    }
    this.#left[child] = 0;
  }
}

function ageBy(clock: number, { utime, stime }: RunFacts['processes'][number]['age']): Ns {
  return clock === CpuClock.Virt ? utime : utime + stime;
}
