/**
 * Where each CPU's and each task's time went, by the machine's own log of contexts: from one
 * `context` event of a CPU to its next, the CPU is in that mode for that task.
 */
import { Mode } from '../../shared/events.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';

const MODES = Object.keys(Mode).length;
const NOT_STARTED = -1;

export class ContextTimes {
  private readonly since: Float64Array;
  private readonly mode: Uint8Array;
  private readonly task: Int32Array;
  private readonly started: Float64Array;
  private readonly ofCpu: Float64Array;
  private readonly ofTask: Float64Array;
  /** how many CPUs a task is on: 1 or 0, were it not for streams that are cut short */
  private readonly running: Uint8Array;

  constructor(cpus: number, tasks: number) {
    this.since = new Float64Array(cpus);
    this.mode = new Uint8Array(cpus);
    this.task = new Int32Array(cpus);
    this.started = new Float64Array(cpus).fill(NOT_STARTED);
    this.ofCpu = new Float64Array(cpus * MODES);
    this.ofTask = new Float64Array(tasks * MODES);
    this.running = new Uint8Array(tasks);
  }

  /** From `t` on, `cpu` is in `mode` for `task`. */
  enter(cpu: CpuId, t: Ns, mode: Mode, task: TaskId): void {
    if (this.started[cpu] === NOT_STARTED) this.started[cpu] = t;
    else this.leave(cpu, t);
    this.since[cpu] = t;
    this.mode[cpu] = mode;
    this.task[cpu] = task;
    this.running[task] = 1;
  }

  /** Closes what is under way at `end`. A CPU whose last event ran past `end` keeps its own clock. */
  finish(end: Ns): void {
    for (let cpu = 0; cpu < this.since.length; cpu++) {
      if (this.started[cpu] === NOT_STARTED) continue;
      const closed = Math.max(end, this.since[cpu]!);
      this.leave(cpu, closed);
      this.since[cpu] = closed;
      this.running[this.task[cpu]!] = 1;
    }
  }

  cpuTime(cpu: CpuId, mode: Mode): Ns {
    return this.ofCpu[cpu * MODES + mode]!;
  }

  taskTime(task: TaskId, mode: Mode): Ns {
    return this.ofTask[task * MODES + mode]!;
  }

  isRunning(task: TaskId): boolean {
    return this.running[task] === 1;
  }

  /** When the CPU executed its first instruction; `end` for one that never did. */
  startOf(cpu: CpuId, end: Ns): Ns {
    const started = this.started[cpu]!;
    return started === NOT_STARTED ? end : started;
  }

  private leave(cpu: CpuId, t: Ns): void {
    const span = t - this.since[cpu]!;
    const task = this.task[cpu]!;
    const mode = this.mode[cpu]!;
    this.ofCpu[cpu * MODES + mode]! += span;
    this.ofTask[task * MODES + mode]! += span;
    this.running[task] = 0;
  }
}
