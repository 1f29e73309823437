/**
 * The figures of a run, from its merged event stream: how often, how long, for whom. Nothing here
 * asks the kernel; what the kernel believes (kcpustat, utime, stime) comes from the records that
 * close a run.
 */
import { Mode } from '../../shared/events.ts';
import type { EventConsumer, RunFacts, TaskFacts } from '../../shared/event-consumer.ts';
import { TaskState } from '../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { ContextTimes } from './context-times.ts';
import { finalCputime } from './cputime-final.ts';
import { EventHandlers, fieldIndex } from './event-handlers.ts';
import {
  KCPUSTAT_SLOTS, type CpuFigures, type KcpustatSlot, type RunFigures, type TaskFigures,
} from './run-figures.ts';

const CONTEXT_MODE = fieldIndex('context', 'mode');
const CONTEXT_TASK = fieldIndex('context', 'task');
const WAKEUP_TASK = fieldIndex('sched_wakeup', 'task');
const WAKEUP_TARGET = fieldIndex('sched_wakeup', 'target_cpu');
const SWITCH_PREV = fieldIndex('sched_switch', 'prev');
const SWITCH_PREV_STATE = fieldIndex('sched_switch', 'prev_state');
const SWITCH_NEXT = fieldIndex('sched_switch', 'next');
const MIGRATE_TASK = fieldIndex('sched_migrate_task', 'task');
const EXIT_TASK = fieldIndex('sched_process_exit', 'task');
const LOOP_TASK = fieldIndex('rtapp_loop', 'task');
const LOOP_EDGE = fieldIndex('rtapp_loop', 'edge');
const EVENT_TASK = fieldIndex('rtapp_event', 'task');
const CPUTIME_TASK = fieldIndex('task_cputime', 'task');
const KCPUSTAT_CPU = fieldIndex('kcpustat_final', 'cpu');
const KCPUSTAT_FIRST = fieldIndex('kcpustat_final', KCPUSTAT_SLOTS[0]);
const FINAL_TASK = fieldIndex('task_final', 'task');
const FINAL_CPU = fieldIndex('task_final', 'cpu');
const FINAL_STATE = fieldIndex('task_final', 'state');
const FINAL_RUNTIME = fieldIndex('task_final', 'sum_exec_runtime');

/** `sched_switch` says 0 (TASK_RUNNING) of a task that would rather have gone on. */
const PREEMPTED = 0;
const LOOP_END = 1;

const STATE_NAMES: readonly TaskFigures['state'][] = ['unused', 'runnable', 'sleeping', 'sleeping', 'dead'];

export class FiguresCollector implements EventConsumer {
  readonly interests: readonly number[];
  private readonly handlers: EventHandlers;
  private readonly facts: RunFacts;
  private readonly times: ContextTimes;

  private readonly ticks: Float64Array;
  private readonly timerInterrupts: Float64Array;
  private readonly rescheduleIpis: Float64Array;
  private readonly callFunctionIpis: Float64Array;
  private readonly cpuWakeups: Float64Array;
  private readonly cpuSwitches: Float64Array;
  private readonly kcpustat: Float64Array;

  private readonly taskCpu: Int32Array;
  private readonly taskState: Uint8Array;
  private readonly taskWakeups: Float64Array;
  private readonly taskMigrations: Float64Array;
  private readonly taskSwitches: Float64Array;
  private readonly iterations: Float64Array;
  private readonly rtappEvents: Float64Array;
  private readonly utime: Float64Array;
  private readonly stime: Float64Array;
  private readonly runtime: Float64Array;

  private taskReads = 0;
  private cpuReads = 0;
  private ofRunning = 0;
  private events = 0;

  constructor(facts: RunFacts) {
    const { cpus } = facts;
    const tasks = facts.tasks.length;
    this.facts = facts;
    this.times = new ContextTimes(cpus, tasks);
    this.ticks = new Float64Array(cpus);
    this.timerInterrupts = new Float64Array(cpus);
    this.rescheduleIpis = new Float64Array(cpus);
    this.callFunctionIpis = new Float64Array(cpus);
    this.cpuWakeups = new Float64Array(cpus);
    this.cpuSwitches = new Float64Array(cpus);
    this.kcpustat = new Float64Array(cpus * KCPUSTAT_SLOTS.length);
    this.taskCpu = new Int32Array(tasks).fill(-1);
    this.taskState = new Uint8Array(tasks);
    this.taskWakeups = new Float64Array(tasks);
    this.taskMigrations = new Float64Array(tasks);
    this.taskSwitches = new Float64Array(tasks);
    this.iterations = new Float64Array(tasks);
    this.rtappEvents = new Float64Array(tasks);
    this.utime = new Float64Array(tasks);
    this.stime = new Float64Array(tasks);
    this.runtime = new Float64Array(tasks);
    this.handlers = this.register();
    this.interests = this.handlers.interests;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.handlers.onEvent(id, cpu, t, fields, at);
  }

  /** The figures of a run that ended at `end`. Call it once, after the last event. */
  finish(end: Ns): RunFigures {
    this.times.finish(end);
    const cpus = Array.from({ length: this.facts.cpus }, (_, cpu) => this.cpuFigures(cpu, end));
    return {
      cpus,
      tasks: this.facts.tasks.map((task) => this.taskFigures(task)),
      reads: { taskReads: this.taskReads, cpuReads: this.cpuReads, ofRunning: this.ofRunning },
      events: this.events,
    };
  }

  private register(): EventHandlers {
    return new EventHandlers({
      event: () => { this.events += 1; },
      context: (cpu, t, f, at) => this.times.enter(cpu, t, f[at + CONTEXT_MODE]! as Mode, f[at + CONTEXT_TASK]!),
      tick: (cpu) => { this.ticks[cpu]! += 1; },
      local_timer_entry: (cpu) => { this.timerInterrupts[cpu]! += 1; },
      reschedule_entry: (cpu) => { this.rescheduleIpis[cpu]! += 1; },
      call_function_single_entry: (cpu) => { this.callFunctionIpis[cpu]! += 1; },
      sched_wakeup: (_cpu, _t, f, at) => this.onWakeup(f[at + WAKEUP_TASK]!, f[at + WAKEUP_TARGET]!),
      sched_wakeup_new: (_cpu, _t, f, at) => this.onWakeup(f[at + WAKEUP_TASK]!, f[at + WAKEUP_TARGET]!),
      sched_switch: (cpu, _t, f, at) => this.onSwitch(cpu, f[at + SWITCH_PREV]!, f[at + SWITCH_PREV_STATE]!, f[at + SWITCH_NEXT]!),
      sched_migrate_task: (_cpu, _t, f, at) => { this.taskMigrations[f[at + MIGRATE_TASK]!]! += 1; },
      sched_process_exit: (_cpu, _t, f, at) => { this.taskState[f[at + EXIT_TASK]!] = TaskState.Dead; },
      rtapp_loop: (_cpu, _t, f, at) => { if (f[at + LOOP_EDGE] === LOOP_END) this.iterations[f[at + LOOP_TASK]!]! += 1; },
      rtapp_event: (_cpu, _t, f, at) => { this.rtappEvents[f[at + EVENT_TASK]!]! += 1; },
      task_cputime: (_cpu, _t, f, at) => this.onTaskRead(f[at + CPUTIME_TASK]!),
      kcpustat_cpu_fetch: () => { this.cpuReads += 1; },
      kcpustat_final: (_cpu, _t, f, at) => this.onKcpustatFinal(f, at),
      task_final: (_cpu, t, f, at) => this.onTaskFinal(t, f, at),
    });
  }

  private onWakeup(task: TaskId, target: CpuId): void {
    this.cpuWakeups[target]! += 1;
    this.taskWakeups[task]! += 1;
    this.taskState[task] = TaskState.Running;
  }

  private onSwitch(cpu: CpuId, prev: TaskId, prevState: number, next: TaskId): void {
    this.cpuSwitches[cpu]! += 1;
    this.taskSwitches[prev]! += 1;
    this.taskCpu[next] = cpu;
    this.taskState[next] = TaskState.Running;
    if (prevState !== PREEMPTED && this.taskState[prev] !== TaskState.Dead) this.taskState[prev] = TaskState.Sleeping;
  }

  private onTaskRead(task: TaskId): void {
    this.taskReads += 1;
    if (this.times.isRunning(task)) this.ofRunning += 1;
  }

  private onKcpustatFinal(fields: Float64Array, at: number): void {
    const to = fields[at + KCPUSTAT_CPU]! * KCPUSTAT_SLOTS.length;
    const from = at + KCPUSTAT_FIRST;
    for (let slot = 0; slot < KCPUSTAT_SLOTS.length; slot++) this.kcpustat[to + slot] = fields[from + slot]!;
  }

  private onTaskFinal(t: Ns, fields: Float64Array, at: number): void {
    const task = fields[at + FINAL_TASK]!;
    const { utime, stime } = finalCputime(t, fields, at);
    this.utime[task] = utime;
    this.stime[task] = stime;
    this.runtime[task] = fields[at + FINAL_RUNTIME]!;
    this.taskState[task] = fields[at + FINAL_STATE]!;
    this.taskCpu[task] = fields[at + FINAL_CPU]!;
  }

  private cpuFigures(cpu: CpuId, end: Ns): CpuFigures {
    const time = (mode: Mode): Ns => this.times.cpuTime(cpu, mode);
    const base = cpu * KCPUSTAT_SLOTS.length;
    const slots = KCPUSTAT_SLOTS.map((name, slot) => [name, this.kcpustat[base + slot]!] as const);
    return {
      cpu,
      offlineNs: this.times.startOf(cpu, end),
      userNs: time(Mode.User) + time(Mode.Guest),
      systemNs: time(Mode.System),
      softirqNs: time(Mode.Softirq),
      irqNs: time(Mode.Irq),
      idleNs: time(Mode.Idle),
      stealNs: time(Mode.Steal),
      ticks: this.ticks[cpu]!,
      timerInterrupts: this.timerInterrupts[cpu]!,
      ipis: { reschedule: this.rescheduleIpis[cpu]!, callFunction: this.callFunctionIpis[cpu]! },
      wakeups: this.cpuWakeups[cpu]!,
      contextSwitches: this.cpuSwitches[cpu]!,
      kcpustat: Object.fromEntries(slots) as Record<KcpustatSlot, Ns>,
    };
  }

  private taskFigures({ task, pid, name }: TaskFacts): TaskFigures {
    const time = (mode: Mode): Ns => this.times.taskTime(task, mode);
    return {
      task,
      pid,
      name,
      cpu: this.taskCpu[task]!,
      state: STATE_NAMES[this.taskState[task]!]!,
      userNs: time(Mode.User) + time(Mode.Guest),
      systemNs: time(Mode.System),
      irqNs: time(Mode.Irq) + time(Mode.Softirq),
      utimeNs: this.utime[task]!,
      stimeNs: this.stime[task]!,
      sumExecRuntimeNs: this.runtime[task]!,
      wakeups: this.taskWakeups[task]!,
      migrations: this.taskMigrations[task]!,
      contextSwitches: this.taskSwitches[task]!,
      iterations: this.iterations[task]!,
      events: this.rtappEvents[task]!,
    };
  }
}
