/** What a hypervisor has taken from each CPU, by the machine's own log: when, and how much of it no tick has learnt of yet. */
import type { CpuId, Ns } from '../../shared/units.ts';

export class StolenTime {
  /** Begin and end of each theft, in turn. */
  readonly #spans: number[][];
  readonly #untaken: Float64Array;

  constructor(cpus: number) {
    this.#spans = Array.from({ length: cpus }, () => []);
    this.#untaken = new Float64Array(cpus);
  }

  add(cpu: CpuId, from: Ns, to: Ns): void {
    this.#spans[cpu].push(from, to);
    this.#untaken[cpu] += to - from;
  }

  /** All that was stolen since it was asked for last. */
  take(cpu: CpuId): Ns {
    const stolen = this.#untaken[cpu];
    this.#untaken[cpu] = 0;
    return stolen;
  }

  /** How much was stolen between `from` and `to`. */
  between(cpu: CpuId, from: Ns, to: Ns): Ns {
    const spans = this.#spans[cpu];
    let sum = 0;
    for (let i = spans.length - 2; i >= 0 && spans[i + 1] > from; i -= 2) {
      sum += Math.max(0, Math.min(spans[i + 1], to) - Math.max(spans[i], from));
    }
    return sum;
  }
}
