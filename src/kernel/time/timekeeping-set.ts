/**
 * Setting the clocks. A step is worked out in the shadow; if it may not be, the shadow is made what everybody
 * reads, as if nothing had been. A step moves the wall clock and TAI; monotonic and boot time go on as before.
 *
 *      lock
 *        shadow to now; the step in the shadow
 *        refused?   shadow = timekeeper
 *        else       clockWasSetSeq += 1; published
 *      unlock
 *      (the caller) timers on the wall clock: clock_was_set
 */
import { Event } from '../../../shared/events.ts';
import { TimekeepingAction } from '../../../shared/structs/timekeeper.ts';
import { KTIME_MAX, NSEC_PER_SEC, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { MAX_FREQ_PPB, ntpFreqOf } from './ntp.ts';
import {
  lockTimekeeper, publishChange, timekeepingAdvance, timekeepingForwardNow, timekeepingRestoreShadow, unlockTimekeeper,
} from './timekeeping-update.ts';

/** What a call that cannot be done returns. @linux include/uapi/asm-generic/errno-base.h EINVAL */
export const EINVAL = -22;
/** The wall clock is so far from the machine's epoch at most, that sums of times keep to 53 bits. */
const WALL_CLOCK_MAX: Ns = Math.floor(KTIME_MAX / 2);
/** The longest that anybody has asked for. @linux kernel/time/timekeeping.c MAX_TAI_OFFSET */
const MAX_TAI_OFFSET = 100_000;

/**
 * Sets the wall clock to `real`, ns since the machine's epoch. 0 or -EINVAL.
 * @linux kernel/time/timekeeping.c do_settimeofday64
 */
export function doSettimeofday(cpu: KernelCpu, real: Ns): number {
  lockTimekeeper(cpu);
  timekeepingForwardNow(cpu);
  const tk = cpu.image.shadowTimekeeper;
  return endStep(cpu, TimekeepingAction.SetTime, real - (tk.baseNs + tk.offsReal));
}

/** Sets the wall clock `by` ns forward or back. 0 or -EINVAL. @linux kernel/time/timekeeping.c timekeeping_inject_offset */
export function timekeepingInjectOffset(cpu: KernelCpu, by: Ns): number {
  lockTimekeeper(cpu);
  timekeepingForwardNow(cpu);
  return endStep(cpu, TimekeepingAction.InjectOffset, by);
}

/** With the lock, which it lets go: the step in the shadow, then published or taken back. */
function endStep(cpu: KernelCpu, action: TimekeepingAction, by: Ns): number {
  const tk = cpu.image.shadowTimekeeper;
  tkSetWallToMono(cpu, tk.wallToMonotonic - by);
  const result = mayBe(cpu) ? 0 : EINVAL;
  if (result === 0) {
    if (!cpu.decisions.countsNoStep) tk.clockWasSetSeq += 1;
    publishChange(cpu, action);
  } else if (!cpu.decisions.leavesShadowDirty) timekeepingRestoreShadow(cpu);
  traceSet(cpu, action, by, result);
  unlockTimekeeper(cpu);
  return result;
}

/** All offsets that hang on it. @linux kernel/time/timekeeping.c tk_set_wall_to_mono */
function tkSetWallToMono(cpu: KernelCpu, wallToMonotonic: Ns): void {
  const tk = cpu.image.shadowTimekeeper;
  tk.wallToMonotonic = wallToMonotonic;
  tk.offsReal = -wallToMonotonic;
  if (!cpu.decisions.forgetsTai) tk.offsTai = tk.offsReal + tk.taiOffset * NSEC_PER_SEC;
}

/** A machine cannot have booted before 1970. @linux include/linux/time64.h timespec64_valid_settod */
function mayBe(cpu: KernelCpu): boolean {
  const { offsReal } = cpu.image.shadowTimekeeper;
  return Math.abs(offsReal) <= WALL_CLOCK_MAX && offsReal >= -cpu.config.epochSec * NSEC_PER_SEC;
}

/** TAI is so many seconds ahead of the wall clock. 0 or -EINVAL. @linux kernel/time/timekeeping.c __timekeeping_set_tai_offset */
export function timekeepingSetTaiOffset(cpu: KernelCpu, seconds: number): number {
  if (seconds < 0 || seconds > MAX_TAI_OFFSET) return EINVAL;
  lockTimekeeper(cpu);
  const tk = cpu.image.shadowTimekeeper;
  tk.taiOffset = seconds;
  tk.offsTai = tk.offsReal + seconds * NSEC_PER_SEC;
  tk.clockWasSetSeq += 1;
  publishChange(cpu, TimekeepingAction.SetTai);
  traceSet(cpu, TimekeepingAction.SetTai, seconds, 0);
  unlockTimekeeper(cpu);
  return 0;
}

/**
 * The clocks run so many parts per billion faster than the counter says, from now on; whoever asks for more than they
 * can do gets the most.
 * @linux kernel/time/timekeeping.c do_adjtimex
 */
export function adjtimexFrequency(cpu: KernelCpu, asked: number): void {
  const ppb = Math.min(Math.max(asked, -MAX_FREQ_PPB), MAX_FREQ_PPB);
  lockTimekeeper(cpu);
  cpu.image.shadowTimekeeper.ntpFreq = ntpFreqOf(ppb, cpu.config.tickNs);
  timekeepingAdvance(cpu, true);
  publishChange(cpu, TimekeepingAction.SetFrequency);
  traceSet(cpu, TimekeepingAction.SetFrequency, ppb, 0);
  unlockTimekeeper(cpu);
}

/** With the lock: what was asked for, what came of it, and whether the shadow is what everybody reads. */
function traceSet(cpu: KernelCpu, action: TimekeepingAction, value: number, result: number): void {
  const { timekeeper: tk, shadowTimekeeper: shadow } = cpu.image;
  cpu.arch.trace6(Event.timekeeping_set, action, value, result, tk.offsReal, shadow.offsReal, shadow.cycleLast - tk.cycleLast);
}
