/** How far the kernel's clocks may really be off, where the machine's counters are, or somebody asks for another frequency. */
import type { ClockFacts } from '../../shared/event-consumer.ts';
import type { Ns } from '../../shared/units.ts';

export class ClockError {
  /** Most parts per billion that any clock is off at any time. */
  readonly ppb: number;
  /** What all jumps of counters come to. */
  readonly jumpsNs: Ns;

  constructor({ sources, frequencies }: ClockFacts) {
    const drift = Math.max(0, ...sources.flatMap(({ drifts }) => drifts.map(({ ppb }) => Math.abs(ppb))));
    this.ppb = drift + Math.max(0, ...frequencies.map(Math.abs));
    this.jumpsNs = sources.flatMap(({ skews }) => skews).reduce((sum, { byNs }) => sum + Math.abs(byNs), 0);
  }

  /** At most, `t` ns after they all were right. */
  after(t: Ns): Ns {
    return Math.ceil((t * this.ppb) / 1e9) + this.jumpsNs;
  }
}
