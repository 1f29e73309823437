/**
 * CFS, the fair class until 6.5: whoever has the smallest vruntime runs. In a period of the target
 * latency each runnable task gets its share of it; the tick looks whether the running one has had it.
 * A sleeper comes back at most half a latency behind the floor, so that it runs soon and cannot hoard.
 *
 * A vruntime means something on its own queue only: a task that moves takes along how far it stood
 * above the floor (`vlag`). Left out: buddies, which matter with more than eight runnable tasks.
 */
import { Policy, type Task } from '../../../shared/structs/task.ts';
import { NONE, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { calcDeltaFair, cpuFactor, fairLoad, isFair, updateMinVruntime, type FairClass } from './fair.ts';
import { weightOf } from './prio.ts';
import { runnableCurr } from './run-list.ts';

/** Period in which every task shall run once. @linux kernel/sched/fair.c sysctl_sched_latency */
const LATENCY: Ns = 6_000_000;
/** The least that a task runs before the tick may take the CPU from it. @linux kernel/sched/fair.c sysctl_sched_min_granularity */
const MIN_GRANULARITY: Ns = 750_000;
/** A woken task preempts only if it is further behind than this. @linux kernel/sched/fair.c sysctl_sched_wakeup_granularity */
const WAKEUP_GRANULARITY: Ns = 1_000_000;
/** Beyond so many runnable tasks the period grows. @linux kernel/sched/fair.c sched_nr_latency */
const NR_LATENCY = 8;

/** One of the three, for a machine of so many CPUs. @linux kernel/sched/fair.c update_sysctl */
const scaled = (cpu: KernelCpu, ns: Ns): Ns => ns * cpuFactor(cpu.image.map.shape.cpus);

/** @linux kernel/sched/fair.c __sched_period */
function period(cpu: KernelCpu, running: number): Ns {
  return running > NR_LATENCY ? running * scaled(cpu, MIN_GRANULARITY) : scaled(cpu, LATENCY);
}

/** The task's share of the period, on the queue as it is or as it will be with the task. @linux kernel/sched/fair.c sched_slice */
function sliceOf(cpu: KernelCpu, t: Task): Ns {
  const queued = t.onRq !== 0;
  const weight = weightOf(t);
  const load = fairLoad(cpu) + (queued ? 0 : weight);
  const running = cpu.rq.nrRunning + (queued ? 0 : 1);
  return Math.max(scaled(cpu, MIN_GRANULARITY), Math.floor((period(cpu, running) * weight) / load));
}

/** @linux kernel/sched/fair.c place_entity */
function place(cpu: KernelCpu, t: Task, initial: boolean): void {
  updateMinVruntime(cpu);
  const floor = cpu.rq.minVruntime;
  if (initial) t.vruntime = floor + calcDeltaFair(sliceOf(cpu, t), weightOf(t));
  // never gains by being placed
  else t.vruntime = Math.max(t.vruntime, floor - scaled(cpu, LATENCY) / 2);
}

/** @linux kernel/sched/fair.c dequeue_entity */
function leave(cpu: KernelCpu, t: Task): void {
  updateMinVruntime(cpu);
  t.vlag = t.vruntime - cpu.rq.minVruntime;
}

/** @linux kernel/sched/fair.c migrate_task_rq_fair */
function migrate(cpu: KernelCpu, t: Task): void {
  t.vruntime = cpu.rq.minVruntime + t.vlag;
}

/** @linux kernel/sched/fair.c update_curr */
function charge(_cpu: KernelCpu, t: Task, delta: Ns): boolean {
  t.vruntime += calcDeltaFair(delta, weightOf(t));
  return false;
}

/** @linux kernel/sched/fair.c check_preempt_tick */
function tick(cpu: KernelCpu, t: Task): boolean {
  if (cpu.rq.nrRunning < 2) return false;
  const ideal = Math.min(sliceOf(cpu, t), scaled(cpu, LATENCY));
  const ran = t.sumExecRuntime - t.pickedAt;
  if (ran > ideal) return true;
  if (ran < scaled(cpu, MIN_GRANULARITY)) return false;
  const first = leftmost(cpu);
  return first !== NONE && t.vruntime - cpu.image.tasks[first]!.vruntime > ideal;
}

/** The smallest vruntime of those that wait; first come among equals. @linux kernel/sched/fair.c __pick_first_entity */
function leftmost(cpu: KernelCpu): TaskId {
  const { tasks } = cpu.image;
  let best: TaskId = NONE;
  for (let task = cpu.rq.head; task !== NONE; task = tasks[task]!.rqNext) {
    if (isFair(cpu, task) && (best === NONE || tasks[task]!.vruntime < tasks[best]!.vruntime)) best = task;
  }
  return best;
}

/** @linux kernel/sched/fair.c pick_next_entity */
function pick(cpu: KernelCpu): TaskId {
  const { tasks } = cpu.image;
  const first = leftmost(cpu);
  const running = runnableCurr(cpu);
  if (running === NONE || !isFair(cpu, running)) return first;
  if (first === NONE) return running;
  return tasks[running]!.vruntime < tasks[first]!.vruntime ? running : first;
}

/** @linux kernel/sched/fair.c set_next_entity */
function setNext(cpu: KernelCpu, t: Task): void {
  updateMinVruntime(cpu);
  t.pickedAt = t.sumExecRuntime;
}

/** @linux kernel/sched/fair.c check_preempt_wakeup */
function preempts(cpu: KernelCpu, woken: TaskId): boolean {
  const p = cpu.image.tasks[woken]!;
  const c = cpu.image.tasks[cpu.rq.curr]!;
  if (c.policy === Policy.Idle && p.policy !== Policy.Idle) return true;
  if (p.policy !== Policy.Other) return false;
  return c.vruntime - p.vruntime > calcDeltaFair(scaled(cpu, WAKEUP_GRANULARITY), weightOf(p));
}

/** Whoever waits with the smallest vruntime goes first, this once. @linux kernel/sched/fair.c yield_task_fair */
function yieldTask(cpu: KernelCpu, t: Task): void {
  const first = leftmost(cpu);
  // Linux skips the task in the next pick; standing just behind the first comes to the same
  if (first !== NONE) t.vruntime = Math.max(t.vruntime, cpu.image.tasks[first]!.vruntime);
}

export const cfs: FairClass = {
  sliceOf, place, leave, migrate, charge, tick, pick, setNext, preempts,
  enter: (cpu, t) => {
    // from another class, whose run time never moved it: it begins at the floor
    t.vruntime = cpu.rq.minVruntime;
    place(cpu, t, false);
    t.pickedAt = t.sumExecRuntime;
  },
  yield: yieldTask,
};
