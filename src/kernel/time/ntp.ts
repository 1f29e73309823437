/**
 * Discipline: what the user asks of the frequency of the clocks, and how the multiplier follows it.
 *
 * A multiplier is an integer, so that it can follow a frequency only nearly. What one tick is wrong by gathers
 * in `ntpError`; while that is above 0 the multiplier is one more than it should be, else what it should be or
 * a little less. So the average is exact. Errors are counted in 2^-32 ns.
 *
 * Not here: the phase-locked loop (STA_PLL), adjtime's slew, leap seconds. They would come in where a second
 * is over, in `accumulate` (`timekeeping-update.ts`).
 */
import { assert } from '../../../shared/assert.ts';
import type { ShadowTimekeeper } from '../../../shared/structs/timekeeper.ts';
import type { Cycles, Ns } from '../../../shared/units.ts';
import type { Clocksource } from './clocksource.ts';

const TWO_32 = 2 ** 32;
/** The most that may be asked for, in parts per billion. @linux include/linux/timex.h MAXFREQ */
export const MAX_FREQ_PPB = 500_000;

/** A frequency in parts per billion as 2^-32 ns a tick. @linux kernel/time/ntp.c ntp_update_frequency */
export function ntpFreqOf(ppb: number, tickNs: Ns): number {
  return Math.round((ppb * tickNs * TWO_32) / 1e9);
}

/**
 * The multiplier follows the frequency that is asked for and works off the error. `rest` cycles have passed
 * since the base; they keep what they were worth, so the base moves by as much.
 * @linux kernel/time/timekeeping.c timekeeping_adjust
 */
export function timekeepingAdjust(tk: ShadowTimekeeper, source: Clocksource, rest: Cycles): void {
  const unit = tk.cycleInterval * 2 ** (32 - source.shift);
  const before = tk.mult >>> 0;
  const wanted = tk.ntpFreq === tk.ntpTick ? before - tk.ntpErrMult : source.mult + Math.floor(tk.ntpFreq / unit);
  tk.ntpTick = tk.ntpFreq;
  const errMult = tk.ntpError > 0 ? 1 : 0;
  const mult = wanted + errMult;
  assert(Math.abs(mult - source.mult) <= source.maxadj, `multiplier ${mult} is too far from ${source.mult} of ${source.name}`);
  tk.ntpErrMult = errMult;
  if (mult !== before) applyAdjustment(tk, source, rest, mult - before);
  tk.ntpStep = tk.ntpTick - (mult - source.mult) * unit;
}

/** @linux kernel/time/timekeeping.c timekeeping_apply_adjustment */
function applyAdjustment(tk: ShadowTimekeeper, { shift }: Clocksource, rest: Cycles, by: number): void {
  const pow = 2 ** shift;
  const fraction = tk.baseFraction - rest * by;
  const whole = Math.floor(fraction / pow);
  tk.mult += by;
  tk.baseNs += whole;
  tk.baseFraction = fraction - whole * pow;
}
