/** Clocks do not jump ahead: what a counter that is behind would do, taken for one that has gone all the way round. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import type { Ns } from '../../../shared/units.ts';
import { ClockRate } from '../clock-rate.ts';
import { CLOCK_WORDS, type ClockRead } from '../clock-reads.ts';
import { namedEvent } from '../kept-events.ts';
import type { OracleDescription } from '../oracle.ts';

const JUMP_NS: Ns = 1_000;

export class ClockJump extends ClockRate {
  static readonly about: OracleDescription = {
    id: 'T-03',
    says: 'between two reads of a reader monotonic time, and what other clocks show of it, goes on by no more than true time',
    reference: 'kernel/time/timekeeping.c timekeeping_cycles_to_ns',
    blindTo: 'time that is lost (T-04); a tick, while jiffies are the clock source',
    listens: ['clock_gettime', 'timekeeping_change'],
  };

  /** Time and monotonic value of the last read, by reader. */
  readonly #t: Float64Array;
  readonly #mono: Float64Array;
  readonly #source: Int32Array;

  constructor(facts: RunFacts) {
    super(ClockJump.about, facts);
    this.#t = new Float64Array(facts.tasks.length).fill(-1);
    this.#mono = new Float64Array(facts.tasks.length);
    this.#source = new Int32Array(facts.tasks.length);
  }

  protected override onRead({ by, clock, mono, t: at, cpu }: ClockRead, t: Ns, fields: Float64Array, place: number): void {
    const fine = clock === ClockId.Monotonic || clock === ClockId.Realtime || clock === ClockId.Boottime || clock === ClockId.Tai;
    if (!fine || Number.isNaN(mono)) return;
    const before = this.#t[by]!;
    if (before >= 0 && this.#source[by] === this.reads.source) {
      const ahead = mono - this.#mono[by]! - (at - before);
      this.checked++;
      if (ahead > JUMP_NS + this.allowed(at - before, at)) this.#jumped(by, clock, cpu, t, fields, place, ahead, before);
    }
    this.#t[by] = at;
    this.#mono[by] = mono;
    this.#source[by] = this.reads.source;
  }

  #jumped(by: number, clock: number, cpu: number, t: Ns, fields: Float64Array, at: number, ahead: Ns, before: Ns): void {
    this.broken(() => ({
      says: `${CLOCK_WORDS[clock]} jumps for ${this.nameOf(by)}: it goes ${ahead} ns further than true time since its read at ${before} ns`,
      events: [namedEvent(Event.clock_gettime, cpu, t, fields, at)],
    }));
  }
}
