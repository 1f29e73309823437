/**
 * Clock sources: free-running counters, and the multiplier that turns their ticks into ns. What never
 * changes of one stands here; what does (rating, flags) lies in shared memory, `clocksource-list.ts`.
 */
import {
  CLOCKSOURCE_NAMES, ClocksourceFlag, ClocksourceId, NR_CLOCKSOURCES,
} from '../../../shared/structs/timekeeper.ts';
import { KTIME_MAX, NSEC_PER_SEC, type Cycles, type Ns } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

export interface Clocksource {
  readonly id: ClocksourceId;
  readonly name: string;
  /** Whether the machine has it. */
  readonly present: boolean;
  /** With which it registers. */
  readonly rating: number;
  readonly flags: number;
  /** What the kernel takes for its frequency. */
  readonly hz: number;
  readonly bits: number;
  /** Where the counter starts anew: 2^bits, or 0 if it cannot get there in a run. */
  readonly wrap: Cycles;
  /** ns = (cycles * mult) >> shift */
  readonly mult: number;
  readonly shift: number;
  /** NTP may move the multiplier by so much. */
  readonly maxadj: number;
  /** Longest span whose conversion fits 64 bits. */
  readonly maxCycles: Cycles;
  /** Longest time that the timekeeper may go without accumulation. */
  readonly maxIdleNs: Ns;
  /** A longer span is none: the counter is behind. */
  readonly maxRawDelta: Cycles;
  /** How far the watchdog’s readings of it may be off. */
  readonly uncertaintyMargin: Ns;
  /** The path that reading it takes; -1: none beside the code around it. */
  readonly readPath: Path | -1;
}

/** A clock source of the machine, as firmware or the user describes it. */
export interface ClocksourceSpec {
  readonly id: ClocksourceId;
  readonly hz: number;
  /** The kernel need not verify it, whatever kind it is. */
  readonly trusted: boolean;
}

export interface MultShift {
  readonly mult: number;
  readonly shift: number;
}

/** NTP may move a multiplier by this share of it. */
const MAXADJ_PERCENT = 11n;
/** A counter of more than 32 bits need not convert longer spans than this. */
const MAX_SECONDS = 600;
/** How far two clocks may differ in one interval of the watchdog. @linux kernel/time/clocksource.c WATCHDOG_MAX_SKEW */
const WATCHDOG_MAX_SKEW: Ns = 62_000;
/** Of a source whose frequency nobody knows. @linux kernel/time/clocksource.c WATCHDOG_THRESHOLD */
const JIFFIES_UNCERTAINTY: Ns = 32_000_000;

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

export interface Conversion extends MultShift {
  readonly maxadj: number;
  readonly maxCycles: Cycles;
  readonly maxIdleNs: Ns;
}

/** @linux kernel/time/clocksource.c __clocksource_update_freq_scale */
export function clocksourceMultShift(hz: number, bits: number): Conversion {
  const mask = (1n << BigInt(bits)) - 1n;
  const seconds = mask / BigInt(hz);
  const maxSec = bits > 32 && seconds > MAX_SECONDS ? MAX_SECONDS : Math.max(1, Number(seconds));
  let { mult, shift } = clocksCalcMultShift(hz, NSEC_PER_SEC, maxSec);
  while (mult + maxadjOf(mult) > 0xffffffff) {
    mult = Math.floor(mult / 2);
    shift--;
  }
  return { mult, shift, ...limitsOf(mult, shift, mask) };
}

function maxadjOf(mult: number): number {
  return Number((BigInt(mult) * MAXADJ_PERCENT) / 100n);
}

/** @linux kernel/time/clocksource.c clocks_calc_max_nsecs */
function limitsOf(mult: number, shift: number, mask: bigint): Omit<Conversion, 'mult' | 'shift'> {
  const maxadj = BigInt(maxadjOf(mult));
  const fits = ((1n << 64n) - 1n) / (BigInt(mult) + maxadj);
  const maxCycles = fits < mask ? fits : mask;
  const idle = ((maxCycles * (BigInt(mult) - maxadj)) >> BigInt(shift)) / 2n;
  return { maxadj: Number(maxadj), maxCycles: inCell(maxCycles), maxIdleNs: inCell(idle) };
}

/** What leaves 53 bits is longer than any run. */
const inCell = (value: bigint): number => (value > BigInt(KTIME_MAX) ? KTIME_MAX : Number(value));

interface Kind {
  readonly rating: number;
  readonly bits: number;
  readonly flags: number;
  readonly readPath: Path | -1;
}

const { IsContinuous, MustVerify, ValidForHres, VerifyPercpu, SuspendNonstop } = ClocksourceFlag;

/** By `ClocksourceId`. */
// table: what each kind of clock source is
const KINDS: readonly Kind[] = [
  { rating: 1, bits: 32, flags: 0, readPath: -1 },
  { rating: 300, bits: 64, flags: IsContinuous | ValidForHres | MustVerify | VerifyPercpu, readPath: -1 },
  { rating: 299, bits: 64, flags: IsContinuous | MustVerify, readPath: -1 },
  { rating: 250, bits: 32, flags: IsContinuous, readPath: Path.ReadHpet },
  { rating: 200, bits: 24, flags: IsContinuous, readPath: Path.ReadAcpiPm },
  { rating: 400, bits: 64, flags: IsContinuous, readPath: -1 },
  { rating: 400, bits: 56, flags: IsContinuous | SuspendNonstop, readPath: -1 },
];

/** Bits of a counter up to which it may start anew within a run. */
const WRAPPING_BITS = 48;

/**
 * All clock sources by `ClocksourceId`; those that the machine does not have are not `present`.
 * @linux kernel/time/clocksource.c clocksource_list
 */
export function clocksourceTable(specs: readonly ClocksourceSpec[], tickNs: Ns): readonly Clocksource[] {
  return Array.from({ length: NR_CLOCKSOURCES }, (_, id) => {
    if (id === ClocksourceId.Jiffies) return jiffiesOf(tickNs);
    const spec = specs.find((each) => each.id === id);
    return sourceOf(id as ClocksourceId, spec ?? { id: id as ClocksourceId, hz: NSEC_PER_SEC, trusted: true }, spec !== undefined);
  });
}

function sourceOf(id: ClocksourceId, { hz, trusted }: ClocksourceSpec, present: boolean): Clocksource {
  const { rating, bits, flags, readPath } = KINDS[id]!;
  const period = Math.ceil(NSEC_PER_SEC / hz);
  return {
    id, name: CLOCKSOURCE_NAMES[id]!, present, rating, hz, bits, readPath, ...wrapOf(bits),
    flags: trusted ? flags & ~MustVerify : flags,
    ...clocksourceMultShift(hz, bits),
    uncertaintyMargin: Math.max(period, 2 * WATCHDOG_MAX_SKEW),
  };
}

/** Whose frequency is the tick's. @linux kernel/time/jiffies.c clocksource_jiffies */
function jiffiesOf(tickNs: Ns): Clocksource {
  const shift = 8;
  const mult = tickNs * 2 ** shift;
  const { rating, bits, flags, readPath } = KINDS[ClocksourceId.Jiffies]!;
  return {
    id: ClocksourceId.Jiffies, name: 'jiffies', present: true, rating, flags, hz: NSEC_PER_SEC / tickNs, bits, readPath, ...wrapOf(bits),
    mult, shift, ...limitsOf(mult, shift, (1n << BigInt(bits)) - 1n), uncertaintyMargin: JIFFIES_UNCERTAINTY,
  };
}

/** @linux kernel/time/clocksource.c clocksource_update_max_deferment */
function wrapOf(bits: number): Pick<Clocksource, 'wrap' | 'maxRawDelta'> {
  if (bits > WRAPPING_BITS) return { wrap: 0, maxRawDelta: Number.MAX_SAFE_INTEGER };
  const mask = 2 ** bits - 1;
  return { wrap: 2 ** bits, maxRawDelta: Math.floor(mask / 2) + Math.floor(mask / 4) + Math.floor(mask / 8) };
}

/** The counter of a clock source as this CPU reads it, or as it stood at `until`. @linux include/linux/clocksource.h read */
export function clocksourceRead(cpu: KernelCpu, { id, wrap }: Clocksource, until: Ns = KTIME_MAX): Cycles {
  if (id === ClocksourceId.Jiffies) return (cpu.image.jiffies.jiffies as number) % wrap;
  return cpu.arch.readCounter(id, until);
}

/** The time that a reading took. Not inside a read section: that one may be thrown away. @dynticks a register that is far away */
export function spendRead(cpu: KernelCpu, { readPath }: Clocksource): void {
  if (readPath !== -1) cpu.arch.spend(readPath);
}

/**
 * Cycles from `last` to `now`. A counter that seems to run backwards is behind on this CPU, or this CPU is
 * behind whoever read it last: then no time has passed, which is better than 2^bits cycles.
 * @linux kernel/time/timekeeping_internal.h clocksource_delta
 */
export function clocksourceDelta({ wrap, maxRawDelta }: Clocksource, now: Cycles, last: Cycles): Cycles {
  const delta = now - last;
  if (wrap === 0) return Math.max(0, delta);
  const masked = delta < 0 ? delta + wrap : delta;
  return masked > maxRawDelta ? 0 : masked;
}

/** `cycles` further, where the counter starts anew. @linux include/linux/clocksource.h CLOCKSOURCE_MASK */
export function clocksourceAdvance({ wrap }: Clocksource, from: Cycles, cycles: Cycles): Cycles {
  const to = from + cycles;
  return wrap !== 0 && to >= wrap ? to % wrap : to;
}
