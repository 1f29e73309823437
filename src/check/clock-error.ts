/** How far the kernel's clocks may really be off, where the machine's counters are, or somebody asks for another frequency. */
import type { ClockFacts } from '../../shared/event-consumer.ts';
import { NSEC_PER_MSEC, type Ns } from '../../shared/units.ts';

/** An event that began before a jump may have found it, and moved the clock that others read at an instant before it. */
const EVENT_NS: Ns = NSEC_PER_MSEC;

export class ClockError {
  /** Most parts per billion that any clock is off at any time. */
  readonly ppb: number;
  /** What all jumps of counters come to. */
  readonly jumpsNs: Ns;
  readonly #jumps: ClockFacts['sources'][number]['skews'];
  /** No jump shows before it happened, but for this. */
  readonly #earlyNs: Ns;

  /** `skewNs`: how far CPUs may stand apart. */
  constructor({ sources, frequencies }: ClockFacts, skewNs: Ns) {
    const drift = Math.max(0, ...sources.flatMap(({ drifts }) => drifts.map(({ ppb }) => Math.abs(ppb))));
    this.ppb = drift + Math.max(0, ...frequencies.map(Math.abs));
    this.#jumps = sources.flatMap(({ skews }) => skews);
    this.#earlyNs = EVENT_NS + skewNs;
    this.jumpsNs = this.jumpedBy(Infinity);
  }

  /** What the jumps up to `t` come to. */
  jumpedBy(t: Ns): Ns {
    let sum = 0;
    for (const { at, byNs } of this.#jumps) if (at <= t + this.#earlyNs) sum += Math.abs(byNs);
    return sum;
  }

  /** At most, `t` ns after they all were right. */
  after(t: Ns): Ns {
    return Math.ceil((t * this.ppb) / 1e9) + this.jumpedBy(t);
  }
}
