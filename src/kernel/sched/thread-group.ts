/** CPU time of a process: the sum over its threads. Here a process has one. */
import type { Ns, TaskId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { cputimeAdjust, type AdjustedCputime } from './cputime-adjust.ts';
import { taskCputime, type ReaderKind } from './cputime-read.ts';

/** What a CPU clock counts. @linux include/linux/posix-timers.h CPUCLOCK_PROF, CPUCLOCK_VIRT, CPUCLOCK_SCHED */
export const CpuClock = { Prof: 0, Virt: 1, Sched: 2 } as const;
export type CpuClock = (typeof CpuClock)[keyof typeof CpuClock];

/** One look at a process. */
export interface GroupCputime {
  /** Version of the record of dead threads. */
  version: number;
  /** Threads that were alive. */
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
  const sample = cpu.cputime;
  const { sumExecRuntime, nvcsw, nivcsw } = cpu.image.tasks[member]!;
  taskCputime(cpu, member, reader, sample);
  out.version = 0;
  out.threads = 1;
  out.firstTau = out.lastTau = Math.max(sample.starttime, Math.min(sample.clock, sample.promise));
  out.utime = sample.utime;
  out.stime = sample.stime;
  out.sumExecRuntime = sumExecRuntime;
  out.nvcsw = nvcsw;
  out.nivcsw = nivcsw;
}

/** The pair that /proc shows of those sums. @linux kernel/sched/cputime.c thread_group_cputime_adjusted */
export function threadGroupCputimeAdjusted(cpu: KernelCpu, member: TaskId, sums: GroupCputime, out: AdjustedCputime): void {
  cputimeAdjust(cpu, member, sums.utime, sums.stime, sums.sumExecRuntime, out);
}

/** Room for one look. @dynticks Linux has it on the stack */
export function newGroupCputime(): GroupCputime {
  return { version: 0, threads: 0, firstTau: 0, lastTau: 0, utime: 0, stime: 0, sumExecRuntime: 0, nvcsw: 0, nivcsw: 0 };
}
