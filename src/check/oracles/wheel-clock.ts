/**
 * A wheel's clock goes on, never back: not past jiffies by more than the step that is being run, nor
 * past the first bucket that is due. What the wheel says is its first expiry is no later than that of any
 * timer in it.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { WheelOp } from '../../../shared/structs/timer.ts';
import type { OracleDescription } from '../oracle.ts';
import type { Wheel, WheelRow } from '../wheel-log.ts';
import { WheelOracle } from '../wheel-oracle.ts';

export class WheelClock extends WheelOracle {
  static readonly about: OracleDescription = {
    id: 'W-03',
    says: 'a wheel’s clock never goes back, is at most one jiffy ahead, and never behind its own first expiry; that is no later than ' +
      'the expiry of any timer that is still to be run',
    reference: 'kernel/time/timer.c forward_timer_base, __next_timer_interrupt',
    blindTo: 'timers whose bucket the clock has passed (W-02)',
    listens: ['timer_base'],
  };

  constructor(facts: RunFacts) {
    super(WheelClock.about, facts);
  }

  protected override judge(row: WheelRow, before: Wheel): void {
    this.checked++;
    const wrong = this.#wrong(row, before);
    if (wrong === undefined) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns leaves wheel ${before.index} with ${wrong}`,
      events: [...(before.last === null ? [] : [before.last.event]), row.event],
    }));
  }

  #wrong(row: WheelRow, { last, queued }: Wheel): string | undefined {
    const { clk, now, nextExpiry } = row;
    if (last !== null && clk < last.clk) return `its clock at ${clk}, where it stood at ${last.clk}`;
    if (clk > now + 1) return `its clock at ${clk}, at jiffy ${now}`;
    if (clk > nextExpiry) return `its clock at ${clk}, past its first expiry ${nextExpiry}`;
    if (row.recalc) return undefined;
    const behind = `a first expiry of ${nextExpiry}, behind that of timer`;
    if (row.op === WheelOp.Enqueue && row.bucketExpiry < nextExpiry) return `${behind} ${row.timer}`;
    if (row.op !== WheelOp.Recalc) return undefined;
    for (const [timer, { bucketExpiry }] of queued) {
      if (bucketExpiry >= clk && bucketExpiry < nextExpiry) return `${behind} ${timer}, ${bucketExpiry}`;
    }
    return undefined;
  }
}
