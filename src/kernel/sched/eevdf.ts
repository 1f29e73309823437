/**
 * EEVDF, the fair class as in 6.12. Each task has a vruntime (its run time, stretched by its weight)
 * and asks for a slice at a time; the virtual deadline of a request is where its vruntime will be
 * when the slice is used. Of the tasks that have had no more than their share (vruntime <= the
 * weighted average), the one with the earliest virtual deadline runs, and it keeps the CPU until its
 * slice is used (RUN_TO_PARITY), unless a shorter slice wakes up (PREEMPT_SHORT).
 *
 * A task that leaves takes its lag along (average - vruntime, bounded) and is placed by it when it
 * comes back; so vruntimes of two CPUs are never compared. Left out: delayed dequeue, with which a
 * sleeper of negative lag pays its debt on the queue.
 */
import { Policy, type Task } from '../../../shared/structs/task.ts';
import { NONE, NSEC_PER_MSEC, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelConfig } from '../config.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { calcDeltaFair, cpuFactor, fairLoad, isFair, updateMinVruntime, type FairClass } from './fair.ts';
import { weightOf } from './prio.ts';
import { firstRunnable, nextRunnable, runnableCurr } from './run-list.ts';

/** Bounds of a slice that a task asks for itself. @linux kernel/sched/fair.c __setparam_fair */
const SLICE_MIN: Ns = NSEC_PER_MSEC / 10;
const SLICE_MAX: Ns = NSEC_PER_MSEC * 100;

/** Slice of a machine of so many CPUs. @linux kernel/sched/fair.c get_update_sysctl_factor */
export function baseSlice(config: KernelConfig, cpus: number): Ns {
  return config.version.baseSliceNs * cpuFactor(cpus);
}

/** For a fair task `dlRuntime` is the slice it asked for; 0: none. @linux kernel/sched/fair.c update_deadline, __setparam_fair */
function sliceOf(cpu: KernelCpu, t: Task): Ns {
  const asked = t.dlRuntime;
  if (asked === 0) return baseSlice(cpu.config, cpu.image.map.shape.cpus);
  return Math.max(SLICE_MIN, Math.min(SLICE_MAX, asked));
}

/**
 * The weighted average of the vruntimes of all runnable fair tasks, rounded down; where the class
 * stood last when there is none.
 * @linux kernel/sched/fair.c avg_vruntime
 */
export function avgVruntime(cpu: KernelCpu): Ns {
  const origin = cpu.rq.minVruntime;
  let sum = 0;
  let load = 0;
  for (let task = firstRunnable(cpu); task !== NONE; task = nextRunnable(cpu, task)) {
    if (!isFair(cpu, task)) continue;
    const t = cpu.image.tasks[task]!;
    const weight = weightOf(t);
    sum += weight * (t.vruntime - origin);
    load += weight;
  }
  return load === 0 ? origin : origin + Math.floor(sum / load);
}

/**
 * Charges the running task. Returns whether it must make room: its slice is used, or a shorter one
 * has cancelled its protection and it has had its share.
 * @linux kernel/sched/fair.c update_curr
 */
function charge(cpu: KernelCpu, t: Task, delta: Ns): boolean {
  t.vruntime += calcDeltaFair(delta, weightOf(t));
  const used = updateDeadline(cpu, t);
  if (cpu.rq.nrRunning === 1) return false;
  return used || (!isProtected(t) && t.vruntime > avgVruntime(cpu));
}

/** A used slice begins a new request. @linux kernel/sched/fair.c update_deadline */
function updateDeadline(cpu: KernelCpu, t: Task): boolean {
  if (t.vruntime < t.deadline) return false;
  t.slice = sliceOf(cpu, t);
  t.deadline = t.vruntime + calcDeltaFair(t.slice, weightOf(t));
  return true;
}

/** Whether the running task still runs to parity: its present request was picked and is not used up. */
function isProtected(t: Task): boolean {
  return t.vlag === t.deadline;
}

/** The picked task may use its slice. @linux kernel/sched/fair.c set_next_entity */
function setNext(cpu: KernelCpu, t: Task): void {
  updateMinVruntime(cpu);
  t.vlag = t.deadline;
}

/**
 * Places a task that comes to the queue, which does not count it yet. Its arrival moves the average
 * towards it, so that the lag it is given is larger than the lag it shall have afterwards.
 * @linux kernel/sched/fair.c place_entity
 */
function place(cpu: KernelCpu, t: Task, initial: boolean): void {
  const weight = weightOf(t);
  const load = fairLoad(cpu);
  t.slice = sliceOf(cpu, t);
  const lag = load === 0 ? 0 : Math.trunc((t.vlag * (load + weight)) / load);
  t.vruntime = avgVruntime(cpu) - lag;
  // a newcomer gets half a slice, so that a fork cannot win a whole one
  const vslice = calcDeltaFair(t.slice, weight);
  t.deadline = t.vruntime + (initial ? Math.floor(vslice / 2) : vslice);
}

/** Notes the lag of a task that leaves, while the queue still counts it. @linux kernel/sched/fair.c update_entity_lag */
function leave(cpu: KernelCpu, t: Task): void {
  updateMinVruntime(cpu);
  const limit = calcDeltaFair(Math.max(2 * t.slice, cpu.config.tickNs), weightOf(t));
  t.vlag = Math.max(-limit, Math.min(limit, avgVruntime(cpu) - t.vruntime));
}

/**
 * The fair task to run, `NONE` if there is none. Equal deadlines: the one that waits, first come.
 * @linux kernel/sched/fair.c pick_eevdf
 */
function pick(cpu: KernelCpu): TaskId {
  const { tasks } = cpu.image;
  const average = avgVruntime(cpu);
  const running = runnableCurr(cpu);
  const curr = running !== NONE && isFair(cpu, running) && tasks[running]!.vruntime <= average ? running : NONE;
  if (curr !== NONE && isProtected(tasks[curr]!)) return curr;
  let best: TaskId = NONE;
  for (let task = cpu.rq.head; task !== NONE; task = tasks[task]!.rqNext) {
    if (!isFair(cpu, task) || tasks[task]!.vruntime > average) continue;
    if (best === NONE || tasks[task]!.deadline < tasks[best]!.deadline) best = task;
  }
  if (curr === NONE) return best;
  return best === NONE || tasks[curr]!.deadline < tasks[best]!.deadline ? curr : best;
}

/**
 * Whether the woken fair task preempts the running fair task.
 * @linux kernel/sched/fair.c check_preempt_wakeup_fair
 */
function preempts(cpu: KernelCpu, woken: TaskId): boolean {
  const p = cpu.image.tasks[woken]!;
  const c = cpu.image.tasks[cpu.rq.curr]!;
  const currIsIdle = c.policy === Policy.Idle;
  const wokenIsIdle = p.policy === Policy.Idle;
  if (currIsIdle && !wokenIsIdle) {
    cancelProtection(c);
    return true;
  }
  if (currIsIdle !== wokenIsIdle || p.policy !== Policy.Other) return false;
  if (isShorter(cpu, p, c)) cancelProtection(c);
  return pick(cpu) === woken;
}

/** @linux kernel/sched/fair.c do_preempt_short */
function isShorter(cpu: KernelCpu, p: Task, c: Task): boolean {
  const average = avgVruntime(cpu);
  if (p.slice >= c.slice || p.vruntime > average) return false;
  return p.deadline < c.deadline || c.vruntime > average;
}

function cancelProtection(t: Task): void {
  if (isProtected(t)) t.vlag = t.deadline + 1;
}

/** Gives the rest of the request up and asks for one more behind it. @linux kernel/sched/fair.c yield_task_fair */
function yieldTask(_cpu: KernelCpu, t: Task): void {
  t.deadline += calcDeltaFair(t.slice, weightOf(t));
}

export const eevdf: FairClass = {
  sliceOf, place, leave, charge, pick, setNext, preempts,
  // its lag travels with the task, and a used slice is found when it is charged
  migrate: () => undefined,
  tick: () => false,
  enter: (cpu, t) => {
    place(cpu, t, false);
    t.vlag = t.deadline;
  },
  yield: yieldTask,
};
