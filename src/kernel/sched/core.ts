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
import { IrqWork, MessageKind, Rq, TickFlag } from '../../../shared/structs/cpu.ts';
import { Policy, TaskState, type Task } from '../../../shared/structs/task.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { irqWorkQueueOn } from '../irq/irq-work.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { rcuNoteContextSwitch } from '../rcu.ts';
import { schedBalanceNewidle, updateAvgIdle } from './balance.ts';
import { throttleDl, updateCurrDl, wakeupPreemptDl } from './dl-entity.ts';
import { calcGlobalLoadTick, calcLoadNohzRemote } from './loadavg.ts';
import { updateLoadSum } from './pelt.ts';
import { SchedClass, classOf, taskPrio } from './prio.ts';
import { schedInfoSwitch } from './sched-info.ts';
import { beginTurn, taskTickRt, turnIsOver, wakeupPreemptRt } from './rt.ts';
import { runnableCurr } from './run-list.ts';
import { dequeueCurr, pickNextTask, putPrevTask, setNextTask, updateRqClock, updateRqClockOf } from './runqueue.ts';
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
  t.execStart = cpu.rq.clockTask;
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
  else if (prev === cpu.idle && prev !== next) updateAvgIdle(cpu);
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
  schedInfoSwitch(cpu, prev, next);
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
  // who takes a dead task's record must have begun later than this
  if (prevState === PREV_STATE.dead) prevTask.execStart = rq.clock;
  prevTask.onCpu = 0;
}

/** Asks for `schedule()` on the way out of the kernel. @linux kernel/sched/core.c resched_curr */
export function reschedCurr(cpu: KernelCpu): void {
  cpu.state.needResched = 1;
}

/** A timer was put on the wheel of a CPU that sleeps without a tick. @linux kernel/sched/core.c wake_up_nohz_cpu */
export function wakeUpNohzCpu(cpu: KernelCpu, target: CpuId): void {
  if (cpu.config.tickOff[target] === true) {
    // its way out of the interrupt looks for the next event anew
    irqWorkQueueOn(cpu, IrqWork.NohzFullKick, target);
    return;
  }
  if (target === cpu.id) return;
  cpu.arch.spend(Path.SendIpi);
  cpu.arch.send(target, MessageKind.Reschedule, NONE, 0);
}

/** Called by the tick, interrupts off. @linux kernel/sched/core.c sched_tick */
export function schedTick(cpu: KernelCpu): void {
  lockRq(cpu);
  taskTick(cpu);
  calcGlobalLoadTick(cpu);
  unlockRq(cpu);
}

function taskTick(cpu: KernelCpu): void {
  updateRqClock(cpu);
  updateCurr(cpu);
  if (classTick(cpu, cpu.rq.curr)) reschedCurr(cpu);
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
 * @linux kernel/sched/fair.c update_curr
 */
export function updateCurr(cpu: KernelCpu): void {
  const { rq } = cpu;
  const { curr, clock } = rq;
  if (curr === cpu.idle) return;
  const t = cpu.image.tasks[curr]!;
  const own = updateCurrCommon(rq, t);
  const delta = own + takeRefreshed(t);
  if (delta <= 0) return;
  cpu.arch.trace6(Event.sched_stat_runtime, curr, own, delta, 0);
  updateLoadSum(rq, clock - delta, false);
  updateLoadSum(rq, clock, true);
  if (chargeClass(cpu, curr, t, delta)) reschedCurr(cpu);
}

/**
 * The run time of a CPU's running task, up to that CPU's rq clock; its lock held. Returns by how much.
 * @linux kernel/sched/fair.c update_curr_common
 */
function updateCurrCommon({ clockTask }: Rq, t: Task): Ns {
  const delta = clockTask - t.execStart;
  if (delta <= 0) return 0;
  t.execStart = clockTask;
  t.sumExecRuntime += delta;
  return delta;
}

/** What others have added; the class, whose records are this CPU's own, is told now. */
function takeRefreshed(t: Task): Ns {
  const { refreshed } = t;
  if (refreshed !== 0) t.refreshed = 0;
  return refreshed;
}

/**
 * Brings the run time of the task that runs on CPU `on` up to date; its lock held. No further than that CPU has come.
 * @linux kernel/sched/core.c task_sched_runtime, sched_tick_remote
 */
function refreshCurr(cpu: KernelCpu, on: CpuId): void {
  const rq = cpu.image.rqs[on]!;
  updateRqClockOf(cpu, on, cpu.arch.schedClockCpu(on));
  const { curr } = rq;
  const t = cpu.image.tasks[curr]!;
  const delta = updateCurrCommon(rq, t);
  if (delta === 0) return;
  t.refreshed += delta;
  cpu.arch.trace6(Event.sched_stat_runtime, curr, delta, 0, t.refreshed);
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
 * For a task that runs it is brought up to date under its queue's lock, so whoever only looks at the record
 * finds it fresh, too. For one that does not, the sum in memory is all there is.
 * @linux kernel/sched/core.c task_sched_runtime
 */
export function taskSchedRuntime(cpu: KernelCpu, task: TaskId): Ns {
  const { image } = cpu;
  const t = image.tasks[task]!;
  const on = t.cpu;
  const rq = image.rqs[on]!;
  if (task < image.map.shape.cpus || rq.curr !== task) return t.sumExecRuntime;
  spinLock(cpu, rq.lock, LockClass.Rq, on);
  // it may have been switched out, or have moved, since
  if (rq.curr === task) refreshCurr(cpu, on);
  const total = t.sumExecRuntime;
  spinUnlock(cpu, rq.lock, LockClass.Rq, on);
  return total;
}

/**
 * The tick of a CPU whose own is stopped, once a second, on one that does housekeeping: the run time of its task, and
 * its part of the load average. What only that CPU can do, to let another task run, it is asked for.
 * @linux kernel/sched/core.c sched_tick_remote
 */
export function schedTickRemote(cpu: KernelCpu, target: CpuId): void {
  const { image, arch } = cpu;
  if ((image.tickScheds[target]!.flags & TickFlag.Stopped) === 0) return;
  const rq = image.rqs[target]!;
  spinLock(cpu, rq.lock, LockClass.Rq, target);
  const { curr } = rq;
  const idle = (curr as number) === target;
  if (!idle) refreshCurr(cpu, target);
  const wantsTurn = !idle && (rq.nrRunning > 1 || classOf(image, curr) === SchedClass.Dl);
  arch.trace6(Event.sched_tick_remote, target, curr, image.tasks[curr]!.sumExecRuntime);
  spinUnlock(cpu, rq.lock, LockClass.Rq, target);
  calcLoadNohzRemote(cpu, target);
  if (!wantsTurn) return;
  arch.spend(Path.SendIpi);
  arch.send(target, MessageKind.Reschedule, REMOTE_TICK, 0);
}

/** In place of a task, in a message: another has done this CPU's tick, and it shall see whose turn it is. @dynticks records have owners */
export const REMOTE_TICK = -2;

/** That message has come. @linux kernel/sched/core.c sched_tick_remote */
export function remoteTickArrives(cpu: KernelCpu): void {
  lockRq(cpu);
  taskTick(cpu);
  unlockRq(cpu);
}

/** @linux kernel/sched/sched.h rq_lock */
export function lockRq(cpu: KernelCpu): void {
  spinLock(cpu, cpu.rq.lock, LockClass.Rq, cpu.id);
}

/** @linux kernel/sched/sched.h rq_unlock */
export function unlockRq(cpu: KernelCpu): void {
  spinUnlock(cpu, cpu.rq.lock, LockClass.Rq, cpu.id);
}
