/**
 * The fair class: each task gets run time in proportion to its weight. What its policies share is
 * here; a kernel version has one of two: `cfs.ts` (until 6.5) or `eevdf.ts`. Both give each task a
 * vruntime, its run time stretched by its weight. Left out of both: group scheduling.
 *
 * All numbers are integers; a weighted sum stays below 2^53, since vruntimes of one queue stand near
 * each other.
 */
import type { Task } from '../../../shared/structs/task.ts';
import { NONE, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { NICE_0_LOAD, SchedClass, classOf, weightOf } from './prio.ts';
import { firstRunnable, nextRunnable } from './run-list.ts';

/** One policy of the class. Callers hold rq.lock and have charged the running task. */
export interface FairClass {
  /** How long the task may ask to run at a time. */
  sliceOf(cpu: KernelCpu, t: Task): Ns;
  /** Places a task that comes to the queue, which does not count it yet; `initial`: it is new. */
  place(cpu: KernelCpu, t: Task, initial: boolean): void;
  /** Notes what a task that leaves must take along, while the queue still counts it. */
  leave(cpu: KernelCpu, t: Task): void;
  /** The task has come from another CPU; `place` follows. */
  migrate(cpu: KernelCpu, t: Task): void;
  /** Charges the running task `delta` ns. Whether it must make room. */
  charge(cpu: KernelCpu, t: Task, delta: Ns): boolean;
  /** The tick's look at the running task. Whether it must make room. */
  tick(cpu: KernelCpu, t: Task): boolean;
  /** The task to run, `NONE` if there is none. */
  pick(cpu: KernelCpu): TaskId;
  /** The picked task stops waiting. */
  setNext(cpu: KernelCpu, t: Task): void;
  /** The running task has just entered the class. */
  enter(cpu: KernelCpu, t: Task): void;
  /** Whether the woken task preempts the running one, both fair. */
  preempts(cpu: KernelCpu, woken: TaskId): boolean;
  /** The running task lets others go first. */
  yield(cpu: KernelCpu, t: Task): void;
}

/** `delta` ns of run time in vruntime. @linux kernel/sched/fair.c calc_delta_fair */
export function calcDeltaFair(delta: Ns, weight: number): Ns {
  return weight === NICE_0_LOAD ? delta : Math.floor((delta * NICE_0_LOAD) / weight);
}

/** Latencies grow with the logarithm of the CPUs, up to 8 of them. @linux kernel/sched/fair.c get_update_sysctl_factor */
export function cpuFactor(cpus: number): number {
  return 1 + Math.floor(Math.log2(Math.min(cpus, 8)));
}

/** @linux kernel/sched/sched.h task_has_fair_policy */
export function isFair(cpu: KernelCpu, task: TaskId): boolean {
  return classOf(cpu.image, task) === SchedClass.Fair;
}

/** Sum of the weights of all runnable fair tasks. @linux kernel/sched/sched.h cfs_rq.load */
export function fairLoad(cpu: KernelCpu): number {
  let load = 0;
  for (let task = firstRunnable(cpu); task !== NONE; task = nextRunnable(cpu, task)) {
    if (isFair(cpu, task)) load += weightOf(cpu.image.tasks[task]!);
  }
  return load;
}

/** Lets the floor follow the smallest vruntime; it never moves back. @linux kernel/sched/fair.c update_min_vruntime */
export function updateMinVruntime(cpu: KernelCpu): void {
  let least = Infinity;
  for (let task = firstRunnable(cpu); task !== NONE; task = nextRunnable(cpu, task)) {
    if (isFair(cpu, task)) least = Math.min(least, cpu.image.tasks[task]!.vruntime);
  }
  if (least !== Infinity && least > cpu.rq.minVruntime) cpu.rq.minVruntime = least;
}
