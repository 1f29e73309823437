/** Whose thread a task is, and the process that a new one joins or begins. */
import { LockClass } from '../../shared/lock-order.ts';
import { ProcessState, type SignalStruct } from '../../shared/structs/process.ts';
import { rawSpinStamp } from '../../shared/sync/raw-spinlock.ts';
import { NONE, type Ns, type ProcessId, type TaskId } from '../../shared/units.ts';
import { groupFilterOf } from './image.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { spinLock, spinUnlock } from './locking/lock.ts';
import { writeSeqlock, writeSequnlock } from './locking/seqlock.ts';
import { prevCputimeInit } from './sched/cputime-adjust.ts';
import type { ProcessSpec } from './user.ts';

/** `NONE` for an idle task. @linux include/linux/sched.h task_struct.signal */
export function processOf(cpu: KernelCpu, task: TaskId): ProcessId {
  return task < cpu.image.map.shape.cpus ? NONE : cpu.config.workload.processOf[task - cpu.image.map.shape.cpus]!;
}

/** @linux include/linux/sched/signal.h thread_group_leader */
export function threadGroupLeader(cpu: KernelCpu, process: ProcessId): TaskId {
  return processSpecOf(cpu, process).threads[0]!;
}

/** Who is, and may be, in a process. @dynticks membership is known before the machine boots */
export function processSpecOf(cpu: KernelCpu, process: ProcessId): ProcessSpec {
  return cpu.config.workload.processes[process]!;
}

/**
 * Whether the last task of a record that is its process's leader was out of that before an instant: others may take it
 * out, at times of their own.
 * @dynticks where CPUs race, what is done in memory may lie ahead in time
 */
export function reapedBefore(cpu: KernelCpu, task: TaskId, instant: Ns): boolean {
  const process = processOf(cpu, task);
  if (threadGroupLeader(cpu, process) !== task) return true;
  return rawSpinStamp(cpu.memory, cpu.image.signalStructs[process]!.lock) < instant;
}

/** @linux include/linux/seqlock.h write_seqlock_irq */
export function lockStats(cpu: KernelCpu, process: ProcessId): SignalStruct {
  const signal = cpu.image.signalStructs[process]!;
  if (cpu.decisions.movesTimesUnmarked) spinLock(cpu, signal.lock, LockClass.Stats, process);
  else writeSeqlock(cpu, signal, LockClass.Stats, process);
  return signal;
}

/** @linux include/linux/seqlock.h write_sequnlock_irq */
export function unlockStats(cpu: KernelCpu, process: ProcessId): void {
  const signal = cpu.image.signalStructs[process]!;
  if (cpu.decisions.movesTimesUnmarked) unlockUnmarked(cpu, signal, process);
  else writeSequnlock(cpu, signal, LockClass.Stats, process);
}

/** The planted fault: a new version, which never was in the making. */
function unlockUnmarked(cpu: KernelCpu, { lock, seq }: SignalStruct, process: ProcessId): void {
  cpu.memory.store(seq, (cpu.memory.load(seq) + 2) | 0);
  spinUnlock(cpu, lock, LockClass.Stats, process);
}

/**
 * A new task is a thread of its process from here on; a leader begins it. Linux does it under another lock of the
 * process (siglock), which we have not. By this one the new task's time begins after its record's last user was gone.
 * @linux kernel/fork.c copy_signal
 */
export function joinThreadGroup(cpu: KernelCpu, parent: TaskId, task: TaskId): void {
  const process = processOf(cpu, task);
  const begins = threadGroupLeader(cpu, process) === task;
  const signal = lockStats(cpu, process);
  if (begins) signalInit(cpu, signal, parent, process);
  signal.nrThreads += 1;
  cpu.image.tasks[task]!.listed = 1;
  unlockStats(cpu, process);
  if (begins) prevCputimeInit(cpu, groupFilterOf(cpu.image, process));
  if (begins && signal.parent !== NONE) countChild(cpu, signal.parent);
}

function signalInit(cpu: KernelCpu, signal: SignalStruct, parent: TaskId, process: ProcessId): void {
  const { age } = processSpecOf(cpu, process);
  const parents = processOf(cpu, parent);
  signal.state = ProcessState.Living;
  signal.nrThreads = 0;
  signal.parent = parents !== NONE && processSpecOf(cpu, parents).waits ? parents : NONE;
  signal.children = 0;
  signal.waitHead = NONE;
  signal.waitTail = NONE;
  signal.nvcsw = 0;
  signal.nivcsw = 0;
  signal.cnvcsw = 0;
  signal.cnivcsw = 0;
  signal.utime = age.utime;
  signal.stime = age.stime;
  signal.gtime = 0;
  signal.sumSchedRuntime = age.utime + age.stime;
  signal.chargedUtime = 0;
  signal.chargedStime = 0;
  signal.restUtime = 0;
  signal.restStime = 0;
  signal.restGtime = 0;
  signal.cutime = 0;
  signal.cstime = 0;
  signal.cgtime = 0;
}

function countChild(cpu: KernelCpu, parent: ProcessId): void {
  lockStats(cpu, parent).children += 1;
  unlockStats(cpu, parent);
}
