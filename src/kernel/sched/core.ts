/**
 * The scheduler of one CPU. Everything here happens on that CPU, under its rq.lock; other CPUs send
 * tasks by message (wakeup.ts) and take this lock only to read a task's run time.
 *
 * One switch, in the order that other CPUs rely on:
 *
 *      CPU 0: T goes to sleep                 CPU 1: wakes T
 *      T.state = Sleeping
 *      schedule()
 *        T.state is not Running: dequeue      T.state: Sleeping -> Waking, by cas
 *        next.onCpu = 1                       T.onCpu is 1: T's records are still CPU 0's,
 *        vtime, stack, everything of T        so T must go to CPU 0
 *        T.onCpu = 0        (last)
 *                                             T.onCpu is 0: CPU 0 is done with T,
 *                                             so any CPU may have it
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { CPUMASK_WORDS } from '../../../shared/limits.ts';
import { MessageKind, Rq } from '../../../shared/structs/cpu.ts';
import { Policy, TaskState, type Task } from '../../../shared/structs/task.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { rcuNoteContextSwitch } from '../rcu.ts';
import { schedBalanceNewidle } from './balance.ts';
import { throttleDl, updateCurrDl, wakeupPreemptDl } from './dl-entity.ts';
import { calcGlobalLoadTick } from './loadavg.ts';
import { updateLoadSum } from './pelt.ts';
import { SchedClass, classOf, taskPrio } from './prio.ts';
import { beginTurn, taskTickRt, turnIsOver, wakeupPreemptRt } from './rt.ts';
import { runnableCurr } from './run-list.ts';
import { dequeueCurr, pickNextTask, putPrevTask, setNextTask, updateRqClock } from './runqueue.ts';
import { isAllowed, moveQueuedTask, selectTaskRq } from './select-task-rq.ts';

/** `prev_state` as sched_switch shows it. @linux include/linux/sched.h TASK_RUNNING and friends */
const PREV_STATE = { running: 0, sleeping: 1, uninterruptible: 2, dead: 128 } as const;

/** The CPU begins as its own idle task. @linux kernel/sched/core.c sched_init, init_idle */
export function schedInit(cpu: KernelCpu): void {
  const { rq } = cpu;
  lockRq(cpu);
  rq.head = NONE;
  rq.nrRunning = 0;
  rq.nrSwitches = 0;
  rq.minVruntime = 0;
  updateRqClock(cpu);
  initIdle(cpu, cpu.image.tasks[cpu.idle]!);
  rq.curr = cpu.idle;
  unlockRq(cpu);
}

function initIdle(cpu: KernelCpu, t: Task): void {
  t.declaration = -1;
  t.policy = Policy.Other;
  t.nice = 0;
  t.cpu = cpu.id;
  t.onRq = 1;
  t.onCpu = 1;
  t.execStart = cpu.rq.clock;
  for (let i = 0; i < CPUMASK_WORDS; i++) t.setAllowed(i, i === cpu.id >>> 5 ? 1 << (cpu.id & 31) : 0);
  t.state = TaskState.Running;
}

/**
 * Gives the CPU to the task that deserves it. Caller: in the kernel, no lock held. A task that no
 * longer wants to run has set its state before; a wake-up of this CPU that came in between has set
 * it back, and it stays.
 * @linux kernel/sched/core.c __schedule
 */
export function schedule(cpu: KernelCpu): void {
  const prev = cpu.rq.curr;
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  cpu.state.needResched = 0;
  const prevState = stopPrev(cpu, prev);
  const leaves = prevState === PREV_STATE.running && mustMove(cpu, prev);
  if (leaves) dequeueCurr(cpu);
  const next = pickNextTask(cpu);
  if (next === cpu.idle && prev !== next) schedBalanceNewidle(cpu);
  if (next === prev) keepRunning(cpu, prev);
  else contextSwitch(cpu, prev, next, prevState);
  unlockRq(cpu);
  // its state is Running and it is on no queue: nobody but the receiver of this message touches it
  if (leaves) moveQueuedTask(cpu, prev, selectTaskRq(cpu, prev));
}

/** Takes the running task off the queue if it sleeps, is dead or has no budget; returns its `prev_state`. */
function stopPrev(cpu: KernelCpu, prev: TaskId): number {
  if (prev === cpu.idle) return PREV_STATE.running;
  const t = cpu.image.tasks[prev]!;
  const { state } = t;
  if (state !== TaskState.Running) dequeueCurr(cpu);
  else if (outOfBudget(cpu, prev) && throttleDl(cpu, prev)) dequeueCurr(cpu);
  if (state === TaskState.Running) return PREV_STATE.running;
  if (t.inIowait !== 0) cpu.memory.add(cpu.rq.base + Rq.at.nrIowait, 1);
  if (state === TaskState.Dead) return PREV_STATE.dead;
  return t.inIowait !== 0 ? PREV_STATE.uninterruptible : PREV_STATE.sleeping;
}

/** A task that leaves this CPU takes its debt along instead. */
function outOfBudget(cpu: KernelCpu, task: TaskId): boolean {
  const t = cpu.image.tasks[task]!;
  return classOf(cpu.image, task) === SchedClass.Dl && t.dlBudget <= 0 && isAllowed(t, cpu.id);
}

/** Its affinity has changed under it. */
function mustMove(cpu: KernelCpu, task: TaskId): boolean {
  return task !== cpu.idle && !isAllowed(cpu.image.tasks[task]!, cpu.id);
}

function keepRunning(cpu: KernelCpu, curr: TaskId): void {
  const t = cpu.image.tasks[curr]!;
  if (classOf(cpu.image, curr) === SchedClass.Rt && turnIsOver(t)) beginTurn(cpu, t);
}

/** @linux kernel/sched/core.c context_switch */
function contextSwitch(cpu: KernelCpu, prev: TaskId, next: TaskId, prevState: number): void {
  const { rq, image, arch } = cpu;
  const prevTask = image.tasks[prev]!;
  const preempted = runnableCurr(cpu) === prev;
  setNextTask(cpu, next);
  if (preempted) putPrevTask(cpu, prev);
  rq.curr = next;
  rq.nrSwitches += 1;
  rcuNoteContextSwitch(cpu);
  if (prevState === PREV_STATE.running) prevTask.nivcsw += 1;
  else prevTask.nvcsw += 1;
  arch.trace6(Event.sched_switch, prev, taskPrio(image, prev), prevState, next, taskPrio(image, next));
  image.tasks[next]!.onCpu = 1;
  // accounts and truth change hands at the instant of the pick; what the switch costs is the next one's
  cpu.accounting.taskSwitch(cpu, prev, next);
  arch.switchTo(next);
  arch.spend(Path.ContextSwitch);
  prevTask.onCpu = 0;
}

/** Asks for `schedule()` on the way out of the kernel. @linux kernel/sched/core.c resched_curr */
export function reschedCurr(cpu: KernelCpu): void {
  cpu.state.needResched = 1;
}

/** A timer was put on the wheel of a CPU that sleeps without a tick. @linux kernel/sched/core.c wake_up_nohz_cpu */
export function wakeUpNohzCpu(cpu: KernelCpu, target: CpuId): void {
  if (target === cpu.id) return;
  cpu.arch.spend(Path.SendIpi);
  cpu.arch.send(target, MessageKind.Reschedule, NONE, 0);
}

/** Called by the tick, interrupts off. @linux kernel/sched/core.c sched_tick */
export function schedTick(cpu: KernelCpu): void {
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  if (classTick(cpu, cpu.rq.curr)) reschedCurr(cpu);
  calcGlobalLoadTick(cpu);
  unlockRq(cpu);
}

/** Whether the running task's turn is over. @linux kernel/sched/sched.h sched_class.task_tick */
function classTick(cpu: KernelCpu, curr: TaskId): boolean {
  const t = cpu.image.tasks[curr]!;
  switch (classOf(cpu.image, curr)) {
    case SchedClass.Rt: return taskTickRt(cpu, t);
    case SchedClass.Fair: return cpu.fair.tick(cpu, t);
    default: return false;
  }
}

/**
 * Charges the running task up to the rq clock. Caller holds rq.lock and has updated that clock.
 * The idle task's run time is not counted.
 * @linux kernel/sched/fair.c update_curr_common
 */
export function updateCurr(cpu: KernelCpu): void {
  const { curr, clock } = cpu.rq;
  if (curr === cpu.idle) return;
  const t = cpu.image.tasks[curr]!;
  const delta = clock - t.execStart;
  if (delta <= 0) return;
  t.execStart = clock;
  t.sumExecRuntime += delta;
  updateLoadSum(cpu.rq, clock - delta, false);
  updateLoadSum(cpu.rq, clock, true);
  cpu.arch.trace(Event.sched_stat_runtime, curr, delta);
  if (chargeClass(cpu, curr, t, delta)) reschedCurr(cpu);
}

/** Returns whether the class wants another look at who shall run. */
function chargeClass(cpu: KernelCpu, curr: TaskId, t: Task, delta: Ns): boolean {
  switch (classOf(cpu.image, curr)) {
    case SchedClass.Dl: return updateCurrDl(t, delta);
    case SchedClass.Fair: return cpu.fair.charge(cpu, t, delta);
    default: return false;
  }
}

/**
 * Whether a task that has come to the queue makes the running one yield. Caller holds rq.lock.
 * @linux kernel/sched/core.c wakeup_preempt
 */
export function wakeupPreempt(cpu: KernelCpu, woken: TaskId): void {
  const { image } = cpu;
  const { curr } = cpu.rq;
  const ahead = classOf(image, woken) - classOf(image, curr);
  if (ahead > 0 || (ahead === 0 && preemptsEqual(cpu, woken, curr))) reschedCurr(cpu);
}

function preemptsEqual(cpu: KernelCpu, woken: TaskId, curr: TaskId): boolean {
  const { tasks } = cpu.image;
  switch (classOf(cpu.image, curr)) {
    case SchedClass.Dl: return wakeupPreemptDl(tasks[woken]!, tasks[curr]!);
    case SchedClass.Rt: return wakeupPreemptRt(tasks[woken]!, tasks[curr]!);
    default: return cpu.fair.preempts(cpu, woken);
  }
}

/**
 * A task's run time by the scheduler's clock, the stretch under way included. Any CPU may ask,
 * without a lock held that nests below rq.lock.
 *
 * For a task that runs, sumExecRuntime and execStart must be of one moment, hence its queue's lock.
 * For one that does not, the sum in memory is all there is.
 * @linux kernel/sched/core.c task_sched_runtime
 */
export function taskSchedRuntime(cpu: KernelCpu, task: TaskId): Ns {
  const { image, arch } = cpu;
  const t = image.tasks[task]!;
  const on = t.cpu;
  const rq = image.rqs[on]!;
  if (task < image.map.shape.cpus || rq.curr !== task) return t.sumExecRuntime;
  spinLock(cpu, rq.lock, LockClass.Rq, on);
  // it may have been switched out, or have moved, since: then execStart says nothing
  const pending = rq.curr === task ? Math.max(0, arch.schedClockCpu(on) - t.execStart) : 0;
  const total = t.sumExecRuntime + pending;
  spinUnlock(cpu, rq.lock, LockClass.Rq, on);
  return total;
}

/** @linux kernel/sched/sched.h rq_lock */
export function lockRq(cpu: KernelCpu): void {
  spinLock(cpu, cpu.rq.lock, LockClass.Rq, cpu.id);
}

/** @linux kernel/sched/sched.h rq_unlock */
export function unlockRq(cpu: KernelCpu): void {
  spinUnlock(cpu, cpu.rq.lock, LockClass.Rq, cpu.id);
}
