/** Facts of priority: classes, the numbers that traces show, the weights of nice values. */
import { Policy, type Task } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelImage } from '../image.ts';

/** Scheduling classes; the higher one always runs first. @linux kernel/sched/sched.h for_each_class */
export const SchedClass = { Idle: 0, Fair: 1, Rt: 2, Dl: 3 } as const;
export type SchedClass = (typeof SchedClass)[keyof typeof SchedClass];

/** @linux include/linux/sched/prio.h DEFAULT_PRIO, MAX_RT_PRIO */
const DEFAULT_PRIO = 120;
const MAX_RT_PRIO = 100;

/** Weight of nice 0: a task of this weight has vruntime equal to its run time. @linux kernel/sched/sched.h NICE_0_LOAD */
export const NICE_0_LOAD = 1024;
/** @linux kernel/sched/sched.h WEIGHT_IDLEPRIO */
const WEIGHT_IDLEPRIO = 3;
/** Each step is worth about 10 % of the CPU. @linux kernel/sched/core.c sched_prio_to_weight */
const PRIO_TO_WEIGHT: readonly number[] = [
  88761, 71755, 56483, 46273, 36291,
  29154, 23254, 18705, 14949, 11916,
  9548, 7620, 6100, 4904, 3906,
  3121, 2501, 1991, 1586, 1277,
  1024, 820, 655, 526, 423,
  335, 272, 215, 172, 137,
  110, 87, 70, 56, 45,
  36, 29, 23, 18, 15,
];
const NICE_MIN = -20;

/** Class of a policy; `Idle` is only for the idle tasks, SCHED_IDLE is fair. @linux kernel/sched/core.c __setscheduler_class */
function classOfPolicy(policy: number): SchedClass {
  if (policy === Policy.Deadline) return SchedClass.Dl;
  if (policy === Policy.Fifo || policy === Policy.Rr) return SchedClass.Rt;
  return SchedClass.Fair;
}

/** @linux kernel/sched/sched.h task_struct.sched_class */
export function classOf(image: KernelImage, task: TaskId): SchedClass {
  if (task < image.map.shape.cpus) return SchedClass.Idle;
  return classOfPolicy(image.tasks[task]!.policy);
}

/**
 * The kernel's own priority, as tracepoints show it: -1 deadline, 0 .. 98 real time, 100 .. 139 fair.
 * @linux kernel/sched/syscalls.c __normal_prio
 */
export function taskPrio(image: KernelImage, task: TaskId): number {
  const t = image.tasks[task]!;
  switch (classOf(image, task)) {
    case SchedClass.Dl: return -1;
    case SchedClass.Rt: return MAX_RT_PRIO - 1 - t.rtPriority;
    default: return DEFAULT_PRIO + t.nice;
  }
}

/** Share of a task of the fair class. @linux kernel/sched/core.c set_load_weight */
export function weightOf(t: Task): number {
  return t.policy === Policy.Idle ? WEIGHT_IDLEPRIO : PRIO_TO_WEIGHT[t.nice - NICE_MIN]!;
}
