/** Clock sources: free-running counters, and the multiplier that turns their ticks into ns. */
import { ClocksourceId } from '../../../shared/structs/global.ts';
import { NSEC_PER_SEC, type Cycles, type Ns } from '../../../shared/units.ts';
import type { KernelConfig } from '../config.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

export interface Clocksource {
  readonly id: ClocksourceId;
  readonly name: string;
  /** 1-99 for boot only, 300-399 desired. */
  readonly rating: number;
  /** May serve a machine whose tick is one-shot. */
  readonly validForHres: boolean;
  /** ns = (cycles * mult) >> shift */
  readonly mult: number;
  readonly shift: number;
  /** Longest time that the timekeeper may go without accumulation. */
  readonly maxIdleNs: Ns;
}

export interface MultShift {
  readonly mult: number;
  readonly shift: number;
}

/** NTP may move a multiplier by this share of it. */
const MAXADJ_PERCENT = 11n;
/** A counter of more than 32 bits need not convert longer spans than this. */
const MAX_SECONDS = 600;

/**
 * The most exact 32-bit multiplier whose product with `maxSec` seconds of `from` Hz fits 64 bits.
 * Boot time only: BigInt arithmetic.
 * @linux kernel/time/clocksource.c clocks_calc_mult_shift
 */
export function clocksCalcMultShift(from: number, to: number, maxSec: number): MultShift {
  let room = 32;
  for (let high = (BigInt(maxSec) * BigInt(from)) >> 32n; high > 0n; high >>= 1n) room--;
  for (let shift = 32; shift > 0; shift--) {
    const mult = ((BigInt(to) << BigInt(shift)) + BigInt(Math.floor(from / 2))) / BigInt(from);
    if (mult >> BigInt(room) === 0n) return { mult: Number(mult), shift };
  }
  throw new RangeError(`no multiplier converts ${from} Hz to ${to} Hz`);
}

/** @linux kernel/time/clocksource.c __clocksource_update_freq_scale */
export function clocksourceMultShift(hz: number, bits: number): MultShift & { maxadj: number; maxIdleNs: Ns } {
  const mask = (1n << BigInt(bits)) - 1n;
  const seconds = mask / BigInt(hz);
  const maxSec = bits > 32 && seconds > MAX_SECONDS ? MAX_SECONDS : Math.max(1, Number(seconds));
  let { mult, shift } = clocksCalcMultShift(hz, NSEC_PER_SEC, maxSec);
  while (mult + maxadjOf(mult) > 0xffffffff) {
    mult = Math.floor(mult / 2);
    shift--;
  }
  return { mult, shift, maxadj: maxadjOf(mult), maxIdleNs: clocksMaxDeferment(mult, shift, mask) };
}

function maxadjOf(mult: number): number {
  return Number((BigInt(mult) * MAXADJ_PERCENT) / 100n);
}

/** @linux kernel/time/clocksource.c clocks_calc_max_nsecs */
function clocksMaxDeferment(mult: number, shift: number, mask: bigint): Ns {
  const maxadj = BigInt(maxadjOf(mult));
  const fits = ((1n << 64n) - 1n) / (BigInt(mult) + maxadj);
  const maxCycles = fits < mask ? fits : mask;
  return Number(((maxCycles * (BigInt(mult) - maxadj)) >> BigInt(shift)) / 2n);
}

/** The clock sources of a machine, by `ClocksourceId`. @linux kernel/time/clocksource.c clocksource_list */
export function clocksourcesOf(config: KernelConfig): readonly Clocksource[] {
  return [
    {
      id: ClocksourceId.Jiffies, name: 'jiffies', rating: 1, validForHres: false, mult: config.tickNs * 256, shift: 8,
      maxIdleNs: 2 * NSEC_PER_SEC,
    },
    { id: ClocksourceId.Tsc, name: 'tsc', rating: 300, validForHres: true, ...clocksourceMultShift(config.tscHz, 64) },
  ];
}

/** The counter of a clock source as this CPU reads it. @linux include/linux/clocksource.h read */
export function clocksourceRead(cpu: KernelCpu, id: ClocksourceId): Cycles {
  return id === ClocksourceId.Tsc ? cpu.arch.readCounter() : (cpu.image.jiffies.jiffies as number);
}
