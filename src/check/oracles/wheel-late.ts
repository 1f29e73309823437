/** A wheel timer that must be served in time is: soon after its jiffy has begun, and none is forgotten. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { WheelOp } from '../../../shared/structs/timer.ts';
import type { CpuId, Jiffies, Ns } from '../../../shared/units.ts';
import { places } from '../kept-events.ts';
import { ClockError } from '../clock-error.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';
import { WheelLog, type Wheel, type WheelRow } from '../wheel-log.ts';

const [JIFFIES] = places('jiffies_update', 'jiffies');

/** Its CPU’s tick may have come just before jiffies moved, and the softirq may have been left to the next tick. */
const LATE_JIFFIES: Jiffies = 3;

export class WheelLate extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'W-02',
    says: `a wheel timer that is not deferrable is run within ${LATE_JIFFIES} jiffies of when it is due, whether its CPU is idle or not; ` +
      'at the end of a run none has been due for longer',
    reference: 'kernel/time/timer.c trigger_dyntick_cpu',
    blindTo: 'deferrable timers, which wait until their CPU is awake',
    listens: ['timer_base', 'jiffies_update'],
  };

  readonly #log: WheelLog;
  readonly #error: ClockError;
  #jiffies: Jiffies = 0;

  constructor(facts: RunFacts) {
    super(WheelLate.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#log = new WheelLog(facts.cpus, this.#judge.bind(this));
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.jiffies_update) this.#jiffies = Math.max(this.#jiffies, fields[at + JIFFIES]);
    else this.#log.onEvent(cpu, t, fields, at);
  }

  override finish(end: Ns): Verdict {
    for (const { queued, deferrable, cpu } of this.#log.finish()) {
      if (deferrable) continue;
      for (const [timer, { bucketExpiry: due, event }] of queued) {
        if (this.#jiffies <= due + this.#late(end)) continue;
        this.broken(() => ({
          says: `timer ${timer} on CPU ${cpu} was due at jiffy ${due}, and is still queued at the end of the run, `
            + `at jiffy ${this.#jiffies}`,
          events: [event],
        }));
      }
    }
    return this.verdict();
  }

  /** Jiffies; the firmware may have taken a CPU meanwhile, perhaps the one that moves jiffies; a counter that jumps takes them along. */
  #late(t: Ns): number {
    return LATE_JIFFIES + Math.ceil((Math.max(0, ...this.facts.stalledNs) + this.#error.jumpedBy(t)) / this.facts.tickNs);
  }

  #judge(row: WheelRow, { queued, deferrable }: Wheel): void {
    const timer = row.op === WheelOp.Expire && !deferrable ? queued.get(row.timer) : undefined;
    if (timer === undefined) return;
    this.checked++;
    if (row.now <= timer.bucketExpiry + this.#late(row.t)) return;
    this.broken(() => ({
      says: `CPU ${row.cpu} at ${row.t} ns runs timer ${row.timer}, due at jiffy ${timer.bucketExpiry}, only at jiffy ${row.now}`,
      events: [timer.event, row.event],
    }));
  }
}
