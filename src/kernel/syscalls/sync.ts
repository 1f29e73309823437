/**
 * The locks, conditions, barriers and semaphores that rt-app's tasks use, as pthreads build them on
 * futexes: whoever is woken tries again, so another task may be faster.
 */
import type { UserRegs } from '../../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { Outcome } from './outcome.ts';
import { lockObject, unlockObject, waitQueueAppend, waitQueueShift, waitQueueTakeAll, wakeUpQ } from './wait-queue.ts';

/** Takes mutex `argA`. @dynticks pthread_mutex_lock */
export function mutexLock(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  return takeMutex(cpu, task, regs.argA);
}

/** Frees mutex `argA` and wakes the first who waits. @dynticks pthread_mutex_unlock */
export function mutexUnlock(cpu: KernelCpu, _task: TaskId, regs: UserRegs): Outcome {
  freeMutex(cpu, regs.argA);
  return Outcome.Done;
}

/** Waits on condition `argA`, with mutex `argB` free meanwhile. @dynticks pthread_cond_wait */
export function condWait(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return takeMutex(cpu, task, regs.argB);
  const condition = lockObject(cpu, regs.argA);
  waitQueueAppend(cpu, condition, task);
  unlockObject(cpu, regs.argA);
  freeMutex(cpu, regs.argB);
  regs.stage = 1;
  return Outcome.Blocked;
}

/** @dynticks pthread_cond_signal */
export function condSignal(cpu: KernelCpu, _task: TaskId, regs: UserRegs): Outcome {
  wakeFirst(cpu, regs.argA);
  return Outcome.Done;
}

/** @dynticks pthread_cond_broadcast */
export function condBroadcast(cpu: KernelCpu, _task: TaskId, regs: UserRegs): Outcome {
  const condition = lockObject(cpu, regs.argA);
  const first = waitQueueTakeAll(condition);
  unlockObject(cpu, regs.argA);
  wakeUpQ(cpu, first);
  return Outcome.Done;
}

/** The last of the parties lets all go. @dynticks pthread_barrier_wait */
export function barrierWait(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  if (regs.stage !== 0) return Outcome.Done;
  const barrier = lockObject(cpu, regs.argA);
  const arrived = barrier.value + 1;
  const last = arrived === barrier.parties;
  barrier.value = last ? 0 : arrived;
  const first = last ? waitQueueTakeAll(barrier) : NONE;
  if (!last) waitQueueAppend(cpu, barrier, task);
  unlockObject(cpu, regs.argA);
  wakeUpQ(cpu, first);
  regs.stage = 1;
  return last ? Outcome.Done : Outcome.Blocked;
}

/** @dynticks sem_post */
export function semPost(cpu: KernelCpu, _task: TaskId, regs: UserRegs): Outcome {
  const semaphore = lockObject(cpu, regs.argA);
  semaphore.value += 1;
  const first = waitQueueShift(cpu, semaphore);
  unlockObject(cpu, regs.argA);
  if (first !== NONE) tryToWakeUp(cpu, first);
  return Outcome.Done;
}

/** @dynticks sem_wait */
export function semWait(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const semaphore = lockObject(cpu, regs.argA);
  const { value } = semaphore;
  if (value > 0) semaphore.value = value - 1;
  else waitQueueAppend(cpu, semaphore, task);
  unlockObject(cpu, regs.argA);
  return value > 0 ? Outcome.Done : Outcome.Blocked;
}

function takeMutex(cpu: KernelCpu, task: TaskId, index: number): Outcome {
  const mutex = lockObject(cpu, index);
  const free = mutex.value === 0;
  if (free) mutex.value = task + 1;
  else waitQueueAppend(cpu, mutex, task);
  unlockObject(cpu, index);
  return free ? Outcome.Done : Outcome.Blocked;
}

function freeMutex(cpu: KernelCpu, index: number): void {
  const mutex = lockObject(cpu, index);
  mutex.value = 0;
  const first = waitQueueShift(cpu, mutex);
  unlockObject(cpu, index);
  if (first !== NONE) tryToWakeUp(cpu, first);
}

function wakeFirst(cpu: KernelCpu, index: number): void {
  const condition = lockObject(cpu, index);
  const first = waitQueueShift(cpu, condition);
  unlockObject(cpu, index);
  if (first !== NONE) tryToWakeUp(cpu, first);
}
