/**
 * SCHED_FIFO and SCHED_RR. The highest priority runs; among equals first come, first served. A
 * preempted task goes back before its equals, one whose turn is over behind them: `rrLeft` 0 says
 * that the turn is over, because SCHED_RR's slice is used or because the task yielded.
 *
 * Left out: throttling of the class (sched_rt_runtime_us), pushing and pulling between CPUs.
 */
import { Policy, type Task } from '../../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { SchedClass, classOf } from './prio.ts';
import { runnableCurr } from './run-list.ts';

/** A task begins a turn unless it was interrupted in one. @linux kernel/sched/rt.c task_tick_rt, sched_rr_timeslice */
export function beginTurn(cpu: KernelCpu, t: Task): void {
  if (t.rrLeft === 0) t.rrLeft = cpu.config.version.rrTimesliceNs;
}

/** @dynticks Linux moves the task in its list at once; here the running task is in no list */
export function turnIsOver(t: Task): boolean {
  return t.rrLeft === 0;
}

/** The turn is over, whatever is left of it. @linux kernel/sched/rt.c yield_task_rt */
export function endTurn(t: Task): void {
  t.rrLeft = 0;
}

/**
 * Counts one tick off the slice; a slice is a whole number of ticks. Returns whether an equal must
 * run now.
 * @linux kernel/sched/rt.c task_tick_rt
 */
export function taskTickRt(cpu: KernelCpu, t: Task): boolean {
  const { tickNs } = cpu.config;
  if (t.policy !== Policy.Rr || turnIsOver(t)) return false;
  const left = t.rrLeft - tickNs;
  if (left >= tickNs) {
    t.rrLeft = left;
    return false;
  }
  endTurn(t);
  const rival = pickWaitingRt(cpu);
  if (rival !== NONE && cpu.image.tasks[rival]!.rtPriority >= t.rtPriority) return true;
  beginTurn(cpu, t);
  return false;
}

/** The first of the highest priority among those that wait. */
function pickWaitingRt(cpu: KernelCpu): TaskId {
  const { tasks } = cpu.image;
  let best: TaskId = NONE;
  for (let task = cpu.rq.head; task !== NONE; task = tasks[task]!.rqNext) {
    if (classOf(cpu.image, task) !== SchedClass.Rt) continue;
    if (best === NONE || tasks[task]!.rtPriority > tasks[best]!.rtPriority) best = task;
  }
  return best;
}

/** The real-time task to run, `NONE` if there is none. @linux kernel/sched/rt.c pick_next_rt_entity */
export function pickRt(cpu: KernelCpu): TaskId {
  const { tasks } = cpu.image;
  const best = pickWaitingRt(cpu);
  const curr = runnableCurr(cpu);
  if (curr === NONE || classOf(cpu.image, curr) !== SchedClass.Rt) return best;
  if (best === NONE) return curr;
  const c = tasks[curr]!;
  const ahead = tasks[best]!.rtPriority - c.rtPriority;
  return ahead > 0 || (ahead === 0 && turnIsOver(c)) ? best : curr;
}

/** @linux kernel/sched/rt.c wakeup_preempt_rt */
export function wakeupPreemptRt(woken: Task, curr: Task): boolean {
  return woken.rtPriority > curr.rtPriority;
}
