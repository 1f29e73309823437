/**
 * Reads of clocks as an oracle needs them: turned into monotonic time by the offsets that hold when they are
 * made, and the read of the same kind before. Where CPUs race the order of reads and of steps is not the
 * stream's, so there only clocks without an offset are followed, each reader by itself.
 */
import type { RunFacts } from '../../shared/event-consumer.ts';
import { ClockId, ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { NSEC_PER_SEC, type CpuId, type Ns } from '../../shared/units.ts';
import { places } from './kept-events.ts';

const [BY, CLOCK, T, VALUE] = places('clock_gettime', 'by', 'clock', 't', 'value');
const [SOURCE, OFFS_REAL, OFFS_BOOT, OFFS_TAI, ACTION] = places(
  'timekeeping_change', 'source', 'offs_real', 'offs_boot', 'offs_tai', 'action',
);

/** One read, in monotonic time. */
export interface ClockRead {
  readonly by: number;
  readonly clock: ClockId;
  readonly t: Ns;
  readonly value: Ns;
  /** `value` without the clock's offset; NaN where that is not known. */
  readonly mono: Ns;
  readonly cpu: CpuId;
}

export const CLOCK_WORDS: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(ClockId).map(([name, id]) => [id, name]));

export class ClockReads {
  /** What the timekeeper reads: a `ClocksourceId`; -1 before it begins. */
  source = -1;
  /** Since when. */
  since: Ns = 0;
  offsReal: Ns = 0;
  private offsBoot: Ns = 0;
  private offsTai: Ns = 0;
  private readonly facts: RunFacts;

  constructor(facts: RunFacts) {
    this.facts = facts;
  }

  /** The `timekeeping_change` event. */
  onChange(t: Ns, fields: Float64Array, at: number): void {
    if (fields[at + SOURCE] !== this.source || fields[at + ACTION] <= 1) this.since = t;
    this.source = fields[at + SOURCE];
    this.offsReal = fields[at + OFFS_REAL];
    this.offsBoot = fields[at + OFFS_BOOT];
    this.offsTai = fields[at + OFFS_TAI];
  }

  /** The `clock_gettime` event. */
  read(cpu: CpuId, fields: Float64Array, at: number): ClockRead {
    const clock = fields[at + CLOCK] as ClockId;
    const value = fields[at + VALUE];
    return { by: fields[at + BY], clock, t: fields[at + T], value, mono: value - this.offsetOf(clock), cpu };
  }

  /** How far apart two reads of it may be from true time: a cycle, and the longest step in which it moves. */
  grain(): Ns {
    // ticks that the firmware has held up come one right after the other
    if (this.source === ClocksourceId.Jiffies) return this.facts.tickNs + Math.max(0, ...this.facts.stalledNs);
    const hz = this.facts.clocks.sources.find(({ id }) => id === this.source)?.hz ?? NSEC_PER_SEC;
    return Math.ceil(NSEC_PER_SEC / hz) + 2;
  }

  private offsetOf(clock: ClockId): Ns {
    switch (clock) {
      case ClockId.Realtime: case ClockId.RealtimeCoarse: return this.facts.racing ? Number.NaN : this.offsReal;
      case ClockId.Boottime: return this.offsBoot;
      case ClockId.Tai: return this.facts.racing ? Number.NaN : this.offsTai;
      default: return 0;
    }
  }
}
