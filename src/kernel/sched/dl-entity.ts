/**
 * SCHED_DEADLINE: the earliest absolute deadline runs; a constant bandwidth server bounds each task
 * to `dlRuntime` in each `dlPeriod`.
 *
 *     budget          |\                      |\
 *     (dlBudget)      | \      throttled      | \
 *                 0 --+--\--------------------+--\------
 *                     period k                period k+1 = deadline - dlDeadline + dlPeriod: the timer
 *
 * As in Linux without HRTICK (its default), the end of a budget is noticed at a tick or at a switch,
 * so a task may overrun by a tick; the debt is taken off the budgets that follow. Admission is not
 * tested here. Left out: reclaiming (GRUB), inheritance, moving tasks between CPUs.
 */
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { Task } from '../../../shared/structs/task.ts';
import { HrtimerFunction, HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import { NONE, type Ns, type TaskId } from '../../../shared/units.ts';
import { deadlineTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { hrtimerInit, hrtimerStart } from '../time/hrtimer.ts';
import { ktimeGet } from '../time/timekeeping.ts';
import { SchedClass, classOf } from './prio.ts';
import { runnableCurr } from './run-list.ts';

/** Products of two times are compared at this resolution. @linux kernel/sched/deadline.c dl_entity_overflow DL_SCALE */
const DL_SCALE = 1024;
/** Fixed point of a density. @linux kernel/sched/sched.h BW_UNIT */
const BW_UNIT = 2 ** 20;
/** A throttled task stays on its CPU, whose run queue no other touches. */
const DL_TIMER = HrtimerMode.Pinned | HrtimerMode.Hard;

/** A full budget from now on. @linux kernel/sched/deadline.c replenish_dl_new_period */
export function newPeriod(t: Task, clock: Ns): void {
  t.deadline = clock + t.dlDeadline;
  t.dlBudget = t.dlRuntime;
}

/** When the budget of the present period is followed by the next one. @linux kernel/sched/deadline.c dl_next_period */
function dlNextPeriod(t: Task): Ns {
  return t.deadline - t.dlDeadline + t.dlPeriod;
}

/**
 * As many periods further as it takes to pay the debt; a task that is late even so starts afresh.
 * @linux kernel/sched/deadline.c replenish_dl_entity
 */
export function replenish(t: Task, clock: Ns): void {
  const periods = t.dlBudget > 0 ? 0 : 1 + Math.floor(-t.dlBudget / t.dlRuntime);
  t.deadline += periods * t.dlPeriod;
  t.dlBudget += periods * t.dlRuntime;
  if (t.deadline < clock) newPeriod(t, clock);
}

/** Charges the running task; true: its budget is used up. @linux kernel/sched/deadline.c update_curr_dl */
export function updateCurrDl(t: Task, delta: Ns): boolean {
  t.dlBudget -= delta;
  return t.dlBudget <= 0;
}

/**
 * The wake-up rule of a constant bandwidth server: the old budget may be used until the old
 * deadline only if that does not exceed the task's bandwidth.
 * @linux kernel/sched/deadline.c update_dl_entity
 */
export function wakeUpDl(t: Task, clock: Ns): void {
  // it overran and slept through the end of that period: the debt is not forgiven
  if (t.dlBudget <= 0 && dlNextPeriod(t) <= clock) replenish(t, clock);
  const late = t.deadline < clock;
  if (late && clock < dlNextPeriod(t)) {
    // a deadline shorter than the period: nothing before the next period
    t.dlBudget = Math.min(0, t.dlBudget);
  } else if (late || (overflows(t, clock) && t.dlDeadline === t.dlPeriod)) {
    newPeriod(t, clock);
  } else if (overflows(t, clock)) {
    t.dlBudget = Math.floor((density(t) * (t.deadline - clock)) / BW_UNIT);
  }
}

/** Whether budget / time left is more than runtime / deadline. @linux kernel/sched/deadline.c dl_entity_overflow */
function overflows(t: Task, clock: Ns): boolean {
  return scaled(t.dlDeadline) * scaled(t.dlBudget) > scaled(t.deadline - clock) * scaled(t.dlRuntime);
}

function scaled(ns: Ns): number {
  return Math.floor(ns / DL_SCALE);
}

/** @linux kernel/sched/core.c to_ratio */
function density(t: Task): number {
  return Math.floor((t.dlRuntime * BW_UNIT) / t.dlDeadline);
}

/**
 * Puts a task without budget to rest until its next period. False: that has begun already, the task
 * has a budget again and goes on. Caller holds rq.lock. The timer stays on this CPU, where a
 * throttled task stays too: it is runnable, so nobody wakes it elsewhere.
 * @linux kernel/sched/deadline.c start_dl_timer
 */
export function throttleDl(cpu: KernelCpu, task: TaskId): boolean {
  const t = cpu.image.tasks[task]!;
  const { clock } = cpu.rq;
  const resume = dlNextPeriod(t);
  if (resume <= clock) {
    replenish(t, clock);
    return false;
  }
  t.dlThrottled = 1;
  const timer = deadlineTimerOf(cpu.image, task);
  const expires = resume - clock + ktimeGet(cpu);
  hrtimerInit(cpu, timer, ClockId.Monotonic, DL_TIMER, HrtimerFunction.DlTaskTimer, task);
  hrtimerStart(cpu, timer, expires, expires, DL_TIMER);
  return true;
}

/**
 * The deadline task to run, `NONE` if there is none. Equals: the running one, then first come.
 * @linux kernel/sched/deadline.c pick_next_dl_entity
 */
export function pickDl(cpu: KernelCpu): TaskId {
  const { tasks } = cpu.image;
  const curr = runnableCurr(cpu);
  let best: TaskId = curr !== NONE && classOf(cpu.image, curr) === SchedClass.Dl ? curr : NONE;
  for (let task = cpu.rq.head; task !== NONE; task = tasks[task]!.rqNext) {
    if (classOf(cpu.image, task) !== SchedClass.Dl) continue;
    if (best === NONE || tasks[task]!.deadline < tasks[best]!.deadline) best = task;
  }
  return best;
}

/** @linux kernel/sched/deadline.c wakeup_preempt_dl */
export function wakeupPreemptDl(woken: Task, curr: Task): boolean {
  return woken.deadline < curr.deadline;
}

/** Gives the rest of the budget up. @linux kernel/sched/deadline.c yield_task_dl */
export function yieldDl(t: Task): void {
  t.dlBudget = Math.min(0, t.dlBudget);
}
