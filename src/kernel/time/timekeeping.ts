/**
 * The clocks as readers see them. CLOCK_MONOTONIC is a base that somebody moves forward about once a tick,
 * and the counter's advance since then, converted by mult and shift. The sum is exact to the fraction of a
 * ns, so that it does not matter how often or by whom the base is moved. The other clocks are offsets to it.
 *
 * Writers: `timekeeping-update.ts`, under `lock`.  Readers: any CPU, any time, through `seq`.
 *
 *      CPU 0 (update_wall_time)               CPU 1 (ktime_get)
 *      seq 6 -> 7
 *        cycleLast += 9,600,000
 *                                             seq is 7: odd, wait
 *        baseNs += 4,000,000
 *      seq 7 -> 8
 *                                             seq is 8; cycleLast, baseNs; still 8: good
 *
 * Reading some counters takes long; that time passes when the section is over, because a section may be
 * thrown away and begun again.
 */
import { mulShift, mulShiftAdd } from '../../../shared/math.ts';
import { ClocksourceFlag } from '../../../shared/structs/timekeeper.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../../shared/sync/seqcount.ts';
import { KTIME_MAX, type Cycles, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { clocksourceDelta, clocksourceRead, spendRead, type Clocksource } from './clocksource.ts';

/** CLOCK_MONOTONIC. @linux kernel/time/timekeeping.c ktime_get */
export function ktimeGet(cpu: KernelCpu): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const source = cpu.config.clocksources[tk.clocksource]!;
    const now = tk.baseNs + nsSince(cpu, source, tk.cycleLast, tk.mult, tk.baseFraction);
    if (readSeqcountRetry(cpu.memory, tk.seq, seq)) continue;
    spendRead(cpu, source);
    return now;
  }
}

/**
 * What `ktimeGet` shows, or an earlier instant of the CPU's clock: what another CPU that has come so far has read of it at most. Its
 * reading's time is to be spent by `spendKtime`, for it may be in a section. @dynticks clocks of CPUs differ here
 */
export function ktimeGetUntil(cpu: KernelCpu, until: Ns): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const source = cpu.config.clocksources[tk.clocksource]!;
    const now = tk.baseNs + nsSince(cpu, source, tk.cycleLast, tk.mult, tk.baseFraction, until);
    if (!readSeqcountRetry(cpu.memory, tk.seq, seq)) return now;
  }
}

/** The time that a reading of the clock took. @dynticks see ktimeGetUntil */
export function spendKtime(cpu: KernelCpu): void {
  spendRead(cpu, cpu.config.clocksources[cpu.image.timekeeper.clocksource]!);
}

/** CLOCK_MONOTONIC_RAW: what no discipline moves. @linux kernel/time/timekeeping.c ktime_get_raw */
export function ktimeGetRaw(cpu: KernelCpu): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const source = cpu.config.clocksources[tk.clocksource]!;
    const now = tk.rawNs + nsSince(cpu, source, tk.cycleLast, source.mult, tk.rawFraction);
    if (readSeqcountRetry(cpu.memory, tk.seq, seq)) continue;
    spendRead(cpu, source);
    return now;
  }
}

/** Clocks that are monotonic time and an offset. @linux include/linux/timekeeping.h enum tk_offsets */
export const TkOffset = { Real: 0, Boot: 1, Tai: 2 } as const;
export type TkOffset = (typeof TkOffset)[keyof typeof TkOffset];

/** The clock with that offset; realtime and TAI count from the machine’s epoch. @linux kernel/time/timekeeping.c ktime_get_with_offset */
function ktimeGetWithOffset(cpu: KernelCpu, offset: TkOffset): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const source = cpu.config.clocksources[tk.clocksource]!;
    const mono = tk.baseNs + nsSince(cpu, source, tk.cycleLast, tk.mult, tk.baseFraction);
    const now = mono + offsetOf(cpu, offset);
    if (readSeqcountRetry(cpu.memory, tk.seq, seq)) continue;
    spendRead(cpu, source);
    return now;
  }
}

/** What a clock is ahead of CLOCK_MONOTONIC. @linux kernel/time/timekeeping.c ktime_mono_to_any */
export function ktimeGetOffset(cpu: KernelCpu, offset: TkOffset): Ns {
  const { seq } = cpu.image.timekeeper;
  for (;;) {
    const start = readSeqcountBegin(cpu.memory, seq);
    const ns = offsetOf(cpu, offset);
    if (!readSeqcountRetry(cpu.memory, seq, start)) return ns;
  }
}

/** CLOCK_REALTIME, ns since the machine’s epoch. @linux kernel/time/timekeeping.c ktime_get_real */
export function ktimeGetReal(cpu: KernelCpu): Ns {
  return ktimeGetWithOffset(cpu, TkOffset.Real);
}

/** CLOCK_BOOTTIME. @linux kernel/time/timekeeping.c ktime_get_boottime */
export function ktimeGetBoottime(cpu: KernelCpu): Ns {
  return ktimeGetWithOffset(cpu, TkOffset.Boot);
}

/** CLOCK_TAI, ns since the machine’s epoch. @linux kernel/time/timekeeping.c ktime_get_clocktai */
export function ktimeGetClocktai(cpu: KernelCpu): Ns {
  return ktimeGetWithOffset(cpu, TkOffset.Tai);
}

/** CLOCK_MONOTONIC_COARSE: as at the last accumulation, no counter is read. @linux kernel/time/timekeeping.c ktime_get_coarse */
export function ktimeGetCoarse(cpu: KernelCpu): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const now = tk.coarseNs;
    if (!readSeqcountRetry(cpu.memory, tk.seq, seq)) return now;
  }
}

/** CLOCK_REALTIME_COARSE. @linux kernel/time/timekeeping.c ktime_get_coarse_real_ts64 */
export function ktimeGetCoarseReal(cpu: KernelCpu): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const now = tk.coarseNs + tk.offsReal;
    if (!readSeqcountRetry(cpu.memory, tk.seq, seq)) return now;
  }
}

/** Offsets of the clocks to monotonic time, as of `seq` steps; a CPU keeps them for its timers. */
export interface ClockOffsets {
  clockWasSetSeq: number;
  real: Ns;
  boot: Ns;
  tai: Ns;
}

/**
 * CLOCK_MONOTONIC, and `offsets` brought up to date if a clock has been set since they were taken.
 * @linux kernel/time/timekeeping.c ktime_get_update_offsets_now
 */
export function ktimeGetUpdateOffsets(cpu: KernelCpu, offsets: ClockOffsets): Ns {
  const tk = cpu.image.timekeeper;
  for (;;) {
    const seq = readSeqcountBegin(cpu.memory, tk.seq);
    const source = cpu.config.clocksources[tk.clocksource]!;
    const now = tk.baseNs + nsSince(cpu, source, tk.cycleLast, tk.mult, tk.baseFraction);
    if (tk.clockWasSetSeq !== offsets.clockWasSetSeq) {
      offsets.clockWasSetSeq = tk.clockWasSetSeq;
      offsets.real = tk.offsReal;
      offsets.boot = tk.offsBoot;
      offsets.tai = tk.offsTai;
    }
    if (readSeqcountRetry(cpu.memory, tk.seq, seq)) {
      // what was taken may be half of two steps
      offsets.clockWasSetSeq = -1;
      continue;
    }
    spendRead(cpu, source);
    return now;
  }
}

/** Whether the tick may go one-shot on the present clock source. @linux kernel/time/timekeeping.c timekeeping_valid_for_hres */
export function timekeepingValidForHres(cpu: KernelCpu): boolean {
  const { flags } = cpu.image.clocksources[cpu.image.timekeeper.clocksource]!;
  return (flags & ClocksourceFlag.ValidForHres) !== 0;
}

/**
 * How long the timekeeper may go without accumulation, lest its counter starts anew unseen.
 * @linux kernel/time/timekeeping.c timekeeping_max_deferment
 */
export function timekeepingMaxDeferment(cpu: KernelCpu): Ns {
  if (cpu.decisions.sleepsPastWrap) return KTIME_MAX;
  return cpu.config.clocksources[cpu.image.timekeeper.clocksource]!.maxIdleNs;
}

/** ns from `last` to the counter's present value, `fraction` of one included. @linux kernel/time/timekeeping.c timekeeping_get_ns */
function nsSince(cpu: KernelCpu, source: Clocksource, last: Cycles, mult: number, fraction: number, until: Ns = KTIME_MAX): Ns {
  const now = clocksourceRead(cpu, source, until);
  if (now < last && cpu.decisions.believesNegativeDelta) return nsOfNegative(source, last - now, mult >>> 0);
  return mulShiftAdd(clocksourceDelta(source, now, last), mult >>> 0, source.shift, fraction);
}

/** B-63: as many cycles less than the counter has values, and what 64 bits keep of the product. */
function nsOfNegative({ wrap, shift }: Clocksource, behind: Cycles, mult: number): Ns {
  return wrap === 0 ? 2 ** (64 - shift) - mulShift(behind, mult, shift) : mulShift(wrap - behind, mult, shift);
}

function offsetOf(cpu: KernelCpu, offset: TkOffset): Ns {
  const tk = cpu.image.timekeeper;
  if (offset === TkOffset.Real) return tk.offsReal;
  return offset === TkOffset.Boot ? tk.offsBoot : tk.offsTai;
}
