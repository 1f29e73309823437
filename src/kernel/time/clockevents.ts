/**
 * Clock event devices: programmable interrupts. The core keeps each device's state and its next
 * event; the hardware is told through `Arch` (a CPU's own device) or by a message to the coordinator
 * (a global one, which no CPU has beside it).
 *
 *     detached --exchange--> shutdown --> periodic
 *                              ^  |
 *                              |  v
 *                            one-shot <--> one-shot stopped          any --exchange--> detached
 *
 * A device has one writer: its CPU, and for a global one the boot CPU. So no lock guards the list of devices.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { Event } from '../../../shared/events.ts';
import { MIN_DELTA_TRIES, MIN_DELTA_TRIES_FIXED } from '../../../shared/limits.ts';
import { mulShift } from '../../../shared/math.ts';
import { Printk } from '../../../shared/printk.ts';
import {
  ClockEventFeature, ClockEventName, ClockEventState, MessageKind, TickHandler, type ClockEventDevice,
} from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NSEC_PER_SEC, type Cycles, type Ns } from '../../../shared/units.ts';
import { DeviceMode, Path, deviceCommand } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { printk } from '../printk.ts';
import { HPET_MIN_CYCLES, TSC_DIVISOR } from './clockevent-devices.ts';
import { ktimeGet } from './timekeeping.ts';

/** Which device an event names: the CPU's own, or one of the global ones. */
export const DeviceId = { None: 0, Lapic: 1, Pit: 2, Hpet: 3 } as const;
export type DeviceId = (typeof DeviceId)[keyof typeof DeviceId];

/** Where an adaptive minimum starts to grow. @linux kernel/time/clockevents.c clockevents_increase_min_delta */
const GROWN_DELTA_NS: Ns = 5_000;
/** Beyond this even the fault lets it grow no more, or the loop would never end. */
const UNBOUNDED_NS: Ns = NSEC_PER_SEC;
/** `armDevice`: the moment has passed, nothing is armed. @linux include/uapi/asm-generic/errno.h ETIME */
const TOO_LATE = 0;
/** An event with the least distance is under way already, and stays. */
const KEPT = -1;

/** The record of a device. @linux kernel/time/tick-sched.h tick_device.evtdev */
export function deviceOf(cpu: KernelCpu, id: DeviceId): ClockEventDevice {
  return id >= DeviceId.Pit ? cpu.image.globalDevices[id - DeviceId.Pit]! : cpu.lapic;
}

/** Whether it is programmed by message. @dynticks the coordinator has the hardware */
export const isGlobal = (id: DeviceId): boolean => id >= DeviceId.Pit;

/** @linux kernel/time/clockevents.c clockevents_switch_state */
export function clockeventsSwitchState(cpu: KernelCpu, id: DeviceId, state: ClockEventState): void {
  const device = deviceOf(cpu, id);
  if (device.state === state || !maySwitch(device, id, state)) return;
  device.state = state;
  device.nextEventForced = 0;
  if (state === ClockEventState.Oneshot && device.mult === 0) {
    device.mult = 1;
    printk(cpu, Printk.noMultiplier, device.name);
  }
  cpu.arch.trace(Event.clockevents_switch_state, id, state);
  if (isGlobal(id)) tellCoordinator(cpu, id, hardwareMode(state), state === ClockEventState.Periodic ? cpu.config.tickNs : 0);
  else cpu.arch.setEventMode(hardwareMode(state), periodTicks(cpu, device));
}

/** Whether there is a way from its state to that one. False: the driver has none, and the device stays what it is. */
function maySwitch({ state: from, features, name }: ClockEventDevice, id: DeviceId, to: ClockEventState): boolean {
  const { Detached, Shutdown, Periodic, Oneshot, OneshotStopped } = ClockEventState;
  const legal = to === Detached || to === Shutdown
    || (to === Periodic && from !== Detached && (features & ClockEventFeature.Periodic) !== 0)
    || (to === Oneshot && from !== Detached && (features & ClockEventFeature.Oneshot) !== 0)
    || (to === OneshotStopped && from === Oneshot);
  if (!legal) throw new KernelBug(`device ${id} goes from state ${from} to ${to}, and has the features ${features}`);
  return to !== OneshotStopped || (name !== ClockEventName.pit && name !== ClockEventName.hpet);
}

/** @linux kernel/time/clockevents.c clockevents_shutdown */
export function clockeventsShutdown(cpu: KernelCpu, id: DeviceId): void {
  clockeventsSwitchState(cpu, id, ClockEventState.Shutdown);
  deviceOf(cpu, id).nextEvent = KTIME_MAX;
}

/**
 * One device goes, to be offered to whoever else may want it; another comes.
 * @linux kernel/time/clockevents.c clockevents_exchange_device
 */
export function clockeventsExchangeDevice(cpu: KernelCpu, old: DeviceId, now: DeviceId): void {
  cpu.arch.trace(Event.clockevents_exchange_device, old, now);
  if (old !== DeviceId.None && !cpu.decisions.keepsOldDevice) {
    clockeventsSwitchState(cpu, old, ClockEventState.Detached);
    deviceOf(cpu, old).released = 1;
  }
  if (now === DeviceId.None) return;
  if (deviceOf(cpu, now).state !== ClockEventState.Detached) throw new KernelBug(`device ${now} is installed, and in use already`);
  clockeventsShutdown(cpu, now);
}

/** Its interrupt has come: what was programmed is over. @dynticks Linux's handlers do it, each for itself */
export function clockeventsFired(cpu: KernelCpu, id: DeviceId): void {
  const device = deviceOf(cpu, id);
  if (!cpu.decisions.remembersForcedEvent) device.nextEventForced = 0;
  device.nrFired += 1;
  if (device.handler === TickHandler.Noop) device.nrSpurious += 1;
  if (device.clamped === 0) return;
  device.clamped = 0;
  device.nrEarly += 1;
}

/**
 * Arms the device for `expires`. False, and nothing armed: that moment has passed and `force` is off
 * (-ETIME), or the device takes nothing any more. A far event is clamped to what the device can count;
 * its handler will find nothing due.
 * @linux kernel/time/clockevents.c clockevents_program_event
 */
export function clockeventsProgramEvent(cpu: KernelCpu, id: DeviceId, expires: Ns, force: boolean): boolean {
  const device = deviceOf(cpu, id);
  if (!(expires >= 0)) throw new KernelBug(`an event for device ${id} at ${expires}`);
  device.nextEvent = expires;
  if (device.state === ClockEventState.Shutdown) return true;
  const { Oneshot, OneshotStopped } = ClockEventState;
  const may = device.state === Oneshot || (device.state === OneshotStopped && cpu.decisions.programsStoppedDevice);
  if (!may) throw new KernelBug(`an event for device ${id}: state ${device.state} is not one-shot`);
  cpu.arch.spend(Path.ProgramEvent);
  const ticks = program(cpu, id, device, expires - ktimeGet(cpu), force);
  const failed = ticks === TOO_LATE;
  cpu.arch.trace6(Event.clockevents_program_event, id, expires, force ? 1 : 0, failed ? 1 : 0, device.nextEvent, Math.max(0, ticks));
  return !failed;
}

/** Ticks that the device was armed with, `KEPT` or `TOO_LATE`. */
function program(cpu: KernelCpu, id: DeviceId, device: ClockEventDevice, delta: Ns, force: boolean): Cycles {
  const keepsForcedEvent = cpu.config.version.keepsForcedEvent && !cpu.decisions.forgetsForcedEvent;
  if (delta > (keepsForcedEvent ? device.minDeltaNs : 0)) {
    const { maxDeltaNs } = device;
    const ticks = armDevice(cpu, id, Math.min(Math.max(delta, device.minDeltaNs), maxDeltaNs));
    if (ticks !== TOO_LATE) {
      if (!cpu.decisions.remembersForcedEvent) device.nextEventForced = 0;
      noteProgrammed(device, delta > maxDeltaNs);
      return ticks;
    }
  }
  if ((!force && !(keepsForcedEvent && delta > 0)) || cpu.decisions.refusesLateEvent) return TOO_LATE;
  if (keepsForcedEvent && device.nextEventForced !== 0) return KEPT;
  const ticks = programMinDelta(cpu, id, device);
  if (ticks === TOO_LATE) return TOO_LATE;
  device.nextEventForced = 1;
  device.nrForced += 1;
  noteProgrammed(device, false);
  return ticks;
}

function noteProgrammed(device: ClockEventDevice, clamped: boolean): void {
  device.nrProgrammed += 1;
  device.clamped = clamped ? 1 : 0;
  if (clamped) device.nrClamped += 1;
}

/** An event in the past that must come all the same. @linux kernel/time/clockevents.c clockevents_program_min_delta */
function programMinDelta(cpu: KernelCpu, id: DeviceId, device: ClockEventDevice): Cycles {
  if (device.name === ClockEventName.arch_sys_timer) return programFixedMinDelta(cpu, id, device);
  for (let tries = 1; ; tries++) {
    const ticks = tryMinDelta(cpu, id, device, device.minDeltaNs);
    if (ticks !== TOO_LATE) return ticks;
    if (tries < MIN_DELTA_TRIES) continue;
    if (!increaseMinDelta(cpu, id, device)) return TOO_LATE;
    tries = 0;
  }
}

/** Arm is built without the growth of the minimum: there each try adds it once more. */
function programFixedMinDelta(cpu: KernelCpu, id: DeviceId, device: ClockEventDevice): Cycles {
  for (let tries = 1; tries <= MIN_DELTA_TRIES_FIXED; tries++) {
    const ticks = tryMinDelta(cpu, id, device, tries * device.minDeltaNs);
    if (ticks !== TOO_LATE) return ticks;
  }
  return TOO_LATE;
}

function tryMinDelta(cpu: KernelCpu, id: DeviceId, device: ClockEventDevice, deltaNs: Ns): Cycles {
  device.nextEvent = ktimeGet(cpu) + deltaNs;
  device.retries += 1;
  return armDevice(cpu, id, deltaNs);
}

/** @linux kernel/time/clockevents.c clockevents_increase_min_delta */
function increaseMinDelta(cpu: KernelCpu, id: DeviceId, device: ClockEventDevice): boolean {
  const cap = cpu.decisions.minDeltaUnbounded ? UNBOUNDED_NS : cpu.config.tickNs;
  const old = device.minDeltaNs;
  if (old >= cap) {
    printk(cpu, Printk.reprogrammingGaveUp);
    device.nextEvent = KTIME_MAX;
    return false;
  }
  device.minDeltaNs = Math.min(cap, old < GROWN_DELTA_NS ? GROWN_DELTA_NS : old + Math.floor(old / 2));
  cpu.arch.trace6(Event.clockevents_min_delta, id, old, device.minDeltaNs);
  printk(cpu, Printk.minDeltaGrew, device.name, device.minDeltaNs);
  return true;
}

/** Ticks that the hardware was given, or `TOO_LATE`. */
function armDevice(cpu: KernelCpu, id: DeviceId, deltaNs: Ns): Cycles {
  const device = deviceOf(cpu, id);
  const ticks = mulShift(deltaNs, device.mult >>> 0, device.shift);
  if (!isGlobal(id)) {
    const cycles = device.name === ClockEventName['lapic-deadline'] ? ticks * TSC_DIVISOR : ticks;
    return cpu.arch.setNextEvent(cycles) ? ticks : TOO_LATE;
  }
  if (device.name === ClockEventName.hpet && isPastComparator(cpu, device, ticks)) return TOO_LATE;
  tellCoordinator(cpu, id, DeviceMode.Oneshot, ticks);
  return ticks;
}

/**
 * An HPET compares an instant with its counter, which goes on while the comparator is being written.
 * @linux arch/x86/kernel/hpet.c hpet_clkevt_set_next_event
 */
function isPastComparator(cpu: KernelCpu, device: ClockEventDevice, ticks: Cycles): boolean {
  const before = cpu.arch.schedClock();
  cpu.arch.spend(Path.ProgramEvent);
  const passed = mulShift(cpu.arch.schedClock() - before, device.mult >>> 0, device.shift);
  return ticks - passed < HPET_MIN_CYCLES;
}

/** The hardware of a global device is the coordinator's: a CPU can only ask. `amount`: ns of a period, or ticks until a single event. */
function tellCoordinator(cpu: KernelCpu, id: DeviceId, mode: DeviceMode, amount: number): void {
  cpu.arch.send(cpu.image.map.shape.cpus, MessageKind.ProgramDevice, deviceCommand(id, mode), amount);
}

function hardwareMode(state: ClockEventState): DeviceMode {
  if (state === ClockEventState.Periodic) return DeviceMode.Periodic;
  return state === ClockEventState.Oneshot ? DeviceMode.Oneshot : DeviceMode.Shutdown;
}

function periodTicks(cpu: KernelCpu, device: ClockEventDevice): Cycles {
  return mulShift(cpu.config.tickNs, device.mult >>> 0, device.shift);
}
