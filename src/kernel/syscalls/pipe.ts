/**
 * Pipes: bytes without contents. Object `a` counts the bytes and has the readers that wait for some;
 * object `a + 1` has the writers that wait for room. Whoever is woken looks again.
 *
 *      writer                                 reader
 *                                             lock a: empty; asleep in a's queue; unlock
 *      lock a: room; bytes += n; unlock
 *      wakes the first reader                 lock a: bytes; takes; unlock
 *                                             lock a + 1: wakes the first writer, if any
 *
 * A writer goes to sleep under both locks, so that no reader makes room in between unseen.
 */
import { PIPE_CAPACITY } from '../../../shared/limits.ts';
import type { UserRegs } from '../../../shared/structs/task.ts';
import { NONE, type TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tryToWakeUp } from '../sched/wakeup.ts';
import { Outcome } from './outcome.ts';
import { lockObject, unlockObject, waitQueueAppend, waitQueueShift } from './wait-queue.ts';

/** Takes what is there, at most `argB` bytes; waits while there is nothing. @linux fs/pipe.c pipe_read */
export function pipeRead(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const pipe = lockObject(cpu, regs.argA);
  const bytes = pipe.value;
  if (bytes === 0) {
    waitQueueAppend(cpu, pipe, task);
    unlockObject(cpu, regs.argA);
    regs.stage = 1;
    return Outcome.Blocked;
  }
  const left = bytes - Math.min(bytes, regs.argB);
  pipe.value = left;
  const nextReader = left > 0 ? waitQueueShift(cpu, pipe) : NONE;
  unlockObject(cpu, regs.argA);
  wake(cpu, nextReader);
  const room = lockObject(cpu, regs.argA + 1);
  const writer = waitQueueShift(cpu, room);
  unlockObject(cpu, regs.argA + 1);
  wake(cpu, writer);
  return Outcome.Done;
}

/** Puts `argB` bytes in at once; waits while there is no room for all of them. @linux fs/pipe.c pipe_write */
export function pipeWrite(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  const pipe = lockObject(cpu, regs.argA);
  const bytes = pipe.value;
  if (bytes + regs.argB > PIPE_CAPACITY) {
    const room = lockObject(cpu, regs.argA + 1);
    waitQueueAppend(cpu, room, task);
    unlockObject(cpu, regs.argA + 1);
    unlockObject(cpu, regs.argA);
    regs.stage = 1;
    return Outcome.Blocked;
  }
  pipe.value = bytes + regs.argB;
  const reader = waitQueueShift(cpu, pipe);
  unlockObject(cpu, regs.argA);
  wake(cpu, reader);
  return Outcome.Done;
}

function wake(cpu: KernelCpu, task: TaskId): void {
  if (task !== NONE) tryToWakeUp(cpu, task);
}
