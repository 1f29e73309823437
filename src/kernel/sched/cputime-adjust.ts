/**
 * The pair that /proc shows: user and system time scaled so that their sum is the scheduler's run
 * time, which is exact, and so that neither ever decreases, whoever asks.
 */
import { LockClass } from '../../../shared/lock-order.ts';
import { mulDiv } from '../../../shared/math.ts';
import type { PrevCputime } from '../../../shared/structs/task.ts';
import { rawSpinGeneration } from '../../../shared/sync/raw-spinlock.ts';
import type { Ns, TaskId } from '../../../shared/units.ts';
import type { Decisions } from '../decisions.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { taskSchedRuntime } from './core.ts';
import type { TaskCputime } from './cputime-read.ts';

export interface AdjustedCputime {
  /** What the pair was to sum up to. */
  rtime: Ns;
  utime: Ns;
  stime: Ns;
  /** Which holding of the filter's lock gave it out: the order in which all readers were served; -1: it was not asked. */
  turn: number;
}

/**
 * A look at a task, adjusted. A task that runs on a tracked CPU has its run time asked for afresh, since without ticks
 * nobody else does; for any other what stands in its record is good enough.
 * @linux kernel/sched/cputime.c task_cputime_adjusted
 */
export function taskCputimeAdjusted(cpu: KernelCpu, task: TaskId, running: boolean, look: TaskCputime, out: AdjustedCputime): void {
  const { keepsStaleRuntime, showsStoredTimes } = cpu.decisions;
  const rtime = running && !keepsStaleRuntime ? taskSchedRuntime(cpu, task) : cpu.image.tasks[task]!.sumExecRuntime;
  const { rawUtime, rawStime, utime, stime } = look;
  if (showsStoredTimes) cputimeAdjust(cpu, task, rawUtime, rawStime, rawUtime + rawStime, out);
  else cputimeAdjust(cpu, task, utime, stime, rtime, out);
}

/**
 * Scales (utime, stime) to `rtime`. The filter, a task's or a process's (`groupFilterOf`), remembers what was handed
 * out last; under its lock all readers see one growing pair. Accounts that are exact by themselves are shown as they are.
 * @linux kernel/sched/cputime.c cputime_adjust
 */
export function cputimeAdjust(
  cpu: KernelCpu, filter: number, utime: Ns, stime: Ns, rtime: Ns, out: AdjustedCputime,
): void {
  if (!cpu.accounting.scales) return asTheyAre(utime, stime, rtime, out);
  const prev = cpu.image.prevCputimes[filter]!;
  spinLock(cpu, prev.lock, LockClass.PrevCputime, filter);
  if (cpu.decisions.forgetsAdjusted) prev.utime = prev.stime = 0;
  if (prev.utime + prev.stime < rtime) raise(prev, utime, stime, rtime, cpu.decisions);
  out.rtime = rtime;
  out.utime = prev.utime;
  out.stime = prev.stime;
  out.turn = rawSpinGeneration(cpu.memory, prev.lock) >>> 0;
  spinUnlock(cpu, prev.lock, LockClass.PrevCputime, filter);
}

function asTheyAre(utime: Ns, stime: Ns, rtime: Ns, out: AdjustedCputime): void {
  out.rtime = rtime;
  out.utime = utime;
  out.stime = stime;
  out.turn = -1;
}

/** Both parts make up `rtime`, and neither falls: what the scaling takes from one the other does not get. */
function raise(prev: PrevCputime, utime: Ns, stime: Ns, rtime: Ns, { raisesPartsApart, scaledStime = scale }: Decisions): void {
  const system = Math.max(prev.stime, scaledStime(stime, rtime, stime + utime));
  if (raisesPartsApart) return raiseApart(prev, system, rtime);
  const user = Math.max(prev.utime, rtime - system);
  prev.utime = user;
  prev.stime = rtime - user;
}

/** As Linux did until 4.3, without a sign: what is below 0 is huge. */
function raiseApart(prev: PrevCputime, system: Ns, rtime: Ns): void {
  const user = rtime - system;
  prev.stime = system;
  prev.utime = Math.max(prev.utime, user < 0 ? user + 2 ** 53 : user);
}

/** `stime` as a part of `rtime`, exactly, however long a machine has been up: the product has up to 106 bits. */
function scale(stime: Ns, rtime: Ns, total: Ns): Ns {
  if (stime === 0) return 0;
  return stime === total ? rtime : mulDiv(stime, rtime, total);
}

/** A record begins a new life. @linux kernel/fork.c prev_cputime_init */
export function prevCputimeInit(cpu: KernelCpu, filter: number): void {
  const prev = cpu.image.prevCputimes[filter]!;
  spinLock(cpu, prev.lock, LockClass.PrevCputime, filter);
  prev.utime = 0;
  prev.stime = 0;
  spinUnlock(cpu, prev.lock, LockClass.PrevCputime, filter);
}
