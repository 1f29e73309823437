/** Clocks by the names that a scenario gives them. */
import { ClockId } from '../../shared/structs/timekeeper.ts';

export const CLOCK_IDS = {
  realtime: ClockId.Realtime, monotonic: ClockId.Monotonic, raw: ClockId.MonotonicRaw, realtime_coarse: ClockId.RealtimeCoarse,
  monotonic_coarse: ClockId.MonotonicCoarse, boottime: ClockId.Boottime, tai: ClockId.Tai, monotonic_fast: ClockId.MonotonicFast,
  raw_fast: ClockId.RawFast,
} as const;
export type ClockName = keyof typeof CLOCK_IDS;
