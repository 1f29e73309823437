/** What a counter really does: ns that it has counted by the kernel's measure, from how the machine was described. */
import type { CounterFacts } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';

/** ns by the counter's nominal frequency on `cpu` at true time `t`. */
export function countedNs({ drifts, skews }: CounterFacts, cpu: CpuId, t: Ns): number {
  let ns = t;
  drifts.forEach(({ at, ppb }, i) => {
    const until = Math.min(t, drifts[i + 1]?.at ?? Infinity);
    if (until > at) ns += ((until - at) * ppb) / 1e9;
  });
  for (const skew of skews) if (skew.cpu === cpu && skew.at <= t) ns += skew.byNs;
  return ns;
}
