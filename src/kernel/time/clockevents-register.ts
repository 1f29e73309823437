/**
 * Devices come and go. A new one may take the place of the tick device; the one that it replaces is offered
 * once more, since another use may be found for it.
 */
import { Event } from '../../../shared/events.ts';
import { Printk } from '../../../shared/printk.ts';
import { ALL_CPUS, ClockEventState } from '../../../shared/structs/cpu.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { printk } from '../printk.ts';
import type { DeviceSpec } from './clockevent-devices.ts';
import { clockeventsConfig, clockeventsInit, type DeviceLimits } from './clockevents-config.ts';
import { DeviceId, clockeventsProgramEvent, clockeventsSwitchState, deviceOf, isGlobal } from './clockevents.ts';
import { isBetter, isSuitable, tickCheckNewDevice, tickInstallReplacement } from './tick-common.ts';

/** A CPU has at most these, and they are looked through in the order in which they registered. */
const DEVICES: readonly DeviceId[] = [DeviceId.Pit, DeviceId.Hpet, DeviceId.Lapic];

/** A device of this CPU, or a global one, is there. @linux kernel/time/clockevents.c clockevents_register_device */
export function clockeventsRegisterDevice(cpu: KernelCpu, id: DeviceId, spec: DeviceSpec): void {
  const device = deviceOf(cpu, id);
  clockeventsInit(device, spec, isGlobal(id) ? ALL_CPUS : cpu.id, cpu.decisions.roundsMinDeltaDown);
  traceDevice(cpu, id, spec);
  tickCheckNewDevice(cpu, id);
  notifyReleased(cpu);
}

/** Each round finds a better use for somebody, or none; so they end. @linux kernel/time/clockevents.c clockevents_notify_released */
function notifyReleased(cpu: KernelCpu): void {
  for (let id = released(cpu); id !== undefined; id = released(cpu)) {
    deviceOf(cpu, id).released = 0;
    tickCheckNewDevice(cpu, id);
  }
}

const released = (cpu: KernelCpu): DeviceId | undefined => DEVICES.find((id) => isOurs(cpu, id) && deviceOf(cpu, id).released !== 0);

/** Only the boot CPU has to do with global devices. */
const isOurs = (cpu: KernelCpu, id: DeviceId): boolean => (!isGlobal(id) || cpu.id === BOOT_CPU) && deviceOf(cpu, id).name !== 0;
const BOOT_CPU: CpuId = 0;

/**
 * Whoever administers the machine wants the device gone. False (-EBUSY): it drives this CPU's tick, and nothing
 * can take its place.
 * @linux kernel/time/clockevents.c __clockevents_unbind
 */
export function clockeventsUnbind(cpu: KernelCpu, id: DeviceId): boolean {
  if (deviceOf(cpu, id).state !== ClockEventState.Detached && !replace(cpu, id)) return false;
  deviceOf(cpu, id).name = 0;
  deviceOf(cpu, id).released = 0;
  return true;
}

/** What is called on a CPU whose tick device is to go. @linux kernel/time/clockevents.c unbind_device_store */
export function unbindTickDevice(cpu: KernelCpu): void {
  const id = cpu.tick.device as DeviceId;
  const gone = clockeventsUnbind(cpu, id);
  printk(cpu, gone ? Printk.deviceUnbound : Printk.deviceBusy, cpu.id, deviceOf(cpu, cpu.tick.device as DeviceId).name);
}

/** @linux kernel/time/clockevents.c clockevents_replace */
function replace(cpu: KernelCpu, id: DeviceId): boolean {
  if (cpu.tick.device !== id) return false;
  let best: DeviceId = DeviceId.None;
  for (const other of DEVICES) {
    const mayServe = other !== id && isOurs(cpu, other) && deviceOf(cpu, other).state === ClockEventState.Detached;
    if (mayServe && isSuitable(cpu, best, other) && isBetter(cpu, best, other)) best = other;
  }
  if (best === DeviceId.None) return false;
  tickInstallReplacement(cpu, best);
  return true;
}

/**
 * The device counts at another frequency from now on. Its next event stands, in so many of the new ticks.
 * @linux kernel/time/clockevents.c clockevents_update_freq
 */
export function clockeventsUpdateFreq(cpu: KernelCpu, id: DeviceId, limits: DeviceLimits): void {
  const device = deviceOf(cpu, id);
  const { state, nextEvent } = device;
  clockeventsConfig(device, limits);
  if (state === ClockEventState.Oneshot) clockeventsProgramEvent(cpu, id, nextEvent as Ns, false);
  else if (state === ClockEventState.Periodic) restartPeriod(cpu, id);
}

function restartPeriod(cpu: KernelCpu, id: DeviceId): void {
  clockeventsSwitchState(cpu, id, ClockEventState.Shutdown);
  clockeventsSwitchState(cpu, id, ClockEventState.Periodic);
}

function traceDevice(cpu: KernelCpu, id: DeviceId, { hz }: DeviceSpec): void {
  const { fields } = cpu;
  const { name, features, rating, cpumask, mult, shift, minTicks, maxTicks, minDeltaNs, maxDeltaNs } = deviceOf(cpu, id);
  fields[0] = id;
  fields[1] = name;
  fields[2] = features;
  fields[3] = rating;
  fields[4] = cpumask;
  fields[5] = hz;
  fields[6] = mult >>> 0;
  fields[7] = shift;
  fields[8] = minTicks;
  fields[9] = maxTicks;
  fields[10] = minDeltaNs;
  fields[11] = maxDeltaNs;
  cpu.arch.traceFields(Event.clockevents_register_device, fields);
}
