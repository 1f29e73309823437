/**
 * A wheel's clock goes on, never back: not past jiffies by more than the step that is being run, nor
 * past the first bucket that is due. What the wheel says is its first expiry is no later than that of any
 * timer in it.
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { WheelOp } from '../../../shared/structs/timer.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { WheelLog, type Wheel, type WheelRow } from '../wheel-log.ts';

export class WheelClock extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'W-03',
    says: 'a wheel’s clock never goes back, is at most one jiffy ahead, and never behind its own first expiry; that is no later than ' +
      'the expiry of any timer that is still to be run',
    reference: 'kernel/time/timer.c forward_timer_base, __next_timer_interrupt',
    blindTo: 'timers whose bucket the clock has passed (W-02)',
    listens: ['timer_base'],
  };

  readonly #log: WheelLog;

  constructor(facts: RunFacts) {
    super(WheelClock.about, facts);
    this.#log = new WheelLog(facts.cpus, this.#judge.bind(this));
  }

  onEvent(_id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    this.#log.onEvent(cpu, t, fields, at);
  }

  override finish(): Verdict {
    this.#log.finish();
    return this.verdict();
  }

  #judge(row: WheelRow, before: Wheel): void {
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
