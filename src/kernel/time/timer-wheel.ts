/**
 * The timer wheel's arithmetic. Each level has 64 buckets, and those of a level are eight times as
 * coarse as those of the one below; a timer is put where its distance fits and stays there until it
 * is due. So it is never early, and late by at most one bucket of its level. Nothing is ever moved down:
 *
 *      level 0    1 jiffy a bucket      up to 62 jiffies away
 *      level 1    8 jiffies                up to 503
 *      level 2   64 jiffies                up to 4031
 *      ...
 *
 * The buckets are aligned as Linux's are, whose jiffies start five minutes before zero; ours start at
 * zero, and `origin` is the difference.
 */
import { LVL_SIZE } from '../../../shared/structs/timer.ts';
import type { TimerBase } from '../../../shared/structs/timer.ts';
import type { Jiffies } from '../../../shared/units.ts';

/** How many levels a wheel has, and what its buckets are aligned to. */
export interface WheelShape {
  readonly depth: number;
  readonly origin: Jiffies;
}

/**
 * What Linux's jiffies show at boot, so that whoever forgets their wrap-around learns of it within minutes.
 * @linux include/linux/jiffies.h INITIAL_JIFFIES
 */
export const initialJiffies = (hz: number): Jiffies => 2 ** 32 - 300 * hz;

/** @linux kernel/time/timer.c LVL_DEPTH */
export const wheelShape = (hz: number): WheelShape => ({ depth: hz > 100 ? 9 : 8, origin: initialJiffies(hz) });

/** Further than any timer: where `nextExpiry` stands when there is none. @linux include/linux/timer.h NEXT_TIMER_MAX_DELTA */
export const NEXT_TIMER_MAX_DELTA: Jiffies = 2 ** 30 - 1;

/** Jiffies of one bucket of a level. @linux kernel/time/timer.c LVL_GRAN */
export const granularityOf = (level: number): Jiffies => 8 ** level;

/** Distance at which a level begins. @linux kernel/time/timer.c LVL_START */
const startOf = (level: number): Jiffies => (LVL_SIZE - 1) * 8 ** (level - 1);

/** The level for a timer that is `delta` jiffies ahead of the wheel's clock. @linux kernel/time/timer.c calc_wheel_index */
export function levelFor(delta: Jiffies, depth: number): number {
  let level = 0;
  while (level < depth - 1 && delta >= startOf(level + 1)) level += 1;
  return level;
}

/**
 * The jiffy at which a timer is run: the first boundary of its level's buckets behind `expires`. What is
 * over already is run at the clock's next step, what is beyond the wheel at its end.
 * @linux kernel/time/timer.c calc_index
 */
export function bucketExpiry(expires: Jiffies, clk: Jiffies, level: number, { depth, origin }: WheelShape): Jiffies {
  if (expires < clk) return clk;
  const cutoff = startOf(depth);
  const within = expires - clk < cutoff ? expires : clk + cutoff - granularityOf(depth - 1);
  const granularity = granularityOf(level);
  return (Math.floor((within + origin) / granularity) + 1) * granularity - origin;
}

/** The bucket that is due at that jiffy. @linux kernel/time/timer.c calc_index */
export function bucketOf(expiry: Jiffies, level: number, { origin }: WheelShape): number {
  return LVL_SIZE * level + (Math.floor((expiry + origin) / granularityOf(level)) % LVL_SIZE);
}

/**
 * The first jiffy from `clk` on at which a bucket that holds timers is due, or NEXT_TIMER_MAX_DELTA after it.
 *
 * A level's own clock is the wheel's clock in its buckets, rounded up: what lies in the bucket that is
 * under way has been run already. A find on one level rules out the coarser ones only if it comes before their
 * clocks move on.
 * @linux kernel/time/timer.c __next_timer_interrupt
 */
export function nextBucketExpiry(base: TimerBase, { depth, origin }: WheelShape): Jiffies {
  let next = base.clk + NEXT_TIMER_MAX_DELTA;
  let clock = base.clk + origin;
  for (let level = 0; level < depth; level++) {
    const position = clock % LVL_SIZE;
    const low = clock % 8;
    const distance = nextPendingBucket(base.pendingMap(2 * level), base.pendingMap(2 * level + 1), position);
    if (distance >= 0) {
      next = Math.min(next, (clock + distance) * granularityOf(level) - origin);
      if (distance <= (8 - low) % 8) break;
    }
    clock = Math.floor(clock / 8) + (low === 0 ? 0 : 1);
  }
  return next;
}

/**
 * How many buckets from `position` on, around the level, to the first that is marked; -1 none is.
 * @linux kernel/time/timer.c next_pending_bucket
 */
function nextPendingBucket(low: number, high: number, position: number): number {
  if ((low | high) === 0) return -1;
  const swap = position >= 32;
  const near = swap ? high : low;
  const far = swap ? low : high;
  const shift = position & 31;
  // the map turned so that `position` is its first bit
  const first = shift === 0 ? near : (near >>> shift) | (far << (32 - shift));
  if (first !== 0) return lowestBit(first);
  return 32 + lowestBit(shift === 0 ? far : (far >>> shift) | (near << (32 - shift)));
}

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);
