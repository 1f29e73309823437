/**
 * Clock event devices by slots of a table: each CPU's own, then the global ones. Events name a device by a
 * number that means one thing on each CPU (1: its own) or on all of them (2 and up: a global one).
 */
import type { CpuId } from '../../shared/units.ts';

export const NO_DEVICE = 0;
const OWN = 1;
const FIRST_GLOBAL = 2;
const GLOBALS = 2;

export const deviceSlots = (cpus: number): number => cpus + GLOBALS;

/** Slot of the device that `cpu` calls `device`, or -1 for none. */
export function deviceSlot(cpus: number, cpu: CpuId, device: number): number {
  if (device === NO_DEVICE) return -1;
  return device === OWN ? cpu : cpus + device - FIRST_GLOBAL;
}

/** `the lapic of CPU 1`, as far as a trace knows it. */
export const deviceText = (cpus: number, slot: number): string =>
  slot < cpus ? `CPU ${slot}'s own device` : `global device ${slot - cpus + FIRST_GLOBAL}`;
