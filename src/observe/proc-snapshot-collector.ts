/** Gathers what /proc shows at the end of a run from its event stream. */
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import { NR_SOFTIRQS } from '../../shared/structs/cpu.ts';
import { TaskState } from '../../shared/structs/task.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
import { adjustCputime, type CputimePair } from './cputime-adjust.ts';
import { finalCputime, type TaskCputime } from './cputime-final.ts';
import { EventHandlers, fieldIndex } from './event-handlers.ts';
import { BOOT_TIME_S, type ProcCpu, type ProcSnapshot, type ProcTask } from './proc-snapshot.ts';
import { KCPUSTAT_SLOTS, type KcpustatSlot } from './run-figures.ts';

const SWITCH_PREV = fieldIndex('sched_switch', 'prev');
const SWITCH_PREV_PRIO = fieldIndex('sched_switch', 'prev_prio');
const SWITCH_NEXT = fieldIndex('sched_switch', 'next');
const SWITCH_NEXT_PRIO = fieldIndex('sched_switch', 'next_prio');
const WAKEUP_TASK = fieldIndex('sched_wakeup', 'task');
const WAKEUP_PRIO = fieldIndex('sched_wakeup', 'prio');
const FORK_PARENT = fieldIndex('sched_process_fork', 'parent');
const FORK_CHILD = fieldIndex('sched_process_fork', 'child');
const IRQ = fieldIndex('irq_handler_entry', 'irq');
const SOFTIRQ_VEC = fieldIndex('softirq_entry', 'vec');
const ADJUST_TASK = fieldIndex('cputime_adjust', 'task');
const ADJUST_UTIME = fieldIndex('cputime_adjust', 'utime');
const ADJUST_STIME = fieldIndex('cputime_adjust', 'stime');
const KCPUSTAT_CPU = fieldIndex('kcpustat_final', 'cpu');
const KCPUSTAT_FIRST = fieldIndex('kcpustat_final', KCPUSTAT_SLOTS[0]);
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

interface CpuRecord {
  online: boolean;
  readonly kcpustat: Record<KcpustatSlot, Ns>;
  localTimer: number;
  reschedule: number;
  callFunction: number;
  readonly lines: Map<number, number>;
  readonly softirqs: number[];
}

export class ProcSnapshotCollector implements EventConsumer {
  readonly interests: readonly number[];
  private readonly handlers: EventHandlers;
  private readonly facts: RunFacts;
  private readonly cpus: readonly CpuRecord[];
  private readonly tasks: readonly TaskRecord[];
  private contextSwitches = 0;
  private processes = 0;

  constructor(facts: RunFacts) {
    this.facts = facts;
    this.cpus = Array.from({ length: facts.cpus }, newCpu);
    this.tasks = facts.tasks.map((task) => newTask(DEFAULT_PRIO + task.nice));
    this.handlers = this.register();
    this.interests = this.handlers.interests;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.handlers.onEvent(id, cpu, t, fields, at);
  }

  /** /proc as it stands at `end`, after the last event. */
  finish(end: Ns): ProcSnapshot {
    const running = this.tasks.filter((task, i) => i >= this.facts.cpus && task.state === TaskState.Running);
    return {
      bootTimeS: BOOT_TIME_S,
      uptimeNs: end,
      contextSwitches: this.contextSwitches,
      processes: this.processes,
      procsRunning: running.length,
      procsBlocked: 0,
      cpus: this.cpus.map(procCpu),
      tasks: this.facts.tasks
        .filter(({ task }) => task >= this.facts.cpus && this.tasks[task]!.state !== TaskState.Free)
        .map(({ task, pid, name }) => procTask(pid, name, this.tasks[task]!)),
    };
  }

  private register(): EventHandlers {
    return new EventHandlers({
      context: (cpu) => { this.cpus[cpu]!.online = true; },
      local_timer_entry: (cpu) => { this.cpus[cpu]!.localTimer += 1; },
      reschedule_entry: (cpu) => { this.cpus[cpu]!.reschedule += 1; },
      call_function_single_entry: (cpu) => { this.cpus[cpu]!.callFunction += 1; },
      irq_handler_entry: (cpu, _t, f, at) => this.onIrq(cpu, f[at + IRQ]!),
      softirq_entry: (cpu, _t, f, at) => { this.cpus[cpu]!.softirqs[f[at + SOFTIRQ_VEC]!]! += 1; },
      sched_switch: (_cpu, _t, f, at) => this.onSwitch(f, at),
      sched_wakeup: (_cpu, _t, f, at) => { this.tasks[f[at + WAKEUP_TASK]!]!.prio = f[at + WAKEUP_PRIO]!; },
      sched_wakeup_new: (_cpu, _t, f, at) => { this.tasks[f[at + WAKEUP_TASK]!]!.prio = f[at + WAKEUP_PRIO]!; },
      sched_process_fork: (_cpu, t, f, at) => this.onFork(t, f[at + FORK_PARENT]!, f[at + FORK_CHILD]!),
      cputime_adjust: (_cpu, _t, f, at) => this.onAdjust(f, at),
      kcpustat_final: (_cpu, _t, f, at) => this.onKcpustatFinal(f, at),
      task_final: (_cpu, t, f, at) => this.onTaskFinal(t, f, at),
    });
  }

  private onIrq(cpu: CpuId, line: number): void {
    const { lines } = this.cpus[cpu]!;
    lines.set(line, (lines.get(line) ?? 0) + 1);
  }

  private onSwitch(fields: Float64Array, at: number): void {
    this.contextSwitches += 1;
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

  private onKcpustatFinal(fields: Float64Array, at: number): void {
    const { kcpustat } = this.cpus[fields[at + KCPUSTAT_CPU]!]!;
    KCPUSTAT_SLOTS.forEach((slot, i) => { kcpustat[slot] = fields[at + KCPUSTAT_FIRST + i]!; });
  }

  private onTaskFinal(t: Ns, fields: Float64Array, at: number): void {
    const task = this.tasks[fields[at + FINAL_TASK]!]!;
    task.state = fields[at + FINAL_STATE]!;
    task.processor = fields[at + FINAL_CPU]!;
    task.cputime = finalCputime(t, fields, at);
    task.runtime = fields[at + FINAL_RUNTIME]!;
  }
}

const newCpu = (): CpuRecord => ({
  online: false,
  kcpustat: Object.fromEntries(KCPUSTAT_SLOTS.map((slot) => [slot, 0])) as Record<KcpustatSlot, Ns>,
  localTimer: 0,
  reschedule: 0,
  callFunction: 0,
  lines: new Map(),
  softirqs: new Array<number>(NR_SOFTIRQS).fill(0),
});

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

const procCpu = ({ online, kcpustat, softirqs, localTimer, reschedule, callFunction, lines }: CpuRecord, cpu: CpuId): ProcCpu =>
  ({ cpu, online, kcpustat, softirqs, interrupts: { localTimer, reschedule, callFunction, lines } });

function procTask(pid: number, name: string, task: TaskRecord): ProcTask {
  const prev = { utime: task.handedUtime, stime: task.handedStime };
  const adjusted = adjustCputime(task.cputime, task.runtime, prev);
  return {
    pid,
    ppid: task.ppid,
    name,
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
