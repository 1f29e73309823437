/**
 * Waking. A waker claims the sleeper with one compare-and-swap; where the task shall run, that CPU
 * itself puts it on its queue, so that no CPU takes another one's rq.lock and each task's records
 * have one writer at a time. They are handed over with the task:
 *
 *      CPU 1 (waker)                          CPU 2 (chosen: idle, allowed)
 *      T.state: Sleeping -> Waking
 *      T.onCpu is 0: nobody writes T
 *      rq 2: ttwuPending += 1
 *      message (T) -------------------------> interrupt: T's records are mine
 *                                             T.cpu = 2, vruntime placed here
 *                                             T.state = Running, on the queue
 *                                             ttwuPending -= 1
 *
 * If T.onCpu is 1, T is just being switched out (core.ts has that strip) and goes to the CPU that
 * does it. That CPU runs the interrupt after the switch, or else T is still current there: then the
 * sleep simply does not happen.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { Event } from '../../../shared/events.ts';
import { Rq } from '../../../shared/structs/cpu.ts';
import { Task, TaskState } from '../../../shared/structs/task.ts';
import type { TaskId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { handOverTask } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { lockRq, unlockRq, updateCurr, wakeupPreempt } from './core.ts';
import { recalcSigpending } from '../signal.ts';
import { taskPrio } from './prio.ts';
import { enqueueTask, updateRqClock } from './runqueue.ts';
import { isAllowed, selectTaskRq, ttwuQueueWakelist } from './select-task-rq.ts';

/**
 * Wakes a sleeping task. False: it does not sleep, or another waker was first. Any CPU may call it,
 * holding no lock that nests below rq.lock.
 * @linux kernel/sched/core.c try_to_wake_up
 */
export function tryToWakeUp(cpu: KernelCpu, task: TaskId): boolean {
  const { image, memory, arch } = cpu;
  const t = image.tasks[task]!;
  if (memory.cas(t.base + Task.at.state, TaskState.Sleeping, TaskState.Waking) !== TaskState.Sleeping) return false;
  arch.trace6(Event.sched_waking, task, taskPrio(image, task), t.cpu);
  arch.spend(Path.WakeUp);
  if (cpu.rq.curr === task) {
    ttwuDoWakeup(cpu, task);
    return true;
  }
  // onCpu is loaded after the claim: 0 means that the switch away from the task is complete
  const target = t.onCpu === 1 ? t.cpu : selectTaskRq(cpu, task);
  if (target === cpu.id) activate(cpu, task);
  else ttwuQueueWakelist(cpu, task, target);
  return true;
}

/**
 * Starts a new task, whose attributes are set and whose records nobody else uses: it was claimed
 * from a free or dead record with `onCpu` 0.
 * @linux kernel/sched/core.c wake_up_new_task
 */
export function wakeUpNewTask(cpu: KernelCpu, task: TaskId): void {
  const t = cpu.image.tasks[task]!;
  t.state = TaskState.Waking;
  t.cpu = cpu.id;
  const target = selectTaskRq(cpu, task);
  if (target === cpu.id) activate(cpu, task);
  else ttwuQueueWakelist(cpu, task, target);
}

/**
 * A task arrives by message: woken, new, or moved by its affinity. Interrupt, receiver's CPU.
 * @linux kernel/sched/core.c sched_ttwu_pending
 */
export function schedTtwuPending(cpu: KernelCpu, task: TaskId): void {
  if (cpu.rq.curr === task) ttwuDoWakeup(cpu, task);
  else activate(cpu, task);
  // only now: the CPU never looks idle with a task on its way
  cpu.memory.add(cpu.rq.base + Rq.at.ttwuPending, -1);
}

/** @linux kernel/sched/core.c ttwu_do_activate */
function activate(cpu: KernelCpu, task: TaskId): void {
  const { image } = cpu;
  const t = image.tasks[task]!;
  if (!isAllowed(t, cpu.id)) throw new KernelBug(`task ${task} was sent to CPU ${cpu.id}, where it may not run`);
  handOverTask(image, task, cpu.id);
  lockRq(cpu);
  updateRqClock(cpu);
  updateCurr(cpu);
  const isNew = t.slice === 0;
  // the CPU on which it fell asleep waits for it no more
  if (t.inIowait !== 0 && t.state === TaskState.Waking) cpu.memory.add(image.rqs[t.cpu]!.base + Rq.at.nrIowait, -1);
  setTaskCpu(cpu, task, isNew);
  enqueueTask(cpu, task);
  if (t.onRq === 1) wakeupPreempt(cpu, task);
  if (isNew) wokeNew(cpu, task);
  else if (t.state === TaskState.Waking) ttwuDoWakeup(cpu, task);
  unlockRq(cpu);
}

/** @linux kernel/sched/core.c set_task_cpu */
function setTaskCpu(cpu: KernelCpu, task: TaskId, isNew: boolean): void {
  const t = cpu.image.tasks[task]!;
  if (t.cpu === cpu.id) return;
  // a new task has never been anywhere else
  if (!isNew) {
    cpu.arch.trace6(Event.sched_migrate_task, task, taskPrio(cpu.image, task), t.cpu, cpu.id);
    cpu.fair.migrate(cpu, t);
  }
  t.cpu = cpu.id;
}

/** @linux kernel/sched/core.c ttwu_do_wakeup */
function ttwuDoWakeup(cpu: KernelCpu, task: TaskId): void {
  cpu.image.tasks[task]!.state = TaskState.Running;
  recalcSigpending(cpu, task);
  cpu.arch.trace6(Event.sched_wakeup, task, taskPrio(cpu.image, task), cpu.id);
}

function wokeNew(cpu: KernelCpu, task: TaskId): void {
  cpu.image.tasks[task]!.state = TaskState.Running;
  cpu.arch.trace6(Event.sched_wakeup_new, task, taskPrio(cpu.image, task), cpu.id);
}
