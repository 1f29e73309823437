/** What a process is told of its children's times, and in clock ticks of its own. */
import { readSeqcountBegin, readSeqcountRetry } from '../../shared/sync/seqcount.ts';
import { NSEC_PER_SEC, USER_HZ, type Ns, type TaskId } from '../../shared/units.ts';
import type { KernelCpu } from './kernel-cpu.ts';
import { processOf } from './process.ts';

/** Times of the children that a process has waited for. @linux include/linux/sched/signal.h signal_struct.cutime and friends */
export interface ChildTimes {
  utime: Ns;
  stime: Ns;
  gtime: Ns;
  nvcsw: number;
  nivcsw: number;
}

/** All of one moment, `member` being any thread of the process. @linux kernel/sys.c getrusage, RUSAGE_CHILDREN */
export function childTimes(cpu: KernelCpu, member: TaskId, out: ChildTimes): void {
  const signal = cpu.image.signalStructs[processOf(cpu, member)]!;
  for (;;) {
    const start = readSeqcountBegin(cpu.memory, signal.seq);
    out.utime = signal.cutime;
    out.stime = signal.cstime;
    out.gtime = signal.cgtime;
    out.nvcsw = signal.cnvcsw;
    out.nivcsw = signal.cnivcsw;
    if (!readSeqcountRetry(cpu.memory, signal.seq, start)) return;
  }
}

/** @linux kernel/time/time.c nsec_to_clock_t */
export function nsecToClockT(ns: Ns): number {
  return Math.floor(ns / (NSEC_PER_SEC / USER_HZ));
}

/** Room for one look. @dynticks Linux has it on the stack */
export function newChildTimes(): ChildTimes {
  return { utime: 0, stime: 0, gtime: 0, nvcsw: 0, nivcsw: 0 };
}
