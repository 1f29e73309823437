/**
 * Rule 7 of `free`: is a value that a reader got legal? The reader brackets its call by loads of its
 * own, (k0, p0) before and (k1, p1) after, and the versions between them are in the writer's ring.
 */
import { VtimeState } from '../../../shared/structs/task.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { promiseOf, type Reading } from './reader.ts';
import { RING, type FreeViews } from './records.ts';

export type Verdict = 'legal' | 'no such version' | 'clock too early' | 'clock too late' | 'wrong value' | 'unjudged';

export interface Bracket {
  k0: number;
  cpu0: CpuId;
  p0: Ns;
}

export const newBracket = (): Bracket => ({ k0: 0, cpu0: -1, p0: 0 });

export function openBracket(views: FreeViews, task: number, into: Bracket): void {
  const vtime = views.vtimes[task]!;
  into.k0 = views.memory.load(vtime.seq) >>> 1;
  into.cpu0 = vtime.cpu;
  into.p0 = promiseOf(views, into.cpu0);
}

/**
 * Judges a reading taken at `t` since `openBracket`. `trustP0` is the mistake of a bracket that does
 * not ask whose promise p0 was.
 */
export function judge(views: FreeViews, task: number, t: Ns, bracket: Bracket, read: Reading, trustP0 = false): Verdict {
  const { memory } = views;
  const vtime = views.vtimes[task]!;
  const p1 = promiseOf(views, read.cpu);
  const k1 = memory.load(vtime.seq) >>> 1;
  const k = findVersion(views, task, bracket.k0, k1, read);
  if (k < 0) return (memory.load(vtime.seq) >>> 1) - bracket.k0 >= RING - 1 ? 'unjudged' : 'no such version';
  if (read.state === VtimeState.Inactive) return valueIsRight(read) ? 'legal' : 'wrong value';
  const end = k < k1 ? views.rings[task]!.stamp((k + 1) % RING) : Infinity;
  const early = trustP0 || bracket.cpu0 === read.cpu ? Math.min(t, bracket.p0) : 0;
  if (read.clock < early) return 'clock too early';
  if (read.clock > Math.min(p1, end) || read.clock > t) return 'clock too late';
  return valueIsRight(read) ? 'legal' : 'wrong value';
}

/** Stamps of a record are distinct, so at most one version has the tuple. */
function findVersion({ rings }: FreeViews, task: number, k0: number, k1: number, read: Reading): number {
  const ring = rings[task]!;
  for (let k = k0; k <= k1; k += 1) {
    const slot = k % RING;
    if (ring.number(slot) === k && ring.stamp(slot) === read.stamp && ring.state(slot) === read.state &&
      ring.cpu(slot) === read.cpu && ring.utime(slot) === read.rawUtime && ring.stime(slot) === read.rawStime) return k;
  }
  return -1;
}

function valueIsRight({ state, stamp, clock, rawUtime, rawStime, utime, stime }: Reading): boolean {
  const since = Math.max(stamp, clock) - stamp;
  return utime === rawUtime + (state === VtimeState.User ? since : 0) &&
    stime === rawStime + (state === VtimeState.Sys ? since : 0);
}
