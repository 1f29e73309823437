/**
 * The order of events: (time, class, cpu rank, origin cpu, n). Identity and causality decide it, never
 * the order of arrival; two events with one key are our own bug.
 */
import { KernelBug } from '../../shared/assert.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

export interface EventKeyFields {
  readonly time: Ns;
  readonly class: number;
  readonly origin: CpuId;
  readonly n: number;
}

/** Rank of a CPU among those with an event at `time`: equal times are ordered by it. */
export type RankOf = (cpu: CpuId, time: Ns) => number;

/** `--ties fixed`: CPUs in the order of their numbers. */
export const fixedRank: RankOf = (cpu) => cpu;

/**
 * `--ties shuffled`: at each instant another order, drawn from (seed, time) alone. Code that works
 * only because CPU 0 comes first does not survive it.
 */
export function shuffledRank(seed: number): RankOf {
  return (cpu, time) => {
    const low = Math.imul(time % 0x1_0000_0000 | 0, 0x9e3779b1);
    const high = Math.imul((time / 0x1_0000_0000) | 0, 0x85ebca6b);
    return mix(low ^ high ^ Math.imul(seed, 0xc2b2ae35) ^ Math.imul(cpu + 1, 0x27d4eb2f));
  };
}

/** Whether the event `a` of CPU `cpuA` comes before the event `b` of CPU `cpuB`. */
export function comesBefore(a: EventKeyFields, cpuA: CpuId, b: EventKeyFields, cpuB: CpuId, rankOf: RankOf): boolean {
  if (a.time !== b.time) return a.time < b.time;
  if (a.class !== b.class) return a.class < b.class;
  if (cpuA !== cpuB) {
    const rank = rankOf(cpuA, a.time) - rankOf(cpuB, b.time);
    return rank !== 0 ? rank < 0 : cpuA < cpuB;
  }
  if (a.origin !== b.origin) return a.origin < b.origin;
  if (a.n === b.n) throw new KernelBug(`two events of CPU ${cpuA} have one key (${a.time}, ${a.class}, ${a.origin}, ${a.n})`);
  return a.n < b.n;
}

function mix(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
