/**
 * A reader of another CPU's task, as rule 4 of `free` has it, and ways to get it wrong.
 *
 *      writer (CPU 0)                         reader, its clock at t
 *      promise 500, version 7 since 400
 *                                             seq 14; user since 400
 *                                             promise 500, still inside the section
 *                                             seq 14: version 7 held while the promise was 500,
 *                                             so nothing ends it before 500
 *      event at 500: version 8
 *      promise 900
 *                                             a promise loaded here would let it
 *                                             extrapolate version 7 to 900: false
 */
import { VtimeState } from '../../../shared/structs/task.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../../shared/sync/seqcount.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { FreeViews } from './records.ts';

export type ReaderMutant =
  | 'none'
  /** the promise is loaded after the section */
  | 'promise outside'
  /** the reader's own clock stands in for the promise, as Linux's text reads */
  | 'own clock'
  /** does not look at the count again */
  | 'no retry'
  /** which CPU's promise is decided before the section: the task may have moved */
  | 'wrong cpu';

/** The accepted tuple, the promise used, and what the reader made of them. */
export interface Reading {
  stamp: Ns;
  state: VtimeState;
  cpu: CpuId;
  rawUtime: Ns;
  rawStime: Ns;
  /** min(t, promise): the writer's clock as the reader may use it. */
  clock: Ns;
  tau: Ns;
  utime: Ns;
  stime: Ns;
  retries: number;
}

export const newReading = (): Reading =>
  ({ stamp: 0, state: 0, cpu: 0, rawUtime: 0, rawStime: 0, clock: 0, tau: 0, utime: 0, stime: 0, retries: -1 });

/** @linux kernel/sched/cputime.c task_cputime */
export function readTask(views: FreeViews, task: number, t: Ns, mutant: ReaderMutant, into: Reading): void {
  const vtime = views.vtimes[task]!;
  const before = mutant === 'wrong cpu' ? vtime.cpu : 0;
  into.retries = -1;
  let promise: Ns;
  let seq: number;
  do {
    into.retries += 1;
    seq = readSeqcountBegin(views.memory, vtime.seq);
    into.rawUtime = vtime.utime;
    into.rawStime = vtime.stime;
    into.stamp = vtime.starttime;
    into.cpu = vtime.cpu;
    into.state = vtime.state;
    promise = promiseOf(views, mutant === 'wrong cpu' ? before : into.cpu);
  } while (mutant !== 'no retry' && readSeqcountRetry(views.memory, vtime.seq, seq));
  if (mutant === 'promise outside') promise = promiseOf(views, into.cpu);
  evaluate(into, mutant === 'own clock' ? t : Math.min(t, promise));
}

/** F_k(tau), tau = max(s_k, clock). A task that does not run has the values of its stamp. */
function evaluate(into: Reading, clock: Ns): void {
  const { state, stamp } = into;
  into.clock = clock;
  into.tau = state === VtimeState.Inactive ? stamp : Math.max(stamp, clock);
  into.utime = into.rawUtime + (state === VtimeState.User ? into.tau - stamp : 0);
  into.stime = into.rawStime + (state === VtimeState.Sys ? into.tau - stamp : 0);
}

export function promiseOf({ participants }: FreeViews, cpu: CpuId): Ns {
  return participants[cpu]?.promise ?? 0;
}
