/**
 * A timer of the wheel is run by the first boundary of its level's buckets behind its expiry, and by no other.
 * The level is that of its distance from a clock that was brought up to date before: by a stale one
 * a near timer comes on a coarse level.
 *
 *      level 0   expires 41 -> 42                     level 1   expires 141 -> 144
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { LVL_DEPTH_MAX, LVL_SIZE, WheelOp } from '../../../shared/structs/timer.ts';
import type { Jiffies } from '../../../shared/units.ts';
import type { OracleDescription } from '../oracle.ts';
import type { Wheel, WheelRow } from '../wheel-log.ts';
import { WheelOracle } from '../wheel-oracle.ts';

export class WheelExpiry extends WheelOracle {
  static readonly about: OracleDescription = {
    id: 'W-01',
    says: 'a wheel timer is put up for a jiffy behind its expiry, by at most a bucket of the level that an up-to-date clock gives it; ' +
      'it is run when the wheel’s clock comes to that jiffy, and jiffies have',
    reference: 'kernel/time/timer.c calc_wheel_index, __run_timers',
    blindTo: 'timers that nobody runs (W-02)',
    listens: ['timer_base'],
  };

  /** By wheel: the bucket that was run last. */
  readonly #bucket = new Map<Wheel, Jiffies>();

  constructor(facts: RunFacts) {
    super(WheelExpiry.about, facts);
  }

  protected override judge(row: WheelRow, before: Wheel): void {
    if (row.op === WheelOp.Enqueue) return this.#onEnqueue(row, before);
    const queued = row.op === WheelOp.Expire ? before.queued.get(row.timer) : undefined;
    if (queued === undefined) return;
    this.checked++;
    const due = queued.bucketExpiry;
    if (row.clk - 1 === due && row.now >= due) {
      this.#bucket.set(before, due);
      return;
    }
    // what an earlier one of its bucket has put up since has brought the wheel's clock up to date
    if (this.#bucket.get(before) === due && row.now >= due) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns runs timer ${row.timer}, due at jiffy ${due}, at jiffy ${row.now} `
        + `with the wheel’s clock at ${row.clk}`,
      events: [queued.event, row.event],
    }));
  }

  #onEnqueue(row: WheelRow, before: Wheel): void {
    this.checked++;
    const { expires, bucketExpiry, clk, now } = row;
    const late = bucketExpiry - expires;
    const isOver = expires < clk;
    const upToDate = Math.max(clk, Math.min(now, before.last?.nextExpiry ?? now));
    const most = this.#bucketOf(expires - upToDate);
    if (isOver ? bucketExpiry === clk : (late > 0 && late <= most) || most === Infinity) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns (jiffy ${now}) puts up timer ${row.timer}, which expires with jiffy ${expires}, for jiffy `
        + `${bucketExpiry}: ${late} jiffies later, where ${most} are the most`,
      events: [...(before.last === null ? [] : [before.last.event]), row.event],
    }));
  }

  /** Jiffies of a bucket for a timer that is so far ahead; Infinity: it is beyond the wheel, which ends earlier. */
  #bucketOf(delta: Jiffies): Jiffies {
    const depth = this.facts.hz > 100 ? LVL_DEPTH_MAX : LVL_DEPTH_MAX - 1;
    let jiffies = 1;
    for (let level = 0; level < depth; level++, jiffies *= 8) if (delta < (LVL_SIZE - 1) * jiffies) return jiffies;
    return Infinity;
  }
}
