/**
 * Clock event devices: programmable interrupts. The core keeps each device's state and its next
 * event; the hardware is told through `Arch` (a CPU's own lapic) or by a message to the coordinator
 * (the global PIT, which no CPU owns).
 */
import { KernelBug } from '../../../shared/assert.ts';
import { Event } from '../../../shared/events.ts';
import { MIN_DELTA_TRIES } from '../../../shared/limits.ts';
import { mulShift } from '../../../shared/math.ts';
import { ClockEventState, MessageKind, type ClockEventDevice } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NSEC_PER_SEC, type Cycles, type Ns } from '../../../shared/units.ts';
import { DeviceMode, Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { clocksCalcMultShift } from './clocksource.ts';
import { ktimeGet } from './timekeeping.ts';

/** Which device an event names: the CPU's own, or the global one. */
export const DeviceId = { None: 0, Lapic: 1, Pit: 2 } as const;
export type DeviceId = (typeof DeviceId)[keyof typeof DeviceId];

/** No device may be armed for less. @linux kernel/time/clockevents.c cev_delta2ns */
const LEAST_DELTA_NS: Ns = 1_000;
/** Where an adaptive minimum starts to grow. @linux kernel/time/clockevents.c clockevents_increase_min_delta */
const GROWN_DELTA_NS: Ns = 5_000;

/** What the driver knows of its device. */
export interface DeviceSpec {
  readonly hz: number;
  readonly minTicks: Cycles;
  readonly maxTicks: Cycles;
}

/** @linux arch/x86/kernel/apic/apic.c lapic_clockevent */
export const lapicSpec = (hz: number): DeviceSpec => ({ hz, minTicks: 0xf, maxTicks: 0x7fffffff });
/** @linux drivers/clocksource/i8253.c i8253_clockevent */
export const PIT_SPEC: DeviceSpec = { hz: 1_193_182, minTicks: 0xf, maxTicks: 0x7fff };

/**
 * Fills in a device's conversion and its limits. Boot time only: BigInt arithmetic.
 * @linux kernel/time/clockevents.c clockevents_config
 */
export function clockeventsConfig(device: ClockEventDevice, spec: DeviceSpec): void {
  const maxSec = Math.max(1, Math.floor(spec.maxTicks / spec.hz));
  const { mult, shift } = clocksCalcMultShift(NSEC_PER_SEC, spec.hz, maxSec);
  device.mult = mult | 0;
  device.shift = shift;
  device.minDeltaNs = clockeventDelta2ns(spec.minTicks, mult, shift, false);
  device.maxDeltaNs = clockeventDelta2ns(spec.maxTicks, mult, shift, true);
  device.state = ClockEventState.Detached;
  device.nextEvent = KTIME_MAX;
}

/**
 * Device ticks to ns, rounded so that converting back never gives more ticks than the device has.
 * @linux kernel/time/clockevents.c clockevent_delta2ns
 */
export function clockeventDelta2ns(ticks: Cycles, mult: number, shift: number, isMax: boolean): Ns {
  const big = BigInt(ticks) << BigInt(shift);
  const roundsUp = !isMax || BigInt(mult) <= 1n << BigInt(shift);
  const ns = Number((roundsUp ? big + BigInt(mult) - 1n : big) / BigInt(mult));
  return Math.max(LEAST_DELTA_NS, ns);
}

/** @linux kernel/time/clockevents.c clockevents_switch_state */
export function clockeventsSwitchState(cpu: KernelCpu, id: DeviceId, state: ClockEventState): void {
  const device = deviceOf(cpu, id);
  if (device.state === state) return;
  device.state = state;
  cpu.arch.trace(Event.clockevents_switch_state, id, state);
  if (id === DeviceId.Lapic) cpu.arch.setEventMode(hardwareMode(state), periodTicks(cpu, device));
  else tellCoordinator(cpu, hardwareMode(state), cpu.config.tickNs);
}

/** @linux kernel/time/clockevents.c clockevents_shutdown */
export function clockeventsShutdown(cpu: KernelCpu, id: DeviceId): void {
  clockeventsSwitchState(cpu, id, ClockEventState.Shutdown);
  deviceOf(cpu, id).nextEvent = KTIME_MAX;
}

/**
 * Arms the device for `expires`. False, and nothing armed: that moment has passed and `force` is off
 * (-ETIME). A far event is clamped to what the device can count; its handler will find nothing due.
 * @linux kernel/time/clockevents.c clockevents_program_event
 */
export function clockeventsProgramEvent(cpu: KernelCpu, id: DeviceId, expires: Ns, force: boolean): boolean {
  const device = deviceOf(cpu, id);
  device.nextEvent = expires;
  if (device.state === ClockEventState.Shutdown || device.state === ClockEventState.OneshotStopped) return true;
  if (device.state !== ClockEventState.Oneshot) throw new KernelBug(`an event for device ${id}: state ${device.state} is not one-shot`);
  cpu.arch.spend(Path.ProgramEvent);
  const delta = expires - ktimeGet(cpu);
  let armed = false;
  if (delta > 0) {
    armed = armDevice(cpu, id, Math.min(Math.max(delta, device.minDeltaNs), device.maxDeltaNs));
  }
  if (!armed && force) armed = programMinDelta(cpu, id);
  cpu.arch.trace6(Event.clockevents_program_event, id, expires, force ? 1 : 0, armed ? 0 : 1);
  return armed;
}

/** An event in the past that must come all the same. @linux kernel/time/clockevents.c clockevents_program_min_delta */
function programMinDelta(cpu: KernelCpu, id: DeviceId): boolean {
  const device = deviceOf(cpu, id);
  for (let tries = 1; ; tries++) {
    device.nextEvent = ktimeGet(cpu) + device.minDeltaNs;
    device.retries += 1;
    if (armDevice(cpu, id, device.minDeltaNs)) return true;
    if (tries < MIN_DELTA_TRIES) continue;
    if (!increaseMinDelta(cpu, device)) return false;
    tries = 0;
  }
}

/** @linux kernel/time/clockevents.c clockevents_increase_min_delta */
function increaseMinDelta(cpu: KernelCpu, device: ClockEventDevice): boolean {
  const cap = cpu.config.tickNs;
  if (device.minDeltaNs >= cap) {
    device.nextEvent = KTIME_MAX;
    return false;
  }
  const old = device.minDeltaNs;
  device.minDeltaNs = Math.min(cap, old < GROWN_DELTA_NS ? GROWN_DELTA_NS : old + Math.floor(old / 2));
  return true;
}

function armDevice(cpu: KernelCpu, id: DeviceId, deltaNs: Ns): boolean {
  if (id === DeviceId.Pit) {
    tellCoordinator(cpu, DeviceMode.Oneshot, deltaNs);
    return true;
  }
  const { lapic } = cpu;
  return cpu.arch.setNextEvent(mulShift(deltaNs, lapic.mult >>> 0, lapic.shift));
}

/** The global device is the coordinator's: a CPU can only ask. */
function tellCoordinator(cpu: KernelCpu, mode: DeviceMode, ns: Ns): void {
  cpu.arch.send(cpu.image.map.shape.cpus, MessageKind.ProgramDevice, mode, ns);
}

/** The record of a device. @linux kernel/time/tick-sched.h tick_device.evtdev */
export function deviceOf(cpu: KernelCpu, id: DeviceId): ClockEventDevice {
  return id === DeviceId.Pit ? cpu.image.globalDevice : cpu.lapic;
}

function hardwareMode(state: ClockEventState): DeviceMode {
  if (state === ClockEventState.Periodic) return DeviceMode.Periodic;
  return state === ClockEventState.Oneshot ? DeviceMode.Oneshot : DeviceMode.Shutdown;
}

function periodTicks(cpu: KernelCpu, device: ClockEventDevice): Cycles {
  return mulShift(cpu.config.tickNs, device.mult >>> 0, device.shift);
}
