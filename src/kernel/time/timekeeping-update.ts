/**
 * Moving the clocks on. A writer works the update out in a shadow that nobody reads, under the lock; then it
 * copies the shadow into the timekeeper that everybody reads, under the sequence. So a reader waits for a
 * copy and not for arithmetic, and an update that is refused half-way is thrown away (`timekeeping-set.ts`).
 *
 *      CPU 0 (update_wall_time)               CPU 1 (ktime_get)
 *      lock
 *        shadow.cycleLast += 9,600,000
 *                                             seq is 6: the old base, whole
 *        shadow.baseNs += 4,000,000
 *        seq 6 -> 7: shadow to timekeeper     seq is 7: odd, wait
 *        seq 7 -> 8
 *                                             seq is 8: the new base, whole
 *      unlock
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { mulShiftAdd, mulShiftLow } from '../../../shared/math.ts';
import {
  ClocksourceId, ShadowTimekeeper, Timekeeper, TimekeepingAction,
} from '../../../shared/structs/timekeeper.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import type { Cycles } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { clocksourceAdvance, clocksourceDelta, clocksourceRead, spendRead, type Clocksource } from './clocksource.ts';
import { timekeepingAdjust } from './ntp.ts';
import { updateFastTimekeeper } from './timekeeping-fast.ts';

/** Boot CPU only: all clocks start at 0 on the jiffies clock source. @linux kernel/time/timekeeping.c timekeeping_init */
export function timekeepingInit(cpu: KernelCpu): void {
  lockTimekeeper(cpu);
  setupInternals(cpu, cpu.config.clocksources[ClocksourceId.Jiffies]!);
  publishChange(cpu, TimekeepingAction.Init);
  unlockTimekeeper(cpu);
}

/**
 * Moves the clocks forward by whole tick intervals, if at least one has passed.
 * @linux kernel/time/timekeeping.c update_wall_time
 */
export function updateWallTime(cpu: KernelCpu): void {
  lockTimekeeper(cpu);
  if (timekeepingAdvance(cpu, false)) publish(cpu);
  unlockTimekeeper(cpu);
}

/**
 * Moves the clocks to now with the old source, then reads on with the new one.
 * @linux kernel/time/timekeeping.c change_clocksource
 */
export function changeClocksource(cpu: KernelCpu, to: ClocksourceId): void {
  lockTimekeeper(cpu);
  timekeepingForwardNow(cpu);
  setupInternals(cpu, cpu.config.clocksources[to]!);
  cpu.image.shadowTimekeeper.csWasChangedSeq += 1;
  publishChange(cpu, TimekeepingAction.ChangeClocksource);
  unlockTimekeeper(cpu);
}

/** @linux kernel/time/timekeeping.c tk_core.lock */
export function lockTimekeeper(cpu: KernelCpu): void {
  spinLock(cpu, cpu.image.timekeeper.lock, LockClass.Timekeeper, 0);
}

/** @linux kernel/time/timekeeping.c tk_core.lock */
export function unlockTimekeeper(cpu: KernelCpu): void {
  spinUnlock(cpu, cpu.image.timekeeper.lock, LockClass.Timekeeper, 0);
}

/**
 * With the lock: works out in the shadow what whole ticks have passed, and follows the frequency that is
 * asked for. Returns whether anything has changed; `always`: it has, if only the frequency.
 * @linux kernel/time/timekeeping.c __timekeeping_advance
 */
export function timekeepingAdvance(cpu: KernelCpu, always: boolean): boolean {
  const tk = cpu.image.shadowTimekeeper;
  const source = cpu.config.clocksources[tk.clocksource]!;
  const passed = clocksourceDelta(source, clocksourceRead(cpu, source), tk.cycleLast);
  spendRead(cpu, source);
  if (passed < tk.cycleInterval && !always) return false;
  const rest = accumulate(tk, source, passed);
  timekeepingAdjust(tk, source, rest);
  if (cpu.decisions.keepsWholeNs) leaveWholeNs(tk, source);
  // a multiplier that changes moves the base a little, maybe back: what coarse readers see must have been passed
  if (rest !== passed || cpu.decisions.coarseFollowsAdjustment) tk.coarseNs = tk.baseNs;
  return true;
}

/** What `tk_normalize_xtime` is there to prevent: the sum is right, its parts are not. */
function leaveWholeNs(tk: ShadowTimekeeper, { shift }: Clocksource): void {
  if (tk.baseFraction >= 2 ** shift) return;
  tk.baseNs -= 1;
  tk.baseFraction += 2 ** shift;
}

/** A long time in one step would leave the 64 bits that Linux has. @linux kernel/time/timekeeping.c timekeeping_advance maxshift */
const MAX_CHUNK_SHIFT = 9;

/**
 * Whole ticks, in chunks of a power of two of them, largest first: after a long sleep there are many.
 * Returns the cycles that are left.
 * @linux kernel/time/timekeeping.c logarithmic_accumulation
 */
function accumulate(tk: ShadowTimekeeper, source: Clocksource, passed: Cycles): Cycles {
  const interval = tk.cycleInterval;
  let ticks = 1;
  for (let shift = 0; shift < MAX_CHUNK_SHIFT && passed >= 2 * ticks * interval; shift++) ticks *= 2;
  let rest = passed;
  while (rest >= interval) {
    const chunk = interval * ticks;
    if (rest < chunk) {
      ticks /= 2;
      continue;
    }
    forwardBy(tk, source, chunk);
    tk.ntpError += tk.ntpStep * ticks;
    rest -= chunk;
  }
  return rest;
}

/** Both bases go on by `cycles`. */
function forwardBy(tk: ShadowTimekeeper, source: Clocksource, cycles: Cycles): void {
  const { shift } = source;
  const mult = tk.mult >>> 0;
  const { baseFraction, rawFraction } = tk;
  tk.cycleLast = clocksourceAdvance(source, tk.cycleLast, cycles);
  tk.baseNs += mulShiftAdd(cycles, mult, shift, baseFraction);
  tk.baseFraction = mulShiftLow(cycles, mult, shift, baseFraction);
  tk.rawNs += mulShiftAdd(cycles, source.mult, shift, rawFraction);
  tk.rawFraction = mulShiftLow(cycles, source.mult, shift, rawFraction);
}

/** With the lock: the shadow stands at now, whatever part of a tick that is. @linux kernel/time/timekeeping.c timekeeping_forward_now */
export function timekeepingForwardNow(cpu: KernelCpu): void {
  const tk = cpu.image.shadowTimekeeper;
  const source = cpu.config.clocksources[tk.clocksource]!;
  forwardBy(tk, source, clocksourceDelta(source, clocksourceRead(cpu, source), tk.cycleLast));
  spendRead(cpu, source);
  tk.coarseNs = tk.baseNs;
}

/** The shadow reads another source from now on, undisciplined. @linux kernel/time/timekeeping.c tk_setup_internals */
function setupInternals(cpu: KernelCpu, source: Clocksource): void {
  const tk = cpu.image.shadowTimekeeper;
  const { mult, shift } = source;
  tk.clocksource = source.id;
  tk.cycleLast = clocksourceRead(cpu, source);
  tk.mult = mult | 0;
  tk.ntpErrMult = 0;
  tk.baseFraction = 0;
  tk.rawFraction = 0;
  tk.cycleInterval = intervalOf(cpu.config.tickNs, mult, shift);
  tk.ntpTick = 0;
  tk.ntpStep = 0;
  tk.ntpError = 0;
}

/** Cycles of a tick, rounded. Rare: BigInt, since the product may leave 53 bits. */
function intervalOf(tickNs: number, mult: number, shift: number): Cycles {
  const wide = (BigInt(tickNs) << BigInt(shift)) + BigInt(Math.floor(mult / 2));
  return Math.max(1, Number(wide / BigInt(mult)));
}

/**
 * With the lock: readers see the shadow from now on, and the trace all of it.
 * @linux kernel/time/timekeeping.c timekeeping_update_from_shadow
 */
export function publishChange(cpu: KernelCpu, action: TimekeepingAction): void {
  publish(cpu, cpu.decisions.forgetsFastClocks);
  const { fields, arch } = cpu;
  const tk = cpu.image.timekeeper;
  fields[0] = action;
  fields[1] = tk.clocksource;
  fields[2] = tk.mult >>> 0;
  fields[3] = tk.wallToMonotonic;
  fields[4] = tk.offsReal;
  fields[5] = tk.offsBoot;
  fields[6] = tk.offsTai;
  fields[7] = tk.taiOffset;
  fields[8] = tk.clockWasSetSeq;
  fields[9] = tk.csWasChangedSeq;
  fields[10] = tk.ntpFreq;
  fields[11] = cpu.memory.load(tk.seq);
  const { shift, mult, maxadj } = cpu.config.clocksources[tk.clocksource]!;
  fields[12] = shift;
  fields[13] = mult;
  fields[14] = maxadj;
  arch.traceFields(Event.timekeeping_change, fields);
}

/** Readers see the shadow from now on; and the lock still held, the trace says what they find. */
function publish(cpu: KernelCpu, withoutFast = false): void {
  const { timekeeper: tk, shadowTimekeeper: shadow } = cpu.image;
  if (cpu.decisions.publishesEarly) publishEarly(cpu, shadow.cycleLast);
  if (cpu.decisions.publishesUnmarked) publishUnmarked(cpu);
  else {
    writeSeqcountBegin(cpu.memory, tk.seq);
    if (!withoutFast) updateFastTimekeeper(cpu, shadow);
    copyTimekeeper(cpu, shadow.base, tk.base, FROM_SHADOW);
    writeSeqcountEnd(cpu.memory, tk.seq);
  }
  cpu.arch.trace6(
    Event.timekeeping_update, tk.cycleLast, tk.baseNs, cpu.memory.load(tk.seq), tk.baseFraction, tk.mult >>> 0, tk.coarseNs,
  );
}

/** B-64: a reader that comes in between takes the new counter with the old base. */
function publishEarly(cpu: KernelCpu, cycleLast: Cycles): void {
  cpu.image.timekeeper.cycleLast = cycleLast;
  cpu.arch.linger();
}

/** B-64: a reader that comes in between finds an even sequence, and half an update. */
function publishUnmarked(cpu: KernelCpu): void {
  const { timekeeper: tk, shadowTimekeeper: shadow } = cpu.image;
  updateFastTimekeeper(cpu, shadow);
  copyTimekeeper(cpu, shadow.base, tk.base, FROM_SHADOW);
  cpu.arch.linger();
  cpu.memory.store(tk.seq, (cpu.memory.load(tk.seq) + 2) | 0);
}

interface CopiedField {
  readonly from: number;
  readonly to: number;
  readonly long: boolean;
}

const FROM_SHADOW: readonly CopiedField[] = ShadowTimekeeper.fields.map(({ name, offset, field }) => ({
  from: offset, to: Timekeeper.at[name as keyof typeof Timekeeper.at], long: field.kind === 'long',
}));
const TO_SHADOW: readonly CopiedField[] = FROM_SHADOW.map(({ from, to, long }) => ({ from: to, to: from, long }));

function copyTimekeeper({ memory }: KernelCpu, from: number, to: number, copied: readonly CopiedField[]): void {
  for (const field of copied) {
    if (field.long) memory.storeLong(to + field.to, memory.loadLong(from + field.from));
    else memory.store(to + field.to, memory.load(from + field.from));
  }
}

/** With the lock: what was worked out is thrown away. @linux kernel/time/timekeeping.c timekeeping_restore_shadow */
export function timekeepingRestoreShadow(cpu: KernelCpu): void {
  const { timekeeper, shadowTimekeeper } = cpu.image;
  copyTimekeeper(cpu, timekeeper.base, shadowTimekeeper.base, TO_SHADOW);
}
