/**
 * A timer goes by its clock. When somebody steps the wall clock, absolute timers on it follow; relative ones, and those on
 * the monotonic clock, do not: a relative timer on CLOCK_REALTIME is queued as one on CLOCK_MONOTONIC.
 *
 *      wall clock    |..... 10:00 ........ 10:05 stepped to 10:30 ......
 *      absolute      for 10:20                   | due at once
 *      relative      for 20 minutes              | due 20 minutes after its start
 */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { HrtimerMode } from '../../../shared/structs/hrtimer.ts';
import { ClockId, ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { NSEC_PER_MSEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { CLOCKS, ClockOffsets } from '../clock-offsets.ts';
import { KeptEvents, namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [INIT_TIMER, CLOCK, MODE] = places('hrtimer_init', 'hrtimer', 'clockid', 'mode');
const [SOURCE] = places('timekeeping_change', 'source');
const [START_TIMER, BASE] = places('hrtimer_start', 'hrtimer', 'clock_base');
const [EXPIRE_TIMER, NOW] = places('hrtimer_expire_entry', 'hrtimer', 'now');
/** From the interrupt's look at the clock to a timer's turn. */
const HANDLERS_NS: Ns = NSEC_PER_MSEC;

/** A periodic tick that is made of single events by jiffies comes later each time, by the way to its handler. */
const SLIDE = 1 / 500;

export class HrtimerClocks extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-07',
    says: 'a timer expires by the clock that it was made for as that stands since its last step, and a relative one on CLOCK_REALTIME ' +
      'by CLOCK_MONOTONIC',
    reference: 'kernel/time/hrtimer.c hrtimer_update_base, clock_was_set, hrtimer_init',
    blindTo: 'steps of less than a millisecond; timers that do not expire (H-03)',
    listens: ['hrtimer_init', 'hrtimer_start', 'hrtimer_expire_entry', 'timekeeping_change'],
  };

  readonly #offsets = new ClockOffsets();
  readonly #error: ClockError;
  /** What part of the time jiffies lose where they are the clock. */
  #slides = 0;
  /** By timer: clock and mode that it was made with, and the queue that it was put into. */
  readonly #clock: ClockId[] = [];
  readonly #mode: number[] = [];
  readonly #base: number[] = [];
  readonly #step = new KeptEvents(1, 'timekeeping_change');

  constructor(facts: RunFacts) {
    super(HrtimerClocks.about, facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.hrtimer_init:
        this.#clock[fields[at + INIT_TIMER]] = fields[at + CLOCK] as ClockId;
        this.#mode[fields[at + INIT_TIMER]] = fields[at + MODE];
        return;
      case Event.hrtimer_start: return this.#onStart(id, cpu, t, fields, at);
      case Event.hrtimer_expire_entry: return this.#onExpire(id, cpu, t, fields, at);
      case Event.timekeeping_change:
        this.#step.keep(0, id, cpu, t, fields, at);
        this.#slides = fields[at + SOURCE] === ClocksourceId.Jiffies ? SLIDE : 0;
        return this.#offsets.onChange(t, fields, at);
    }
  }

  #onStart(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const timer = fields[at + START_TIMER];
    this.#base[timer] = fields[at + BASE];
    const relative = ((this.#mode[timer] ?? 0) & HrtimerMode.Rel) !== 0;
    if (this.#clock[timer] !== ClockId.Realtime || !relative) return;
    this.checked++;
    if (fields[at + BASE] % CLOCKS === 0) return;
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns starts timer ${timer}, a relative one, so that it follows steps of CLOCK_REALTIME`,
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #onExpire(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const timer = fields[at + EXPIRE_TIMER];
    const base = this.#base[timer] ?? 0;
    if (base % CLOCKS === 0) return;
    this.checked++;
    const off = fields[at + NOW] - t;
    if (this.#explains(off, this.#offsets.of(base), t)) return;
    if (this.facts.racing && this.#explains(off, this.#offsets.beforeOf(base), t)) return;
    this.broken(() => ({
      says: `CPU ${cpu} at ${t} ns expires timer ${timer} by a clock that is ${off} ns ahead of the true one, and the timekeeper’s is ` +
        `${this.#offsets.of(base)} ns ahead`,
      events: [...(this.#step.has(0) ? [this.#step.named(0)] : []), namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #explains(off: Ns, offset: Ns, t: Ns): boolean {
    const { tickNs, skewNs, stalledNs } = this.facts;
    // a clock that ticks move stands still while the firmware has the CPUs
    const behind = this.#slides * t + Math.max(0, ...stalledNs) + (this.#slides > 0 ? tickNs : 0);
    return Math.abs(off - offset) <= HANDLERS_NS + behind + this.#error.after(t) + skewNs;
  }
}
