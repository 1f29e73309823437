/**
 * CPU time of a process: what its dead threads have left, and what each living one has by now.
 *
 * `stats_lock` keeps the two apart: a thread that ends moves from one to the other in one write section. The first
 * pass of a reader takes no lock; if a thread ended meanwhile the second keeps others from ending, so no reader looks
 * more than twice.
 *
 *      CPU 1 (reader)                         CPU 0
 *      seq is 4: dead 70, living 20
 *                                             a thread ends: seq 4 -> 5 … 5 -> 6
 *      seq was 4: throws 90 away
 *      lock: dead 100, living 20              the next thread that ends waits
 *      unlock: 120
 *
 * Run time is another matter. A living thread's is what its CPU last wrote down, at a tick or a switch; only the
 * caller's own is brought up to date, and only if it asks for its own process. So without ticks a stranger sees the
 * run time of a process stand still, while its user and system time go on.
 */
import { LockClass } from '../../../shared/lock-order.ts';
import type { SignalStruct } from '../../../shared/structs/process.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../../shared/sync/seqcount.ts';
import { KTIME_MAX, type Ns, type ProcessId, type TaskId } from '../../../shared/units.ts';
import { groupFilterOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { readAgain } from '../locking/read-passes.ts';
import { processOf, processSpecOf } from '../process.ts';
import { taskSchedRuntime } from './core.ts';
import { cputimeAdjust, type AdjustedCputime } from './cputime-adjust.ts';
import { taskCputime, taskGtime, type ReaderKind } from './cputime-read.ts';

/** One look at a process. */
export interface GroupCputime {
  /** Version of the record of dead threads: sequence / 2. */
  version: number;
  /** The first pass was overtaken, and the second held the lock. */
  locked: boolean;
  /** Threads on its list. */
  threads: number;
  /** The earliest and the latest instant for which a thread's part is true. */
  firstTau: Ns;
  lastTau: Ns;
  utime: Ns;
  stime: Ns;
  sumExecRuntime: Ns;
  nvcsw: number;
  nivcsw: number;
}

/** Sums of a process, `member` being any of its threads. @linux kernel/sched/cputime.c thread_group_cputime */
export function threadGroupCputime(cpu: KernelCpu, member: TaskId, reader: ReaderKind, out: GroupCputime): void {
  const process = processOf(cpu, member);
  const signal = cpu.image.signalStructs[process]!;
  if (processOf(cpu, cpu.curr) === process && !cpu.decisions.keepsStaleRuntime) taskSchedRuntime(cpu, cpu.curr);
  const start = readSeqcountBegin(cpu.memory, signal.seq);
  sumUp(cpu, process, reader, out);
  out.version = start >>> 1;
  out.locked = readSeqcountRetry(cpu.memory, signal.seq, start);
  if (!out.locked) return;
  spinLock(cpu, signal.lock, LockClass.Stats, process);
  out.version = readAgain(cpu, signal.seq, start) >>> 1;
  sumUp(cpu, process, reader, out);
  spinUnlock(cpu, signal.lock, LockClass.Stats, process);
}

/** Loads only. What it finds is of one moment if no thread came to its end meanwhile. */
function sumUp(cpu: KernelCpu, process: ProcessId, reader: ReaderKind, out: GroupCputime): void {
  const { tasks, signalStructs } = cpu.image;
  const { threads } = processSpecOf(cpu, process);
  // loaded first: a thread that is asleep in its record has not run before this, wherever it may have been woken meanwhile
  const asleepUntil = cpu.arch.promiseOfAll();
  startWithDead(signalStructs[process]!, reader, out);
  for (let i = 0; i < threads.length; i++) {
    if (tasks[threads[i]!]!.listed === 1) addThread(cpu, threads[i]!, asleepUntil, reader, out);
  }
  if (out.threads === 0) out.firstTau = out.lastTau = cpu.arch.schedClock();
}

function startWithDead(signal: SignalStruct, reader: ReaderKind, out: GroupCputime): void {
  const full = reader === 'complete';
  out.threads = 0;
  out.firstTau = KTIME_MAX;
  out.lastTau = 0;
  out.utime = signal.utime + (full ? signal.restUtime : 0);
  out.stime = signal.stime + (full ? signal.restStime : 0);
  out.sumExecRuntime = signal.sumSchedRuntime;
  out.nvcsw = signal.nvcsw;
  out.nivcsw = signal.nivcsw;
}

function addThread(cpu: KernelCpu, thread: TaskId, asleepUntil: Ns, reader: ReaderKind, out: GroupCputime): void {
  const { cputime } = cpu;
  const record = cpu.image.tasks[thread]!;
  taskCputime(cpu, thread, reader, cputime);
  const until = cputime.state === VtimeState.Inactive ? asleepUntil : cputime.promise;
  const tau = Math.max(cputime.starttime, Math.min(cputime.clock, until));
  out.threads += 1;
  out.firstTau = Math.min(out.firstTau, tau);
  out.lastTau = Math.max(out.lastTau, tau);
  out.utime += cputime.utime;
  out.stime += cputime.stime;
  out.sumExecRuntime += record.sumExecRuntime;
  out.nvcsw += record.nvcsw;
  out.nivcsw += record.nivcsw;
}

/** Time of a process as guest, by the same protocol. @linux fs/proc/array.c do_task_stat */
export function threadGroupGtime(cpu: KernelCpu, member: TaskId, reader: ReaderKind): Ns {
  const process = processOf(cpu, member);
  const signal = cpu.image.signalStructs[process]!;
  const start = readSeqcountBegin(cpu.memory, signal.seq);
  const gtime = sumGtime(cpu, process, reader);
  if (!readSeqcountRetry(cpu.memory, signal.seq, start)) return gtime;
  spinLock(cpu, signal.lock, LockClass.Stats, process);
  const again = sumGtime(cpu, process, reader);
  spinUnlock(cpu, signal.lock, LockClass.Stats, process);
  return again;
}

function sumGtime(cpu: KernelCpu, process: ProcessId, reader: ReaderKind): Ns {
  const { tasks, signalStructs } = cpu.image;
  const { threads } = processSpecOf(cpu, process);
  const signal = signalStructs[process]!;
  let gtime = signal.gtime + (reader === 'complete' ? signal.restGtime : 0);
  for (let i = 0; i < threads.length; i++) {
    if (tasks[threads[i]!]!.listed === 1) gtime += taskGtime(cpu, threads[i]!, reader, cpu.cputime);
  }
  return gtime;
}

/** The pair that /proc shows of those sums. @linux kernel/sched/cputime.c thread_group_cputime_adjusted */
export function threadGroupCputimeAdjusted(cpu: KernelCpu, member: TaskId, sums: GroupCputime, out: AdjustedCputime): void {
  cputimeAdjust(cpu, groupFilterOf(cpu.image, processOf(cpu, member)), sums.utime, sums.stime, sums.sumExecRuntime, out);
}

/** Room for one look. @dynticks Linux has it on the stack */
export function newGroupCputime(): GroupCputime {
  return {
    version: 0, locked: false, threads: 0, firstTau: 0, lastTau: 0, utime: 0, stime: 0, sumExecRuntime: 0, nvcsw: 0, nivcsw: 0,
  };
}
