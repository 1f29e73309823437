/** Gathers from the event stream what /proc/<pid>/stat shows of each task at the end of a run. */
import type { RunFacts, TaskFacts } from '../../shared/event-consumer.ts';
import type { EventName } from '../../shared/events.ts';
import { TaskState } from '../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { adjustCputime, type CputimePair } from './cputime-adjust.ts';
import { finalCputime, type TaskCputime } from './cputime-final.ts';
import { fieldIndex, type EventHandler } from './event-handlers.ts';
import type { ProcTask } from './machine-snapshot.ts';

const SWITCH_PREV = fieldIndex('sched_switch', 'prev');
const SWITCH_PREV_PRIO = fieldIndex('sched_switch', 'prev_prio');
const SWITCH_NEXT = fieldIndex('sched_switch', 'next');
const SWITCH_NEXT_PRIO = fieldIndex('sched_switch', 'next_prio');
const WAKEUP_TASK = fieldIndex('sched_wakeup', 'task');
const WAKEUP_PRIO = fieldIndex('sched_wakeup', 'prio');
const FORK_PARENT = fieldIndex('sched_process_fork', 'parent');
const FORK_CHILD = fieldIndex('sched_process_fork', 'child');
const ADJUST_TASK = fieldIndex('cputime_adjust', 'task');
const ADJUST_UTIME = fieldIndex('cputime_adjust', 'utime');
const ADJUST_STIME = fieldIndex('cputime_adjust', 'stime');
const FINAL_TASK = fieldIndex('task_final', 'task');
const FINAL_CPU = fieldIndex('task_final', 'cpu');
const FINAL_STATE = fieldIndex('task_final', 'state');
const FINAL_RUNTIME = fieldIndex('task_final', 'sum_exec_runtime');

/** @linux include/linux/sched/prio.h DEFAULT_PRIO */
const DEFAULT_PRIO = 120;
const ZERO: CputimePair = { utime: 0, stime: 0 };

/** What is kept of a task while the stream goes by. */
interface TaskRecord {
  ppid: number;
  startNs: Ns;
  prio: number;
  state: number;
  processor: CpuId;
  cputime: TaskCputime;
  runtime: Ns;
  /** what the monotonic filter has handed out */
  handedUtime: Ns;
  handedStime: Ns;
}

export class TaskCollector {
  readonly handlers: Partial<Record<EventName, EventHandler>>;
  /** forks since boot */
  processes = 0;
  private readonly facts: RunFacts;
  private readonly tasks: readonly TaskRecord[];

  constructor(facts: RunFacts) {
    this.facts = facts;
    this.tasks = facts.tasks.map((task) => newTask(DEFAULT_PRIO + task.nice));
    this.handlers = this.register();
  }

  /** Tasks with a pid, the idle tasks and the unused left out. */
  finish(): ProcTask[] {
    return this.facts.tasks
      .filter(({ task }) => task >= this.facts.cpus && this.tasks[task]!.state !== TaskState.Free)
      .map((facts) => procTask(facts, this.tasks[facts.task]!));
  }

  private register(): TaskCollector['handlers'] {
    const onWakeup: EventHandler = (_cpu, _t, f, at) => { this.tasks[f[at + WAKEUP_TASK]!]!.prio = f[at + WAKEUP_PRIO]!; };
    return {
      sched_switch: (_cpu, _t, f, at) => this.onSwitch(f, at),
      sched_wakeup: onWakeup,
      sched_wakeup_new: onWakeup,
      sched_process_fork: (_cpu, t, f, at) => this.onFork(t, f[at + FORK_PARENT]!, f[at + FORK_CHILD]!),
      cputime_adjust: (_cpu, _t, f, at) => this.onAdjust(f, at),
      task_final: (_cpu, t, f, at) => this.onTaskFinal(t, f, at),
    };
  }

  private onSwitch(fields: Float64Array, at: number): void {
    this.tasks[fields[at + SWITCH_PREV]!]!.prio = fields[at + SWITCH_PREV_PRIO]!;
    this.tasks[fields[at + SWITCH_NEXT]!]!.prio = fields[at + SWITCH_NEXT_PRIO]!;
  }

  /** A record of a fork pool may be used again: what its last user had been told is forgotten. */
  private onFork(t: Ns, parent: TaskId, child: TaskId): void {
    const task = this.tasks[child]!;
    this.processes += 1;
    task.startNs = t;
    task.ppid = this.facts.tasks[parent]!.pid;
    task.handedUtime = 0;
    task.handedStime = 0;
  }

  /** Neither of the pair ever decreases, so the greatest is the last, whatever the order of the stream. */
  private onAdjust(fields: Float64Array, at: number): void {
    const task = this.tasks[fields[at + ADJUST_TASK]!]!;
    task.handedUtime = Math.max(task.handedUtime, fields[at + ADJUST_UTIME]!);
    task.handedStime = Math.max(task.handedStime, fields[at + ADJUST_STIME]!);
  }

  private onTaskFinal(t: Ns, fields: Float64Array, at: number): void {
    const task = this.tasks[fields[at + FINAL_TASK]!]!;
    task.state = fields[at + FINAL_STATE]!;
    task.processor = fields[at + FINAL_CPU]!;
    task.cputime = finalCputime(t, fields, at);
    task.runtime = fields[at + FINAL_RUNTIME]!;
  }
}

const newTask = (prio: number): TaskRecord => ({
  ppid: 0,
  startNs: 0,
  prio,
  state: TaskState.Free,
  processor: 0,
  cputime: { ...ZERO, gtime: 0 },
  runtime: 0,
  handedUtime: 0,
  handedStime: 0,
});

function procTask({ pid, name, kernel }: TaskFacts, task: TaskRecord): ProcTask {
  const prev = { utime: task.handedUtime, stime: task.handedStime };
  const adjusted = adjustCputime(task.cputime, task.runtime, prev);
  return {
    pid,
    ppid: task.ppid,
    name,
    kernelThread: kernel === true,
    state: stateLetter(task.state),
    utimeNs: adjusted.utime,
    stimeNs: adjusted.stime,
    guestNs: task.cputime.gtime,
    startNs: task.startNs,
    processor: task.processor,
    prio: task.prio,
  };
}

/** A task that is being woken counts as running; one that has ended stays a zombie, since nobody reaps it. */
function stateLetter(state: number): ProcTask['state'] {
  if (state === TaskState.Running || state === TaskState.Waking) return 'R';
  return state === TaskState.Sleeping ? 'S' : 'Z';
}
