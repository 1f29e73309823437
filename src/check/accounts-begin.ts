/**
 * Since when a CPU's time is accounted. Where ticks sample since it came up; where edges are measured since the first one,
 * at which the idle task gets the CPU; where contexts are tracked since its first vtime section.
 */
import { samples, tracksContexts } from '../../shared/cputime-flavour.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

export class AccountsBegin {
  readonly #cputime: RunFacts['cputime'];
  readonly #since: Float64Array;
  /** 1 once the CPU has been in a context. */
  readonly #up: Uint8Array;

  constructor({ cpus, cputime }: RunFacts) {
    this.#cputime = cputime;
    this.#since = new Float64Array(cpus).fill(-1);
    this.#up = new Uint8Array(cpus);
  }

  onContext(cpu: CpuId, t: Ns): void {
    const flavour = this.#cputime[cpu];
    const begins = samples(flavour) || (this.#up[cpu] === 1 && !tracksContexts(flavour));
    if (begins && this.#since[cpu] < 0) this.#since[cpu] = t;
    this.#up[cpu] = 1;
  }

  onPublish(cpu: CpuId, t: Ns): void {
    if (this.#since[cpu] < 0) this.#since[cpu] = t;
  }

  /** -1: not yet. */
  of(cpu: CpuId): Ns {
    return this.#since[cpu];
  }
}
