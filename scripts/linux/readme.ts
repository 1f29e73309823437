/**
 * What the README of the recordings allows: its table of tolerances, its list of noise, and how it says
 * the recordings were made. Each row of the tolerances names one of these, and may be no wider.
 */
import type { Tolerance } from './tolerance.ts';

interface Allowance {
  readonly says: string;
  allows(tolerance: Tolerance): boolean;
}

const near = (counts: number, percent: number) => (of: Tolerance): boolean =>
  of.kind === 'exact' || (of.kind === 'near' && of.counts <= counts && of.percent <= percent);
const order = (of: Tolerance): boolean => (of.kind === 'order' && of.factor < 10) || near(Infinity, 100)(of);
const noise = (): boolean => true;
const between = (least: number, most: number) => (of: Tolerance): boolean =>
  of.kind === 'within' && of.per === null && of.least >= least && of.most <= most;
const withinLoops = (least: number, most: number, times: number) => (of: Tolerance): boolean =>
  of.kind === 'within' && of.per?.key === 'workers.0.loops' && of.per.times === times && of.least >= least && of.most <= most;

export const README: Readonly<Record<string, Allowance>> = {
  silent: { says: 'silent: 5 % or 2 counts', allows: near(2, 5) },
  ticks: { says: 'ticks per second of a busy, ticking CPU: exact, +-1 per window edge', allows: near(2, 0) },
  membarrier: { says: 'CAL for membarrier: 100 +0..8', allows: withinLoops(100, 108, 100) },
  pingpong: {
    says: 'CAL for remote wakeups of idle CPUs: pingpong 280..305 per 300 rounds',
    allows: withinLoops(280, 305, 300),
  },
  idle: { says: 'number of ticks before stop, LOC in 5 s of idle: depends on background kworkers: order of magnitude only', allows: order },
  kicks: { says: 'ILB kicks: order of magnitude', allows: order },
  split: { says: 'the user/system split is an alias of the phase: compare the algorithm, not the number', allows: noise },
  ticksum: { says: 'tick-sampled utime+stime: multiple of 4 ms; total = ticks x 4 ms', allows: between(-4_200, 4_200) },
  procstat: { says: '/proc/pid/stat: tick configs -20..+4 ms', allows: between(-20_000, 4_200) },
  // user and system time are rounded down each for itself; at the first look, with less than 10 ms of either, nothing is lost yet
  rounded2: {
    says: 'in tick configs within one tick + USER_HZ (10 ms) rounding; a sum of two parts is rounded twice',
    allows: between(-24_000, 4_200),
  },
  rounded: { says: 'in tick configs within one tick + USER_HZ (10 ms) rounding', allows: between(-14, 14) },
  latencies: { says: 'latencies in us, rtt, idle periods below 1 ms: noise; path lengths in time: noise for a simulator', allows: noise },
  input: { says: 'how the recording was made, which the machine is told: windows, instants, names, process numbers', allows: noise },
  window: { says: 'deltas are live - before: what the workers do after the second look is not in them', allows: noise },
};
