/**
 * How much a CPU has run lately: a sum of its running time, in which a period of 1024 us weighs half as
 * much as the one 32 periods later. Here it only tells whether an idle CPU still has load to decay.
 */
import type { Rq } from '../../../shared/structs/cpu.ts';
import type { Ns } from '../../../shared/units.ts';

/** Periods after which a sum is half of what it was. @linux kernel/sched/pelt.h LOAD_AVG_PERIOD */
export const LOAD_AVG_PERIOD = 32;
/** What the sum of a CPU comes to that always runs. @linux kernel/sched/sched-pelt.h LOAD_AVG_MAX */
const LOAD_AVG_MAX = 47_742;
const PERIOD = 1_024;
/** Linux counts in units of 1024 ns. */
const NS_PER_UNIT: Ns = 1_024;
/** Load of a CPU that always runs. @linux include/linux/sched.h SCHED_CAPACITY_SCALE */
const SCALE = 1_024;

/** 2^32 * 2^(-n/32). @linux kernel/sched/sched-pelt.h runnable_avg_yN_inv */
const INVERSE = Array.from({ length: LOAD_AVG_PERIOD }, (_, n) => Math.min(2 ** 32 - 1, Math.floor(2 ** 32 * 2 ** (-n / LOAD_AVG_PERIOD))));

/** @linux kernel/sched/pelt.c decay_load */
export function decayLoad(sum: number, periods: number): number {
  const halves = Math.floor(periods / LOAD_AVG_PERIOD);
  if (halves > 31) return 0;
  const rest = periods % LOAD_AVG_PERIOD;
  return Math.floor((Math.floor(sum / 2 ** halves) * INVERSE[rest]!) / 2 ** 32);
}

/** Brings the sum up to `now`, during which the CPU ran all the time or not at all. @linux kernel/sched/pelt.c ___update_load_sum */
export function updateLoadSum(rq: Rq, now: Ns, running: boolean): void {
  const units = Math.floor((now - rq.loadAt) / NS_PER_UNIT);
  if (units <= 0) return;
  rq.loadAt += units * NS_PER_UNIT;
  const before = rq.loadContrib;
  const periods = Math.floor((before + units) / PERIOD);
  const after = (before + units) % PERIOD;
  rq.loadContrib = after;
  const kept = decayLoad(rq.loadSum, periods);
  rq.loadSum = kept + (running ? contribution(periods, periods === 0 ? units : PERIOD - before, after) : 0);
}

/**
 * Of the rest of the first period, the whole ones, and the beginning of the present one.
 * @linux kernel/sched/pelt.c __accumulate_pelt_segments
 */
function contribution(periods: number, first: number, last: number): number {
  if (periods === 0) return first;
  return decayLoad(first, periods) + LOAD_AVG_MAX - decayLoad(LOAD_AVG_MAX, periods) - PERIOD + last;
}

/** Whether the average is more than nothing. @linux kernel/sched/fair.c cfs_rq_has_blocked */
export function hasBlockedLoad(rq: Rq): boolean {
  return SCALE * rq.loadSum >= LOAD_AVG_MAX - PERIOD + rq.loadContrib;
}
