/**
 * Below the machine: whoever takes a CPU's processor for a while. A CPU that is halted needs none; it misses its
 * processor from when it wants to run.
 *
 *      window           |=======================|
 *      busy CPU         user  | stolen          | user
 *      halted CPU       idle        timer is due| stolen | interrupt
 */
import { KTIME_MAX, type CpuId, type Ns } from '../../shared/units.ts';

/** When a CPU has no processor: from `at` for so long, once or each `everyNs`. */
export interface Theft {
  readonly cpu: CpuId;
  readonly at: Ns;
  readonly forNs: Ns;
  /** null: once. */
  readonly everyNs: Ns | null;
}

/** When the hypervisor's record of what it took from a CPU begins anew. */
export interface StealRestart {
  readonly cpu: CpuId;
  readonly at: Ns;
}

export interface Thefts {
  readonly windows: readonly Theft[];
  /** In the order of time. */
  readonly restarts: readonly StealRestart[];
}

export class Hypervisor {
  /** It may take this CPU's processor. */
  readonly active: boolean;
  private readonly windows: readonly Theft[];
  private readonly restarts: readonly StealRestart[];
  private restarted = 0;
  /** The window that `begins` found last. */
  private from: Ns = KTIME_MAX;
  private until: Ns = KTIME_MAX;

  constructor({ windows, restarts }: Thefts, id: CpuId) {
    this.windows = windows.filter(({ cpu }) => cpu === id);
    this.restarts = restarts.filter(({ cpu }) => cpu === id);
    this.active = this.windows.length + this.restarts.length > 0;
  }

  /** When the next theft begins of a CPU that wants to run from `wanted` on; KTIME_MAX: never. */
  begins(wanted: Ns): Ns {
    this.from = KTIME_MAX;
    this.until = KTIME_MAX;
    if (wanted !== KTIME_MAX) for (const theft of this.windows) this.take(theft, wanted);
    return Math.max(this.from, wanted);
  }

  /** When that theft ends. */
  get ends(): Ns {
    return this.until;
  }

  /** When its record begins anew; KTIME_MAX: never. */
  get restartsAt(): Ns {
    return this.restarts[this.restarted]?.at ?? KTIME_MAX;
  }

  /** It has. */
  restartDone(): void {
    this.restarted += 1;
  }

  /** The theft's first window that is not over at `wanted`, if none found so far begins before. */
  private take({ at, forNs, everyNs }: Theft, wanted: Ns): void {
    const nth = everyNs === null ? 0 : Math.max(0, Math.floor((wanted - at - forNs) / everyNs) + 1);
    const from = at + nth * (everyNs ?? 0);
    if (from + forNs <= wanted || from >= this.from) return;
    this.from = from;
    this.until = from + forNs;
  }
}
