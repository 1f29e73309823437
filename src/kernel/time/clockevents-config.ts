/** A device's conversion of ns to its own ticks, and its limits. Boot time only: BigInt arithmetic. */
import { ClockEventState, type ClockEventDevice } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NSEC_PER_SEC, type Cycles, type Ns } from '../../../shared/units.ts';
import type { DeviceSpec } from './clockevent-devices.ts';
import { clocksCalcMultShift } from './clocksource.ts';

/** No device may be armed for less. @linux kernel/time/clockevents.c cev_delta2ns */
const LEAST_DELTA_NS: Ns = 1_000;
/** A counter of more than 32 bits need not convert longer spans than this. */
const MAX_SECONDS = 600;
const U32_MAX = 0xffff_ffff;
const U64_MAX = (1n << 64n) - 1n;

export type DeviceLimits = Pick<DeviceSpec, 'hz' | 'minTicks' | 'maxTicks'>;

/** @linux kernel/time/clockevents.c clockevents_config */
export function clockeventsConfig(device: ClockEventDevice, { hz, minTicks, maxTicks }: DeviceLimits, roundsDown = false): void {
  const seconds = Math.max(1, Math.floor(maxTicks / hz));
  const maxSec = maxTicks > U32_MAX ? Math.min(MAX_SECONDS, seconds) : seconds;
  const { mult, shift } = clocksCalcMultShift(NSEC_PER_SEC, hz, maxSec);
  device.mult = mult | 0;
  device.shift = shift;
  device.minTicks = minTicks;
  device.maxTicks = maxTicks;
  device.minDeltaNs = roundsDown ? roundedDown(minTicks, mult, shift) : clockeventDelta2ns(minTicks, mult, shift, false);
  device.maxDeltaNs = clockeventDelta2ns(maxTicks, mult, shift, true);
}

const roundedDown = (ticks: Cycles, mult: number, shift: number): Ns =>
  Math.max(LEAST_DELTA_NS, Number((BigInt(ticks) << BigInt(shift)) / BigInt(mult)));

/** What the driver says of its device; nobody uses it yet. @linux kernel/time/clockevents.c clockevents_config_and_register */
export function clockeventsInit(device: ClockEventDevice, spec: DeviceSpec, cpumask: number, roundsDown = false): void {
  clockeventsConfig(device, spec, roundsDown);
  device.name = spec.name;
  device.features = spec.features;
  device.rating = spec.rating;
  device.cpumask = cpumask;
  device.irq = spec.irq;
  device.state = ClockEventState.Detached;
  device.nextEvent = KTIME_MAX;
}

/**
 * Device ticks to ns, rounded so that converting back never gives more ticks than the device has, nor fewer
 * than its least.
 * @linux kernel/time/clockevents.c clockevent_delta2ns
 */
export function clockeventDelta2ns(ticks: Cycles, mult: number, shift: number, isMax: boolean): Ns {
  const wide = BigInt(ticks) << BigInt(shift);
  const roundsUp = !isMax || BigInt(mult) <= 1n << BigInt(shift);
  const sum = roundsUp ? wide + BigInt(mult) - 1n : wide;
  const ns = (wide > U64_MAX ? U64_MAX : sum) / BigInt(mult);
  return Math.max(LEAST_DELTA_NS, Number(ns));
}
