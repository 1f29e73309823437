/** What a task may ask of the scheduler for itself: attributes, affinity, to yield. */
import { assert } from '../../../shared/assert.ts';
import { Event } from '../../../shared/events.ts';
import { CPUMASK_WORDS } from '../../../shared/limits.ts';
import type { Task } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import type { KernelImage } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import type { Attributes } from '../user.ts';
import { lockRq, reschedCurr, unlockRq, updateCurr } from './core.ts';
import { newPeriod, yieldDl } from './dl-entity.ts';
import { SchedClass, classOf } from './prio.ts';
import { beginTurn, endTurn } from './rt.ts';
import { updateRqClock } from './runqueue.ts';
import { isAllowed } from './select-task-rq.ts';

/** Fills the scheduling fields of a task that has not run yet. @linux kernel/sched/core.c sched_fork */
export function setAttributesOfNewTask(image: KernelImage, task: TaskId, attributes: Attributes): void {
  const t = image.tasks[task]!;
  setParameters(t, attributes);
  setAffinity(t, attributes.cpus, image.map.shape.cpus);
  // what says that it is new; the first run queue fills it in
  t.slice = 0;
  t.vlag = 0;
  t.rrLeft = 0;
  t.onRq = 0;
  t.dlThrottled = 0;
}

/**
 * sched_setattr and sched_setaffinity of the running task. Where it may not stay, the next
 * `schedule()` sends it away.
 * @linux kernel/sched/syscalls.c __sched_setscheduler
 */
export function schedSetattr(cpu: KernelCpu, task: TaskId, attributes: Attributes): void {
  assert(cpu.rq.curr === task, `task ${task} changes its attributes on CPU ${cpu.id}, where it does not run`);
  const t = cpu.image.tasks[task]!;
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  if (!hasParameters(t, attributes)) changeParameters(cpu, task, attributes);
  setAffinity(t, attributes.cpus, cpu.image.map.shape.cpus);
  if (cpu.rq.nrRunning > 1 || !isAllowed(t, cpu.id)) reschedCurr(cpu);
  unlockRq(cpu);
}

/** Out of its old class and into the new one, without leaving the CPU. */
function changeParameters(cpu: KernelCpu, task: TaskId, attributes: Attributes): void {
  const t = cpu.image.tasks[task]!;
  if (classOf(cpu.image, task) === SchedClass.Fair) cpu.fair.leave(cpu, t);
  t.onRq = 0;
  if (t.nice !== attributes.nice) cpu.arch.trace(Event.sched_set_nice, task, attributes.nice);
  setParameters(t, attributes);
  enterClass(cpu, task, t);
  t.onRq = 1;
}

function enterClass(cpu: KernelCpu, task: TaskId, t: Task): void {
  switch (classOf(cpu.image, task)) {
    case SchedClass.Dl: return newPeriod(t, cpu.rq.clock);
    case SchedClass.Rt: return beginTurn(cpu, t);
    default: return cpu.fair.enter(cpu, t);
  }
}

/** @linux kernel/sched/syscalls.c __setscheduler_params */
function setParameters(t: Task, { policy, nice, rtPriority, dlRuntime, dlDeadline, dlPeriod }: Attributes): void {
  t.policy = policy as Task['policy'];
  t.nice = nice;
  t.rtPriority = rtPriority;
  t.dlRuntime = dlRuntime;
  t.dlDeadline = dlDeadline;
  t.dlPeriod = periodOf(dlPeriod, dlDeadline);
}

function hasParameters(t: Task, { policy, nice, rtPriority, dlRuntime, dlDeadline, dlPeriod }: Attributes): boolean {
  return t.policy === policy && t.nice === nice && t.rtPriority === rtPriority
    && t.dlRuntime === dlRuntime && t.dlDeadline === dlDeadline && t.dlPeriod === periodOf(dlPeriod, dlDeadline);
}

/** A period of 0 means the deadline. @linux kernel/sched/deadline.c __setparam_dl */
function periodOf(dlPeriod: number, dlDeadline: number): number {
  return dlPeriod === 0 ? dlDeadline : dlPeriod;
}

/** @linux kernel/sched/syscalls.c __sched_setaffinity */
function setAffinity(t: Task, cpus: readonly number[] | null, machineCpus: number): void {
  for (let i = 0; i < CPUMASK_WORDS; i++) t.setAllowed(i, maskWord(i, cpus, machineCpus));
}

/** Word `index` of the mask; CPUs that the machine does not have are left out. */
function maskWord(index: number, cpus: readonly number[] | null, machineCpus: number): number {
  let bits = 0;
  for (let bit = 0; bit < 32; bit++) {
    const cpu = index * 32 + bit;
    if (cpu < machineCpus && (cpus === null || cpus.includes(cpu))) bits |= 1 << bit;
  }
  return bits;
}

/**
 * The running task lets others of its kind go first; takes effect at the next `schedule()`, which
 * it asks for.
 * @linux kernel/sched/syscalls.c do_sched_yield
 */
export function doSchedYield(cpu: KernelCpu): void {
  const { curr } = cpu.rq;
  const t = cpu.image.tasks[curr]!;
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  switch (classOf(cpu.image, curr)) {
    case SchedClass.Dl: yieldDl(t); break;
    case SchedClass.Rt: endTurn(t); break;
    default: if (cpu.rq.nrRunning > 1) cpu.fair.yield(cpu, t);
  }
  reschedCurr(cpu);
  unlockRq(cpu);
}
