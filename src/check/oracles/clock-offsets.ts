/** The clocks hang together: what each is ahead of monotonic time follows from two numbers. */
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { Event } from '../../../shared/events.ts';
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { NSEC_PER_SEC, type CpuId, type Ns } from '../../../shared/units.ts';
import { ClockError } from '../clock-error.ts';
import { ClockReads, CLOCK_WORDS } from '../clock-reads.ts';
import { namedEvent, places } from '../kept-events.ts';
import { OracleBase } from '../oracle-base.ts';
import type { OracleDescription } from '../oracle.ts';

const [WALL_TO_MONO, OFFS_REAL, OFFS_BOOT, OFFS_TAI, TAI] = places(
  'timekeeping_change', 'wall_to_monotonic', 'offs_real', 'offs_boot', 'offs_tai', 'tai_offset',
);

export class ClockOffsets extends OracleBase {
  static readonly about: OracleDescription = {
    id: 'T-05',
    says: 'the wall clock is minus wall_to_monotonic ahead of monotonic time, TAI its seconds ahead of the wall clock, boot time not ' +
      'behind; and so they are read',
    reference: 'kernel/time/timekeeping.c tk_set_wall_to_mono',
    blindTo: 'reads of the wall clock and of TAI where CPUs race',
    listens: ['timekeeping_change', 'clock_gettime'],
  };

  readonly #reads: ClockReads;
  readonly #error: ClockError;
  /** Last read of monotonic time, by reader. */
  readonly #mono: Float64Array;

  constructor(facts: RunFacts) {
    super(ClockOffsets.about, facts);
    this.#reads = new ClockReads(facts);
    this.#error = new ClockError(facts.clocks, facts.skewNs);
    this.#mono = new Float64Array(facts.tasks.length).fill(-1);
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (id === Event.timekeeping_change) {
      this.#reads.onChange(t, fields, at);
      return this.#onChange(id, cpu, t, fields, at);
    }
    const { by, clock, mono } = this.#reads.read(cpu, fields, at);
    if (clock === ClockId.Monotonic) this.#mono[by] = mono;
    if (clock !== ClockId.Realtime && clock !== ClockId.Boottime && clock !== ClockId.Tai) return;
    if (Number.isNaN(mono) || this.#mono[by] < 0) return;
    this.checked++;
    if (mono >= this.#mono[by] - this.#error.jumpedBy(t)) return;
    const before = this.#mono[by];
    this.broken(() => ({
      says: `${CLOCK_WORDS[clock]} without its offset is ${mono} ns for ${this.nameOf(by)}, who had read ${before} ns from monotonic ` +
        'time before',
      events: [namedEvent(id, cpu, t, fields, at)],
    }));
  }

  #onChange(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const wrong = wrongIn(fields, at);
    this.checked++;
    if (wrong !== undefined) this.broken(() => ({ says: `at ${t} ns ${wrong}`, events: [namedEvent(id, cpu, t, fields, at)] }));
  }
}

function wrongIn(fields: Float64Array, at: number): string | undefined {
  const real = fields[at + OFFS_REAL];
  if (real !== -fields[at + WALL_TO_MONO]) return `offs_real is ${real}, but wall_to_monotonic ${fields[at + WALL_TO_MONO]}`;
  const tai = real + fields[at + TAI] * NSEC_PER_SEC;
  if (fields[at + OFFS_TAI] !== tai) {
    return `offs_tai is ${fields[at + OFFS_TAI]}, but ${fields[at + TAI]} s ahead of the wall clock is ${tai}`;
  }
  return fields[at + OFFS_BOOT] < 0 ? `boot time is behind monotonic time: offs_boot is ${fields[at + OFFS_BOOT]}` : undefined;
}
