/**
 * Works: functions that need a thread, though whoever wants them has none (a timer, an interrupt). Each
 * pool has one worker thread, which does what is queued in order and sleeps when there is nothing.
 *
 *      CPU 0 (queues a work)                  CPU 1 (worker)
 *                                             lock; the list is empty; state = Sleeping; unlock
 *      lock; append; unlock
 *      state: Sleeping -> Waking              schedule
 *
 * It falls asleep under the lock, so that whoever queues a work finds it either asleep, or before its look.
 */
import { KernelBug } from '../../shared/assert.ts';
import { Event } from '../../shared/events.ts';
import { LockClass } from '../../shared/lock-order.ts';
import { Work } from '../../shared/structs/workqueue.ts';
import { TaskState, type UserRegs } from '../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { spinLock, spinUnlock } from './locking/lock.ts';
import { rearmBackground } from './kthread.ts';
import { schedTickRemote } from './sched/core.ts';
import { tryToWakeUp } from './sched/wakeup.ts';
import { Outcome } from './syscalls/outcome.ts';

/** Boot: nothing is queued. @linux kernel/workqueue.c workqueue_init_early */
export function workqueueInit(cpu: KernelCpu): void {
  cpu.image.workerPools.forEach((pool, index) => {
    lockPool(cpu, index);
    pool.head = NONE;
    pool.tail = NONE;
    unlockPool(cpu, index);
  });
}

/**
 * Gives the work of row `work` to worker `index`. False: it is queued already. Any CPU, any context, no lock held
 * that nests below the pool's.
 * @linux kernel/workqueue.c queue_work_on
 */
export function queueWork(cpu: KernelCpu, index: number, work: number): boolean {
  const { image, memory, config } = cpu;
  const worker = config.workload.workers[index];
  if (worker === undefined) throw new KernelBug(`work ${work} is queued, and the machine has no worker thread ${index}`);
  const record = image.works[work]!;
  if (memory.exchange(record.base + Work.at.pending, 1) === 1) return false;
  lockPool(cpu, index);
  const pool = image.workerPools[index]!;
  record.next = NONE;
  if (pool.head === NONE) pool.head = work;
  else image.works[pool.tail]!.next = work;
  pool.tail = work;
  unlockPool(cpu, index);
  tryToWakeUp(cpu, worker);
  return true;
}

/** A worker's step: `argA` its pool, `stage` the work under way. @linux kernel/workqueue.c worker_thread */
export function workerThread(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) processOneWork(cpu, regs.stage - 1);
  const work = takeWork(cpu, task, regs.argA);
  regs.stage = work + 1;
  if (work === NONE) return Outcome.Blocked;
  cpu.arch.trace(Event.workqueue_execute_start, work);
  regs.remaining = cpu.config.workload.background[work]!.work;
  return Outcome.Working;
}

/** The worker that finds nothing is asleep when the lock is dropped. */
function takeWork(cpu: KernelCpu, task: TaskId, index: number): number {
  lockPool(cpu, index);
  const pool = cpu.image.workerPools[index]!;
  const work = pool.head;
  if (work === NONE) cpu.image.tasks[task]!.state = TaskState.Sleeping;
  else {
    const record = cpu.image.works[work]!;
    pool.head = record.next;
    record.pending = 0;
  }
  unlockPool(cpu, index);
  return work;
}

/** The time that it takes is over; its timer comes again. @linux kernel/workqueue.c process_one_work */
function processOneWork(cpu: KernelCpu, work: number): void {
  const { ticks } = cpu.config.workload.background[work]!;
  if (ticks !== NONE) schedTickRemote(cpu, ticks);
  if (ticks === NONE || !cpu.decisions.ticksRemotelyOnce) rearmBackground(cpu, work);
  cpu.arch.trace(Event.workqueue_execute_end, work);
}

function lockPool(cpu: KernelCpu, index: number): void {
  spinLock(cpu, cpu.image.workerPools[index]!.lock, LockClass.WorkerPool, index);
}

function unlockPool(cpu: KernelCpu, index: number): void {
  spinUnlock(cpu, cpu.image.workerPools[index]!.lock, LockClass.WorkerPool, index);
}
