/** Linux's pair for /proc as a pure function: the kernel's own works on shared memory, under a lock. */
import { mulDiv } from '../../shared/math.ts';
import type { Ns } from '../../shared/units.ts';

export interface CputimePair {
  readonly utime: Ns;
  readonly stime: Ns;
}

/**
 * Scales (utime, stime) to `rtime`, the scheduler's exact run time, so that neither falls below
 * `prev`, the pair handed out last.
 * @linux kernel/sched/cputime.c cputime_adjust
 */
export function adjustCputime({ utime, stime }: CputimePair, rtime: Ns, prev: CputimePair): CputimePair {
  if (prev.utime + prev.stime >= rtime) return prev;
  const scaled = scaleStime(utime, stime, rtime);
  const system = Math.max(prev.stime, scaled);
  const user = Math.max(prev.utime, rtime - system);
  return { utime: user, stime: rtime - user };
}

function scaleStime(utime: Ns, stime: Ns, rtime: Ns): Ns {
  if (stime === 0) return 0;
  return utime === 0 ? rtime : Math.min(rtime, mulDiv(stime, rtime, stime + utime));
}
