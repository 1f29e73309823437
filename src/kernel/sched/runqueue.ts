/**
 * What all classes share: coming to the queue, leaving it, and whose turn it is.
 * Callers hold rq.lock and have charged the running task.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { Cpustat, type Rq } from '../../../shared/structs/cpu.ts';
import type { StealTime } from '../../../shared/structs/cputime.ts';
import { NONE, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { stealWithin } from './cputime.ts';
import { newPeriod, pickDl, throttleDl, wakeUpDl } from './dl-entity.ts';
import { SchedClass, classOf } from './prio.ts';
import { beginTurn, pickRt, turnIsOver } from './rt.ts';
import { linkHead, linkTail, unlink } from './run-list.ts';
import { schedInfoEnqueue } from './sched-info.ts';

/** The rq clock never goes back. @linux kernel/sched/core.c update_rq_clock */
export function updateRqClock(cpu: KernelCpu): void {
  updateRqClockOf(cpu, cpu.id, cpu.arch.schedClock());
}

/** The same of any CPU, whose queue's lock the caller holds. @linux kernel/sched/core.c update_rq_clock */
export function updateRqClockOf(cpu: KernelCpu, on: CpuId, now: Ns): void {
  const rq = cpu.image.rqs[on]!;
  const delta = now - rq.clock;
  if (delta <= 0) return;
  rq.clock += delta;
  let rest = delta;
  if (cpu.accounting.timesIrqs) rest -= irqTimeIn(rq, irqTimeRead(cpu, on), rest);
  if (cpu.config.stealClock) rest -= stolenIn(rq, cpu.image.stealTimes[on]!, rest);
  rq.clockTask += rest;
}

/**
 * The clock of tasks stands still in interrupts, as far as their time is known: one under way is left out once it
 * is over, of what passes from then on.
 * @linux kernel/sched/core.c update_rq_clock_task
 */
function irqTimeIn(rq: Rq, total: Ns, delta: Ns): Ns {
  const irqDelta = Math.min(delta, total - rq.prevIrqTime);
  rq.prevIrqTime += irqDelta;
  return irqDelta;
}

/** What interrupts have taken of a CPU, but for what ksoftirqd served. @linux kernel/sched/sched.h irq_time_read */
function irqTimeRead({ image, decisions }: KernelCpu, on: CpuId): Ns {
  if (!decisions.readsIrqTimeFromSlots) return image.irqtimes[on]!.total;
  const slots = image.kcpustats[on]!;
  return slots.cpustat(Cpustat.Irq) + slots.cpustat(Cpustat.Softirq);
}

/**
 * And it stands still while the processor is taken away. If another CPU has moved it on during a theft, more was stolen than passes
 * now; the rest is forgotten (since 6.14, and stable kernels since 5.15.179), or it came off whoever runs next.
 * @linux kernel/sched/core.c update_rq_clock_task
 */
function stolenIn(rq: Rq, { steal }: StealTime, delta: Ns): Ns {
  const stolen = stealWithin(steal - rq.prevStealTimeRq, delta);
  rq.prevStealTimeRq = steal;
  return stolen;
}

/**
 * Puts a task that arrives (awake, new, or from another CPU) at the end of the queue. A deadline
 * task without budget stays out of it, runnable but throttled, until its timer.
 * @linux kernel/sched/core.c enqueue_task
 */
export function enqueueTask(cpu: KernelCpu, task: TaskId): void {
  const t = cpu.image.tasks[task]!;
  if (t.onRq !== 0) throw new KernelBug(`task ${task} comes to the run queue of CPU ${cpu.id} twice; usual cause: two wakers`);
  schedInfoEnqueue(cpu, t);
  placeTask(cpu, task);
  if (classOf(cpu.image, task) === SchedClass.Dl && t.dlBudget <= 0 && throttleDl(cpu, task)) return;
  queueTask(cpu, task);
}

/** Among those that wait, wherever its class has placed it. @linux kernel/sched/sched.h add_nr_running */
export function queueTask(cpu: KernelCpu, task: TaskId): void {
  cpu.image.tasks[task]!.onRq = 1;
  linkTail(cpu, task);
  cpu.rq.nrRunning += 1;
}

/**
 * Where a task stands among those of its class: vruntime, deadline, turn. The queue does not count it yet.
 * @linux kernel/sched/sched.h sched_class.enqueue_task
 */
function placeTask(cpu: KernelCpu, task: TaskId): void {
  const t = cpu.image.tasks[task]!;
  const isNew = t.slice === 0;
  switch (classOf(cpu.image, task)) {
    case SchedClass.Dl:
      if (isNew) newPeriod(t, cpu.rq.clock);
      else wakeUpDl(t, cpu.rq.clock);
      break;
    case SchedClass.Rt: beginTurn(cpu, t); break;
    default: cpu.fair.place(cpu, t, isNew);
  }
  if (isNew) t.slice = cpu.fair.sliceOf(cpu, t);
}

/** The running task is runnable no more, or not here. @linux kernel/sched/core.c dequeue_task */
export function dequeueCurr(cpu: KernelCpu): void {
  const { curr } = cpu.rq;
  const t = cpu.image.tasks[curr]!;
  if (classOf(cpu.image, curr) === SchedClass.Fair) cpu.fair.leave(cpu, t);
  t.onRq = 0;
  cpu.rq.nrRunning -= 1;
}

/** The task to run; the running one stays a candidate while it is on the queue. @linux kernel/sched/core.c pick_next_task */
export function pickNextTask(cpu: KernelCpu): TaskId {
  const dl = pickDl(cpu);
  if (dl !== NONE) return dl;
  const rt = pickRt(cpu);
  if (rt !== NONE) return rt;
  const fair = cpu.fair.pick(cpu);
  return fair === NONE ? cpu.idle : fair;
}

/** The running task, still runnable, waits again. @linux kernel/sched/sched.h put_prev_task */
export function putPrevTask(cpu: KernelCpu, task: TaskId): void {
  const t = cpu.image.tasks[task]!;
  if (classOf(cpu.image, task) !== SchedClass.Rt) return linkTail(cpu, task);
  if (!turnIsOver(t)) return linkHead(cpu, task);
  beginTurn(cpu, t);
  linkTail(cpu, task);
}

/**
 * The picked task stops waiting. Comes before `putPrevTask`: until then the list does not hold the
 * running task, and whoever walks over all runnable tasks meets each of them once.
 * @linux kernel/sched/sched.h set_next_task
 */
export function setNextTask(cpu: KernelCpu, task: TaskId): void {
  const t = cpu.image.tasks[task]!;
  if (classOf(cpu.image, task) === SchedClass.Fair) cpu.fair.setNext(cpu, t);
  if (task !== cpu.idle) unlink(cpu, task);
  t.execStart = cpu.rq.clockTask;
}
