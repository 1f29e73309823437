/**
 * The clocks go as fast as true time, but for what the counter is off and what frequency somebody asked for: no
 * read jumps ahead of the one before it, and none falls behind for good. What both oracles of that need.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { ClockError } from './clock-error.ts';
import { ClockReads, type ClockRead } from './clock-reads.ts';
import { OracleBase } from './oracle-base.ts';
import type { OracleDescription } from './oracle.ts';

/** Of a clock that is as fast as its counter: rounding of the multiplier. */
const ROUNDING_PPB = 1_000;
/** What an event takes, beside the skew of the CPUs. */
const RACE_NS: Ns = 100_000;

export abstract class ClockRate extends OracleBase {
  protected readonly reads: ClockReads;
  protected readonly error: ClockError;

  constructor(about: OracleDescription, facts: RunFacts) {
    super(about, facts);
    this.reads = new ClockReads(facts);
    this.error = new ClockError(facts.clocks, facts.skewNs);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timekeeping_change) this.reads.onChange(t, fields, at);
    else this.onRead(this.reads.read(cpu, fields, at), t, fields, at);
  }

  protected abstract onRead(read: ClockRead, t: Ns, fields: Float64Array, at: number): void;

  /** By how much `span` ns up to `t` may come out longer or shorter. */
  protected allowed(span: Ns, t: Ns): Ns {
    const racing = this.facts.racing ? 2 * (this.facts.skewNs + this.facts.ipiDelayNs) + RACE_NS : 0;
    const { ppb } = this.error;
    const jumpsNs = this.error.jumpedBy(t);
    // what a jump makes the counter go runs at its rate too
    return ((span + jumpsNs) * (ppb + ROUNDING_PPB)) / 1e9 + jumpsNs + this.reads.grain() + racing;
  }
}
