/** Clocks keep their distance to true time: what a counter that starts anew unseen would change. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockId, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import type { Ns } from '../../../shared/units.ts';
import { ClockRate } from '../clock-rate.ts';
import type { ClockRead } from '../clock-reads.ts';
import { namedEvent } from '../kept-events.ts';
import type { OracleDescription } from '../oracle.ts';

export class ClockDrift extends ClockRate {
  static readonly about: OracleDescription = {
    id: 'T-04',
    says: 'as long as it reads one clock source, monotonic time keeps its distance to true time, but for the error of the counter, the ' +
      'frequency that was asked for, and 1 ppm',
    reference: 'kernel/time/timekeeping.c update_wall_time',
    blindTo: 'jiffies as the clock source; time lost in a switch',
    listens: ['clock_gettime', 'timekeeping_change'],
  };

  /** The first read of the present clock source. */
  #t: Ns = -1;
  #distance: Ns = 0;
  #since: Ns = -1;

  constructor(facts: RunFacts) {
    super(ClockDrift.about, facts);
  }

  protected override onRead({ clock, mono, t: at, cpu }: ClockRead, t: Ns, fields: Float64Array, place: number): void {
    if (clock !== ClockId.Monotonic || this.reads.source === ClocksourceId.Jiffies) return;
    if (this.#since !== this.reads.since) {
      this.#since = this.reads.since;
      this.#t = at;
      this.#distance = mono - at;
      return;
    }
    const drift = mono - at - this.#distance;
    this.checked++;
    if (Math.abs(drift) <= this.allowed(Math.abs(at - this.#t), at) + this.reads.grain() + 2) return;
    this.broken(() => ({
      says: `monotonic time has moved ${drift} ns away from true time since ${this.#t} ns; ` +
        `${Math.ceil(this.allowed(Math.abs(at - this.#t), at))} ns are allowed`,
      events: [namedEvent(Event.clock_gettime, cpu, t, fields, place)],
    }));
  }
}
