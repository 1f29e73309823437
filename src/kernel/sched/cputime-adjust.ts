/**
 * The pair that /proc shows: user and system time scaled so that their sum is the scheduler's run
 * time, which is exact, and so that neither ever decreases, whoever asks.
 */
import { LockClass } from '../../../shared/lock-order.ts';
import { mulDiv } from '../../../shared/math.ts';
import { rawSpinGeneration } from '../../../shared/sync/raw-spinlock.ts';
import type { Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';

export interface AdjustedCputime {
  utime: Ns;
  stime: Ns;
  /** Which holding of the filter's lock gave it out: the order in which all readers were served. */
  turn: number;
}

/**
 * Scales (utime, stime) to `rtime`. The filter, a task's or a process's (`groupFilterOf`), remembers what was handed
 * out last; under its lock all readers see one growing pair.
 * @linux kernel/sched/cputime.c cputime_adjust
 */
export function cputimeAdjust(
  cpu: KernelCpu, filter: number, utime: Ns, stime: Ns, rtime: Ns, out: AdjustedCputime,
): void {
  const prev = cpu.image.prevCputimes[filter]!;
  spinLock(cpu, prev.lock, LockClass.PrevCputime, filter);
  if (prev.utime + prev.stime < rtime) {
    const system = Math.max(prev.stime, Math.min(rtime, scaledStime(utime, stime, rtime)));
    const user = Math.max(prev.utime, rtime - system);
    prev.utime = user;
    prev.stime = rtime - user;
  }
  out.utime = prev.utime;
  out.stime = prev.stime;
  out.turn = rawSpinGeneration(cpu.memory, prev.lock) >>> 0;
  spinUnlock(cpu, prev.lock, LockClass.PrevCputime, filter);
}

/** A record begins a new life. @linux kernel/fork.c prev_cputime_init */
export function prevCputimeInit(cpu: KernelCpu, filter: number): void {
  const prev = cpu.image.prevCputimes[filter]!;
  spinLock(cpu, prev.lock, LockClass.PrevCputime, filter);
  prev.utime = 0;
  prev.stime = 0;
  spinUnlock(cpu, prev.lock, LockClass.PrevCputime, filter);
}

function scaledStime(utime: Ns, stime: Ns, rtime: Ns): Ns {
  if (stime === 0) return 0;
  return utime === 0 ? rtime : mulDiv(stime, rtime, stime + utime);
}
