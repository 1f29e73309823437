/**
 * The end of threads and of processes: a thread's times go to its process, a process's to the parent that waits for it.
 *
 * A sum over a process must have each thread once, whenever it is taken; so times move, and the thread leaves the list,
 * in one section of `stats_lock`:
 *
 *      CPU 0 (exit)                           CPU 1 (reader)
 *                                             seq is 4; dead threads: 70
 *      seq 4 -> 5
 *        dead threads: 70 -> 100
 *        the thread is off the list
 *      seq 5 -> 6
 *                                             living threads: the other one's 20
 *                                             seq was 4: 90 is thrown away
 *
 * What the thread still runs until it is switched out belongs to nobody, as in Linux.
 */
import { Event } from '../../shared/events.ts';
import { ProcessState, SignalStruct } from '../../shared/structs/process.ts';
import type { UserRegs } from '../../shared/structs/task.ts';
import { NONE, type ProcessId, type TaskId } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { lockStats, processOf, threadGroupLeader, unlockStats } from './process.ts';
import { taskCputime, taskGtime } from './sched/cputime-read.ts';
import { threadGroupCputime, threadGroupCputimeAdjusted, threadGroupGtime } from './sched/thread-group.ts';
import { Outcome } from './syscalls/outcome.ts';
import { waitQueueAppend, waitQueueTakeAll, wakeUpQ } from './syscalls/wait-queue.ts';

/**
 * The running task has ended. A leader that ends first stays on its list until the last thread is gone; then the
 * process is over, and stays for its parent if that waits for children.
 * @linux kernel/exit.c exit_notify
 */
export function exitNotify(cpu: KernelCpu, task: TaskId): void {
  const process = processOf(cpu, task);
  const leader = threadGroupLeader(cpu, process);
  const isOver = task === leader ? leaderEnds(cpu, process) : releaseTask(cpu, task, process);
  if (!isOver) return;
  forgetOriginalParent(cpu, process);
  const { parent } = cpu.image.signalStructs[process]!;
  if (parent === NONE) reap(cpu, leader, process);
  else becomeZombie(cpu, process, parent);
}

/** Returns whether it was the last thread. */
function leaderEnds(cpu: KernelCpu, process: ProcessId): boolean {
  const signal = lockStats(cpu, process);
  const isLast = signal.nrThreads === 1;
  signal.state = ProcessState.Leaderless;
  unlockStats(cpu, process);
  return isLast;
}

/**
 * What a thread has had is its process's from now on. Returns whether only a leader is left that has ended before.
 * @linux kernel/exit.c release_task
 */
function releaseTask(cpu: KernelCpu, task: TaskId, process: ProcessId): boolean {
  const signal = lockStats(cpu, process);
  exitSignal(cpu, task, signal);
  const leaderIsLeft = signal.nrThreads === 1 && signal.state === ProcessState.Leaderless;
  unlockStats(cpu, process);
  cpu.arch.traceFields(Event.exit_signal, cpu.fields);
  return leaderIsLeft;
}

/**
 * In the process's section. Run time that its CPU has not written down yet is lost to the process; so is, to a reader
 * that does as Linux does, what stands in an accumulator of what the thread was not doing.
 * @linux kernel/exit.c __exit_signal
 */
function exitSignal(cpu: KernelCpu, task: TaskId, signal: SignalStruct): void {
  const { cputime, fields, image } = cpu;
  const record = image.tasks[task]!;
  taskCputime(cpu, task, 'linux', cputime);
  const { utime, stime } = cputime;
  taskCputime(cpu, task, 'complete', cputime);
  const fullUtime = cputime.utime;
  const fullStime = cputime.stime;
  const gtime = taskGtime(cpu, task, 'linux', cputime);
  const fullGtime = taskGtime(cpu, task, 'complete', cputime);
  signal.utime += utime;
  signal.stime += stime;
  signal.gtime += gtime;
  signal.sumSchedRuntime += record.sumExecRuntime;
  signal.chargedUtime += record.utime;
  signal.chargedStime += record.stime;
  signal.restUtime += fullUtime - utime;
  signal.restStime += fullStime - stime;
  signal.restGtime += fullGtime - gtime;
  signal.nvcsw += record.nvcsw;
  signal.nivcsw += record.nivcsw;
  signal.nrThreads -= 1;
  // the planted fault: nobody is told that times are on their way
  if (cpu.decisions.movesTimesUnmarked) cpu.arch.linger();
  record.listed = 0;
  fields[0] = task;
  fields[1] = (cpu.memory.load(signal.seq) >>> 1) + 1;
  fields[2] = utime;
  fields[3] = stime;
  fields[4] = gtime;
  fields[5] = record.sumExecRuntime;
  fields[6] = fullUtime;
  fields[7] = fullStime;
  fields[8] = fullGtime;
}

/** The last thread's times move, and the process is gone: the leader's record may have another task. */
function reap(cpu: KernelCpu, leader: TaskId, process: ProcessId): void {
  cpu.image.signalStructs[process]!.state = ProcessState.None;
  releaseTask(cpu, leader, process);
}

/**
 * Its parent may come to its own end at this moment. The child says first that it is a zombie and looks then whether
 * it still has a parent; the parent lets go of it first and looks then whether it is one. So one of them reaps it.
 */
function becomeZombie(cpu: KernelCpu, process: ProcessId, parent: ProcessId): void {
  const signal = cpu.image.signalStructs[process]!;
  signal.state = ProcessState.Zombie;
  if (signal.parent !== NONE) doNotifyParent(cpu, parent);
  else if (claimZombie(cpu, process)) reap(cpu, threadGroupLeader(cpu, process), process);
}

/** Whoever waits for a child looks again. @linux kernel/signal.c do_notify_parent */
function doNotifyParent(cpu: KernelCpu, parent: ProcessId): void {
  const waiting = waitQueueTakeAll(lockStats(cpu, parent));
  unlockStats(cpu, parent);
  wakeUpQ(cpu, waiting);
}

/** Nobody waits for the children of a process that is over. @linux kernel/exit.c forget_original_parent */
function forgetOriginalParent(cpu: KernelCpu, process: ProcessId): void {
  const { signalStructs } = cpu.image;
  for (let child = 0; child < signalStructs.length; child++) {
    if (signalStructs[child]!.parent !== process || signalStructs[child]!.state === ProcessState.None) continue;
    lockStats(cpu, child).parent = NONE;
    unlockStats(cpu, child);
    if (claimZombie(cpu, child)) reap(cpu, threadGroupLeader(cpu, child), child);
  }
}

/** Of all who find a zombie one has it. @linux kernel/exit.c wait_task_zombie */
function claimZombie(cpu: KernelCpu, process: ProcessId): boolean {
  const { base } = cpu.image.signalStructs[process]!;
  const { Zombie, Reaped } = ProcessState;
  return cpu.memory.cas(base + SignalStruct.at.state, Zombie, Reaped) === Zombie;
}

/**
 * Sleeps until a child of the task's process has ended, and takes its times; does nothing where there is no child.
 * A child that ends says so before it looks who waits, and whoever waits looks before it sleeps, under one lock.
 * @linux kernel/exit.c do_wait
 */
export function doWait(cpu: KernelCpu, task: TaskId, regs: UserRegs): Outcome {
  regs.stage = 1;
  const process = processOf(cpu, task);
  const signal = lockStats(cpu, process);
  const child = findZombie(cpu, process);
  const waits = child === NONE && signal.children > 0;
  if (waits) waitQueueAppend(cpu, signal, task);
  if (child !== NONE) signal.children -= 1;
  unlockStats(cpu, process);
  if (child !== NONE) waitTaskZombie(cpu, task, process, child);
  return waits ? Outcome.Blocked : Outcome.Done;
}

function findZombie(cpu: KernelCpu, parent: ProcessId): ProcessId {
  const { signalStructs } = cpu.image;
  for (let child = 0; child < signalStructs.length; child++) {
    if (signalStructs[child]!.parent === parent && claimZombie(cpu, child)) return child;
  }
  return NONE;
}

/** The pair that goes to the parent is the scaled one. @linux kernel/exit.c wait_task_zombie */
function waitTaskZombie(cpu: KernelCpu, by: TaskId, parent: ProcessId, child: ProcessId): void {
  const { adjusted, fields, groupCputime, image } = cpu;
  const leader = threadGroupLeader(cpu, child);
  threadGroupCputime(cpu, leader, 'linux', groupCputime);
  threadGroupCputimeAdjusted(cpu, leader, groupCputime, adjusted);
  const { rtime, utime, stime, turn } = adjusted;
  if (turn >= 0) cpu.arch.trace6(Event.thread_group_cputime_adjusted, by, leader, rtime, utime, stime, turn);
  const gtime = threadGroupGtime(cpu, leader, 'linux');
  const theirs = image.signalStructs[child]!;
  const signal = lockStats(cpu, parent);
  signal.cutime += utime + theirs.cutime;
  signal.cstime += stime + theirs.cstime;
  signal.cgtime += gtime + theirs.cgtime;
  signal.cnvcsw += groupCputime.nvcsw + theirs.cnvcsw;
  signal.cnivcsw += groupCputime.nivcsw + theirs.cnivcsw;
  fields[5] = signal.cutime;
  fields[6] = signal.cstime;
  fields[7] = signal.cgtime;
  unlockStats(cpu, parent);
  fields[0] = by;
  fields[1] = leader;
  fields[2] = utime;
  fields[3] = stime;
  fields[4] = gtime;
  cpu.arch.traceFields(Event.wait_task_zombie, fields);
  reap(cpu, leader, child);
}
