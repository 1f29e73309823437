/**
 * Clocks for those who must not wait for a writer: an interrupt in the midst of an update, whom the sequence
 * would keep for ever. Two copies under a latch (`shared/sync/seqcount-latch.ts`); one is always whole.
 *
 * The price: while the second copy is stored a reader takes the new base or the old one. Both are right, but
 * the multiplier of the old one may be another, so a reader that takes it runs ahead by the difference of the
 * multipliers times the cycles since then: some ns, at most.
 */
import { mulShiftAdd } from '../../../shared/math.ts';
import { TkFast, type ShadowTimekeeper } from '../../../shared/structs/timekeeper.ts';
import {
  readSeqcountLatch, readSeqcountLatchRetry, writeSeqcountLatch, writeSeqcountLatchBegin,
} from '../../../shared/sync/seqcount-latch.ts';
import type { Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { clocksourceDelta, clocksourceRead, spendRead } from './clocksource.ts';

/** CLOCK_MONOTONIC from any context. @linux kernel/time/timekeeping.c ktime_get_mono_fast_ns */
export function ktimeGetMonoFastNs(cpu: KernelCpu): Ns {
  return ktimeGetFastNs(cpu, cpu.image.tkFastMono);
}

/** CLOCK_MONOTONIC_RAW from any context. @linux kernel/time/timekeeping.c ktime_get_raw_fast_ns */
export function ktimeGetRawFastNs(cpu: KernelCpu): Ns {
  return ktimeGetFastNs(cpu, cpu.image.tkFastRaw);
}

function ktimeGetFastNs(cpu: KernelCpu, fast: TkFast): Ns {
  const seq = fast.base + TkFast.at.seq;
  for (;;) {
    const start = readSeqcountLatch(cpu.memory, seq);
    const copy = start & 1;
    const source = cpu.config.clocksources[fast.clocksource(copy)]!;
    const delta = clocksourceDelta(source, clocksourceRead(cpu, source), fast.cycleLast(copy));
    const now = fast.baseNs(copy) + mulShiftAdd(delta, fast.mult(copy) >>> 0, source.shift, fast.baseFraction(copy));
    if (readSeqcountLatchRetry(cpu.memory, seq, start)) continue;
    spendRead(cpu, source);
    return now;
  }
}

/** With the timekeeper's lock: both clocks from the shadow. @linux kernel/time/timekeeping.c update_fast_timekeeper */
export function updateFastTimekeeper(cpu: KernelCpu, tk: ShadowTimekeeper): void {
  const { tkFastMono, tkFastRaw } = cpu.image;
  const source = cpu.config.clocksources[tk.clocksource]!;
  update(cpu, tkFastMono, tk, tk.mult, tk.baseNs, tk.baseFraction);
  update(cpu, tkFastRaw, tk, source.mult | 0, tk.rawNs, tk.rawFraction);
}

function update(cpu: KernelCpu, fast: TkFast, tk: ShadowTimekeeper, mult: number, ns: Ns, fraction: number): void {
  const seq = fast.base + TkFast.at.seq;
  writeSeqcountLatchBegin(cpu.memory, seq);
  storeCopy(fast, 0, tk, mult, ns, fraction);
  writeSeqcountLatch(cpu.memory, seq);
  storeCopy(fast, 1, tk, mult, ns, fraction);
}

function storeCopy(fast: TkFast, copy: number, tk: ShadowTimekeeper, mult: number, ns: Ns, fraction: number): void {
  fast.setClocksource(copy, tk.clocksource);
  fast.setMult(copy, mult);
  fast.setCycleLast(copy, tk.cycleLast);
  fast.setBaseNs(copy, ns);
  fast.setBaseFraction(copy, fraction);
}
