/**
 * /proc/<pid>/stat as Linux prints it: 52 fields on one line. What this machine does not have
 * (memory, signals, terminals) has the value that Linux shows to a reader who may not look closer.
 * @linux fs/proc/array.c do_task_stat
 */
import { Policy } from '../../shared/structs/task.ts';
import type { ProcProcess, ProcTask, ProcTimes } from './machine-snapshot.ts';
import { nsecToClockT } from './proc-stat.ts';

/** Bytes of a command's name, without the end mark. @linux include/linux/sched.h TASK_COMM_LEN */
const COMM_LENGTH = 15;
/** @linux include/linux/sched.h PF_RANDOMIZE | PF_FORKNOEXEC: a forked task, as workloads' threads have */
const FLAGS = 0x400040;
/** @linux include/linux/sched.h PF_KTHREAD | PF_NOFREEZE | PF_FORKNOEXEC */
const KTHREAD_FLAGS = 0x208040;
const NO_LIMIT = '18446744073709551615';
const SIGCHLD = 17;
/** @linux kernel/signal.c ignore_signals */
const EVERY_SIGNAL = 0x7fffffff;
/** @linux include/linux/sched/prio.h MAX_RT_PRIO, DEFAULT_PRIO */
const MAX_RT_PRIO = 100;
const DEFAULT_PRIO = 120;

/** `name` as comm: cut to 15 bytes, at the end of a character. */
export function procComm(name: string): string {
  let comm = '';
  let bytes = 0;
  for (const char of name) {
    bytes += utf8Bytes(char.codePointAt(0)!);
    if (bytes > COMM_LENGTH) break;
    comm += char;
  }
  return comm;
}

/** /proc/<pid>/task/<tid>/stat of a thread, with its final newline. */
export function procTaskStat(task: ProcTask): string {
  const exitSignal = task.pid === task.tgid ? SIGCHLD : -1;
  return statLine(task, task, exitSignal, isBlocked(task));
}

/** /proc/<pid>/stat: of the leader all but the times, which are those of the whole process. */
export function procPidStat({ leader, times }: ProcProcess): string {
  // of one among several threads Linux does not look where it waits
  return statLine(leader, times, SIGCHLD, leader.threads < 2 && isBlocked(leader));
}

const isBlocked = ({ state }: ProcTask): boolean => state === 'S' || state === 'D';

function statLine(task: ProcTask, times: ProcTimes, exitSignal: number, blocked: boolean): string {
  const realTime = task.prio < MAX_RT_PRIO;
  const hasMemory = task.kernelThread || task.state === 'Z' ? 0 : 1;
  // table: Linux's fields 1 to 52, by the names of proc(5)
  const fields = [
    task.pid, `(${escapeComm(procComm(task.name))})`, task.state, task.ppid,
    0, 0, 0, -1, // pgrp, session, tty_nr, tpgid
    task.kernelThread ? KTHREAD_FLAGS : FLAGS,
    0, 0, 0, 0, // minflt, cminflt, majflt, cmajflt
    nsecToClockT(times.utimeNs), nsecToClockT(times.stimeNs), nsecToClockT(times.cutimeNs), nsecToClockT(times.cstimeNs),
    task.prio - MAX_RT_PRIO,
    realTime ? 0 : task.prio - DEFAULT_PRIO, // nice
    task.threads, 0, // num_threads, itrealvalue
    nsecToClockT(task.startNs),
    0, 0, NO_LIMIT, // vsize, rss, rsslim
    hasMemory, hasMemory, 0, 0, 0, // startcode, endcode, startstack, kstkesp, kstkeip
    0, 0, task.kernelThread ? EVERY_SIGNAL : 0, 0, // signal, blocked, sigignore, sigcatch
    blocked ? 1 : 0, // wchan
    0, 0, // nswap, cnswap
    exitSignal, task.processor,
    rtPriority(task.prio), policy(task.prio),
    0, // delayacct_blkio_ticks
    nsecToClockT(times.guestNs), nsecToClockT(times.cguestNs),
    0, 0, 0, 0, 0, 0, 0, // start_data .. env_end
    0, // exit_code
  ];
  return `${fields.join(' ')}\n`;
}

/** 1 .. 99 of a real-time task, else 0. */
const rtPriority = (prio: number): number => (prio >= 0 && prio < MAX_RT_PRIO ? MAX_RT_PRIO - 1 - prio : 0);

/** As far as the priority tells: FIFO and RR share theirs, so do SCHED_OTHER, BATCH and IDLE. */
function policy(prio: number): number {
  if (prio < 0) return Policy.Deadline;
  return prio < MAX_RT_PRIO ? Policy.Fifo : Policy.Other;
}

/** @linux fs/proc/array.c proc_task_name */
export const escapeComm = (comm: string): string => comm.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
