/**
 * Who waits for a lock, condition, barrier or semaphore: a first-in first-out list through the
 * tasks' `waitNext`, under the object's lock.
 *
 * A waiter marks itself asleep while it still holds that lock, so a waker that finds it in the list
 * finds it asleep, too:
 *
 *      CPU 0 (wait)                           CPU 1 (wake)
 *      lock
 *        append itself; state = Sleeping
 *      unlock
 *                                             lock; take the first; unlock
 *      schedule(): still on_cpu               state Sleeping -> Waking; on_cpu is 1, so CPU 0 gets the message
 *      switched out; on_cpu 0
 *      message: state Running, queue it
 */
import { LockClass } from '../../../shared/lock-order.ts';
import { TaskState } from '../../../shared/structs/task.ts';
import type { SyncObject } from '../../../shared/structs/global.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';

/** What has a queue. @linux include/linux/wait.h struct wait_queue_head */
export type WaitQueue = Pick<SyncObject, 'waitHead' | 'waitTail'>;

/** @linux kernel/futex/core.c futex_q_lock */
export function lockObject(cpu: KernelCpu, index: number): SyncObject {
  const object = cpu.image.syncObjects[index]!;
  spinLock(cpu, object.lock, LockClass.SyncObject, index);
  return object;
}

/** @linux kernel/futex/core.c futex_q_unlock */
export function unlockObject(cpu: KernelCpu, index: number): void {
  spinUnlock(cpu, cpu.image.syncObjects[index]!.lock, LockClass.SyncObject, index);
}

/** With the object locked: appends the task and marks it asleep. @linux kernel/futex/waitwake.c futex_wait_queue */
export function waitQueueAppend(cpu: KernelCpu, object: WaitQueue, task: TaskId): void {
  const { tasks } = cpu.image;
  tasks[task]!.waitNext = NONE;
  if (object.waitHead === NONE) object.waitHead = task;
  else tasks[object.waitTail]!.waitNext = task;
  object.waitTail = task;
  tasks[task]!.state = TaskState.Sleeping;
}

/** With the object locked: takes the first waiter out, or `NONE`. @linux kernel/futex/waitwake.c futex_wake */
export function waitQueueShift(cpu: KernelCpu, object: SyncObject): TaskId {
  const first = object.waitHead;
  if (first !== NONE) object.waitHead = cpu.image.tasks[first]!.waitNext;
  return first;
}

/** With the object locked: takes the whole list; `wakeUpQ` walks it. @linux kernel/futex/waitwake.c futex_wake */
export function waitQueueTakeAll(object: WaitQueue): TaskId {
  const first = object.waitHead;
  object.waitHead = NONE;
  return first;
}

/** After the lock is dropped. @linux kernel/sched/core.c wake_up_q */
export function wakeUpQ(cpu: KernelCpu, first: TaskId): void {
  for (let task = first; task !== NONE;) {
    const next = cpu.image.tasks[task]!.waitNext;
    tryToWakeUp(cpu, task);
    task = next;
  }
}
