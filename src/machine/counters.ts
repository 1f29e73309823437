/**
 * The hardware counters that clock sources read, as they really run: each with its frequency, which may be off
 * and may change, and where the CPUs have one each (the tsc) with what a CPU's is ahead or behind. A counter is
 * a function of simulated time, so that every thread computes the same.
 *
 *      time      0 .............. 2 s ............... 5 s ........
 *      drift     +20 ppm          -100 ppm            0            of a source
 *      ahead     0                     3 s: 2 ms                   on one CPU
 */
import { mulDiv } from '../../shared/math.ts';
import { CLOCKSOURCE_WRAPS, type ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { NSEC_PER_SEC, type CpuId, type Cycles, type Ns } from '../../shared/units.ts';

/** From `at` on the counter runs at its nominal frequency and so many parts per billion more. */
export interface Drift {
  readonly at: Ns;
  readonly ppb: number;
}

/** At `at` one CPU's counter jumps ahead, or back. */
export interface Skew {
  readonly at: Ns;
  readonly cpu: CpuId;
  readonly byNs: Ns;
}

export interface CounterSpec {
  readonly id: ClocksourceId;
  /** Its nominal frequency. */
  readonly hz: number;
  /** In the order of time; none: as nominal. */
  readonly drifts: readonly Drift[];
  readonly skews: readonly Skew[];
}

const PPB = 1_000_000_000;

interface Stretch {
  readonly from: Ns;
  readonly cycles: Cycles;
  readonly ppb: number;
}

/** One counter as one CPU reads it. */
export class HardwareCounter {
  private readonly num: number;
  private readonly den: number;
  private readonly wrap: Cycles;
  private readonly stretches: readonly Stretch[];
  private readonly skews: readonly Skew[];

  constructor(spec: CounterSpec, cpu: CpuId) {
    // cycles = ns * num / den in lowest terms, so that the product stays small for days
    const common = gcd(spec.hz, NSEC_PER_SEC);
    this.num = spec.hz / common;
    this.den = NSEC_PER_SEC / common;
    this.wrap = CLOCKSOURCE_WRAPS[spec.id]!;
    this.skews = spec.skews.filter((skew) => skew.cpu === cpu);
    this.stretches = this.stretchesOf(spec.drifts);
  }

  /** What it shows at `now`. */
  at(now: Ns): Cycles {
    const { stretches, wrap } = this;
    const stretch = stretches.length === 1 ? stretches[0]! : this.stretchAt(now);
    let cycles = stretch.cycles + this.run(now - stretch.from, stretch.ppb);
    if (this.skews.length > 0) cycles = Math.max(0, cycles + this.ahead(now));
    return wrap !== 0 && cycles >= wrap ? cycles % wrap : cycles;
  }

  /** How long it takes from `now` on to go `cycles` further, as fast as it runs now; a jump in between is left out. */
  spanOf(cycles: Cycles, now: Ns): Ns {
    const { from, ppb } = this.stretchAt(now);
    const shown = this.run(now - from, ppb);
    let span = mulDiv(mulDiv(cycles, this.den, this.num), PPB, PPB + ppb);
    while (this.run(now + span - from, ppb) - shown < cycles) span++;
    return span;
  }

  private run(ns: Ns, ppb: number): Cycles {
    const cycles = mulDiv(ns, this.num, this.den);
    if (ppb === 0) return cycles;
    return ppb > 0 ? cycles + mulDiv(cycles, ppb, PPB) : cycles - mulDiv(cycles, -ppb, PPB);
  }

  private stretchAt(now: Ns): Stretch {
    let found = this.stretches[0]!;
    for (const stretch of this.stretches) if (stretch.from <= now) found = stretch;
    return found;
  }

  private ahead(now: Ns): Cycles {
    let cycles = 0;
    for (const { at, byNs } of this.skews) {
      if (at <= now) cycles += byNs < 0 ? -mulDiv(-byNs, this.num, this.den) : mulDiv(byNs, this.num, this.den);
    }
    return cycles;
  }

  private stretchesOf(drifts: readonly Drift[]): readonly Stretch[] {
    const stretches: Stretch[] = [{ from: 0, cycles: 0, ppb: 0 }];
    for (const { at, ppb } of drifts) {
      const last = stretches.at(-1)!;
      const next = { from: at, cycles: last.cycles + this.run(at - last.from, last.ppb), ppb };
      if (at === last.from) stretches.pop();
      stretches.push(next);
    }
    return stretches;
  }
}

/** By `ClocksourceId`: what this CPU's hardware has. */
export function countersOf(specs: readonly CounterSpec[], cpu: CpuId): readonly HardwareCounter[] {
  const counters: HardwareCounter[] = [];
  for (const spec of specs) counters[spec.id] = new HardwareCounter(spec, cpu);
  return counters;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
