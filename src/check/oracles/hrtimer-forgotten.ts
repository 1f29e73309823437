/** A timer that is due does expire: not much later, and none may still be queued, long overdue, when the run ends. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClocksourceId } from '../../../shared/structs/timekeeper.ts';
import { NONE, NSEC_PER_MSEC, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { ClockOffsets } from '../clock-offsets.ts';
import { BASES, HrtimerQueues } from '../hrtimer-queues.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription, Verdict } from '../oracle.ts';

const [START_TIMER, BASE] = places('hrtimer_start', 'hrtimer', 'clock_base');
const [CANCEL_TIMER] = places('hrtimer_cancel', 'hrtimer');
const [SOURCE] = places('timekeeping_change', 'source');
const [EXPIRE_TIMER] = places('hrtimer_expire_entry', 'hrtimer');
/** Beside the tick to which low resolution rounds up: other timers' handlers. */
const LATENESS_NS: Ns = NSEC_PER_MSEC;
/**
 * Paths on end with interrupts off. A device that cannot be programmed fast enough is tried three times, its least distance
 * grows, and it is tried again; an interrupt's way in and out, and a softirq, come on top.
 */
const PATHS = 8;
/** Where jiffies are the clock. */
const COARSE_TICKS = 3;
/** After a hang a CPU looks at no timer for as long as it took, and no longer than this. */
const HANG_MAX_NS: Ns = 100 * NSEC_PER_MSEC;
const [TOOK] = places('hrtimer_hang', 'took');

export class HrtimerForgotten extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'H-03',
    says: 'a timer expires no more than a tick and a millisecond after its expiry, the step of its clock that made it due or its CPU’s ' +
      'new event device, paths with interrupts off, hangs and the pauses after them left out, and at the end of a run none is queued ' +
      'that is overdue by more',
    reference: 'kernel/time/hrtimer.c hrtimer_interrupt',
    blindTo: 'smaller delays',
    listens: ['hrtimer_start', 'hrtimer_cancel', 'hrtimer_expire_entry', 'hrtimer_hang', 'timekeeping_change', 'tick_device'],
  };

  readonly #queues: HrtimerQueues;
  readonly #offsets = new ClockOffsets();
  readonly #error: ClockError;
  /** How long hangs have kept each CPU from its timers by now; and had when each timer was started. */
  readonly #hung: Float64Array;
  readonly #hungBefore: number[] = [];
  /** When each CPU's tick got its device: from then on it has a phase of its own. */
  readonly #deviceSince: Float64Array;
  readonly #latenessNs: Ns;
  /** The clock itself knows no less than a tick, and a CPU may look at it just before that is over. */
  #coarse = false;

  constructor(facts: RunFacts) {
    super(HrtimerForgotten.about, facts);
    this.#queues = new HrtimerQueues(facts.cpus, facts.racing);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#hung = new Float64Array(facts.cpus);
    this.#deviceSince = new Float64Array(facts.cpus);
    this.#latenessNs = LATENESS_NS + PATHS * facts.longestPathNs;
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    switch (id) {
      case Event.hrtimer_start:
        this.checked++;
        this.#hungBefore[fields[at + START_TIMER]] = this.#hung[Math.floor(fields[at + BASE] / BASES)];
        return this.#queues.start(fields[at + START_TIMER], cpu, t, fields, at);
      case Event.hrtimer_hang:
        this.#hung[cpu] += fields[at + TOOK] + Math.min(fields[at + TOOK], HANG_MAX_NS);
        return;
      case Event.tick_device:
        this.#deviceSince[cpu] = t;
        return;
      case Event.hrtimer_cancel: return this.#queues.remove(fields[at + CANCEL_TIMER]);
      case Event.hrtimer_expire_entry: return this.#onExpire(cpu, t, fields, at);
      case Event.timekeeping_change:
        this.#coarse = fields[at + SOURCE] === ClocksourceId.Jiffies;
        return this.#offsets.onChange(t, fields, at);
    }
  }

  override finish(end: Ns): Verdict {
    for (let base = 0; base < BASES * this.facts.cpus; base++) {
      for (let timer = this.#queues.head(base); timer !== NONE; timer = this.#queues.head(base)) {
        if (this.#lateness(timer, end) > this.#latenessNs) this.#forgotten(timer, base, end);
        this.#queues.remove(timer);
      }
    }
    return this.verdict();
  }

  #onExpire(cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const timer = fields[at + EXPIRE_TIMER];
    if (this.#queues.baseOf(timer) !== NONE && this.#lateness(timer, t) > this.#latenessNs) {
      const start = this.#queues.startOf(timer);
      this.broken(() => ({
        says: `CPU ${cpu} expires timer ${timer} at ${t} ns, ${t - this.#due(timer)} ns after it was due`,
        events: [...(start ? [start] : []), namedEvent(Event.hrtimer_expire_entry, cpu, t, fields, at)],
      }));
    }
    this.#queues.remove(timer);
  }

  /**
   * By the true clock, from when it was due, was started, its clock was stepped or its CPU got another device; a tick and the
   * clock's error are allowed.
   */
  #lateness(timer: TimerId, t: Ns): Ns {
    const base = this.#queues.lastBaseOf(timer);
    const cpu = Math.floor(base / BASES);
    const stepped = base % (BASES / 2) === 0 ? 0 : this.#offsets.steppedAt;
    const from = Math.max(this.#due(timer), stepped, this.#queues.startedAt(timer), this.#deviceSince[cpu]);
    const ticks = this.#coarse ? COARSE_TICKS : 1;
    const hung = this.#hung[cpu] - (this.#hungBefore[timer] ?? 0);
    return t - from - hung - ticks * this.facts.tickNs - Math.max(0, ...this.facts.stalledNs) - this.#error.after(t);
  }

  #due(timer: TimerId): Ns {
    return this.#queues.expires(timer) - this.#offsets.of(this.#queues.lastBaseOf(timer));
  }

  #forgotten(timer: TimerId, base: number, end: Ns): void {
    const start = this.#queues.startOf(timer);
    const due = this.#due(timer);
    this.broken(() => ({
      says: `timer ${timer} on CPU ${Math.floor(base / BASES)} expired at ${due} ns, but is still queued at the end of the run, ` +
        `${end - due} ns later`,
      events: start ? [start] : [],
    }));
  }
}
