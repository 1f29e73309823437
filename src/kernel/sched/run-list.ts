/**
 * The list of a CPU's runnable tasks that wait: one chain through the task records, whatever their
 * class, because runs have tens of tasks on a CPU and not thousands. Order in it is order of arrival,
 * which is what equal priorities go by. The running task is not in it.
 *
 * Writers: this CPU, under its rq.lock.  Readers: this CPU.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** @linux include/linux/list.h list_add */
export function linkHead(cpu: KernelCpu, task: TaskId): void {
  cpu.image.tasks[task]!.rqNext = cpu.rq.head;
  cpu.rq.head = task;
}

/** @linux include/linux/list.h list_add_tail */
export function linkTail(cpu: KernelCpu, task: TaskId): void {
  const { tasks } = cpu.image;
  const { head } = cpu.rq;
  if (head === NONE) return linkHead(cpu, task);
  let last = head;
  for (let next = head; next !== NONE; next = tasks[last]!.rqNext) last = next;
  tasks[task]!.rqNext = NONE;
  tasks[last]!.rqNext = task;
}

/** @linux include/linux/list.h list_del */
export function unlink(cpu: KernelCpu, task: TaskId): void {
  const { tasks } = cpu.image;
  const after = tasks[task]!.rqNext;
  if (cpu.rq.head === task) {
    cpu.rq.head = after;
    return;
  }
  let before = cpu.rq.head;
  while (before !== NONE && tasks[before]!.rqNext !== task) before = tasks[before]!.rqNext;
  if (before === NONE) throw new KernelBug(`task ${task} is not in the run queue of CPU ${cpu.id}; usual cause: it was dequeued twice`);
  tasks[before]!.rqNext = after;
}

/**
 * The running task while it is runnable; `NONE` for the idle task and for one that is on its way out.
 * @linux kernel/sched/sched.h task_on_rq_queued
 */
export function runnableCurr(cpu: KernelCpu): TaskId {
  const { curr } = cpu.rq;
  return curr !== cpu.idle && cpu.image.tasks[curr]!.onRq === 1 ? curr : NONE;
}

/** First of all runnable tasks, the running one before those that wait. @dynticks Linux's classes have trees of their own */
export function firstRunnable(cpu: KernelCpu): TaskId {
  const curr = runnableCurr(cpu);
  return curr === NONE ? cpu.rq.head : curr;
}

/** The one after `task` in that order. @dynticks see firstRunnable */
export function nextRunnable(cpu: KernelCpu, task: TaskId): TaskId {
  return task === cpu.rq.curr ? cpu.rq.head : cpu.image.tasks[task]!.rqNext;
}
