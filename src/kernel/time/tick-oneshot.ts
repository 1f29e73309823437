/** The tick device in one-shot mode. */
import { ClockEventFeature, ClockEventState, TickHandler } from '../../../shared/structs/cpu.ts';
import { Printk } from '../../../shared/printk.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { printk } from '../printk.ts';
import { DeviceId, clockeventsProgramEvent, clockeventsSwitchState, deviceOf, isGlobal } from './clockevents.ts';
import { CheckClocks, TickMode, askToLook, tickSetHandler } from './tick-common.ts';

/** The clock source has changed: every CPU must look again. @linux kernel/time/tick-sched.c tick_clock_notify */
export function tickClockNotify(cpu: KernelCpu): void {
  for (const tick of cpu.image.tickScheds) askToLook(cpu, tick, CheckClocks.SourceChanged);
}

/**
 * Arms the tick device for `expires`; KTIME_MAX stops it. False: that moment has passed, and `force` is off.
 * @linux kernel/time/tick-oneshot.c tick_program_event
 */
export function tickProgramEvent(cpu: KernelCpu, expires: Ns, force: boolean): boolean {
  const id = cpu.tick.device as DeviceId;
  const device = deviceOf(cpu, id);
  if (expires === KTIME_MAX) {
    if (device.state === ClockEventState.Oneshot) clockeventsSwitchState(cpu, id, ClockEventState.OneshotStopped);
    device.nextEvent = KTIME_MAX;
    return true;
  }
  const starts = device.state === ClockEventState.OneshotStopped && !cpu.decisions.programsStoppedDevice;
  if (starts) clockeventsSwitchState(cpu, id, ClockEventState.Oneshot);
  return clockeventsProgramEvent(cpu, id, expires, force);
}

/**
 * From now on the tick device is programmed for each event, and calls `handler`. False: it cannot be.
 * @linux kernel/time/tick-oneshot.c tick_switch_to_oneshot
 */
export function tickSwitchToOneshot(cpu: KernelCpu, handler: TickHandler): boolean {
  const id = cpu.tick.device as DeviceId;
  if (id === DeviceId.None) {
    printk(cpu, Printk.noTickDevice);
    return false;
  }
  const device = deviceOf(cpu, id);
  const isFunctional = (device.features & ClockEventFeature.Dummy) === 0;
  if (!isFunctional || (device.features & ClockEventFeature.Oneshot) === 0) {
    printk(cpu, isFunctional ? Printk.noOneShotMode : Printk.noOneShotDevice, device.name);
    return false;
  }
  cpu.tick.mode = TickMode.Oneshot;
  tickSetHandler(cpu, id, cpu.decisions.callsNobody ? TickHandler.Noop : handler);
  clockeventsSwitchState(cpu, id, ClockEventState.Oneshot);
  return true;
}

/** Why the tick device cannot leave periodic mode, as far as that can be told without trying. */
export const OneshotObstacle = { None: 0, NoOneshot: 1, StopsInIdle: 2, OnlyGlobal: 3 } as const;
export type OneshotObstacle = (typeof OneshotObstacle)[keyof typeof OneshotObstacle];

/**
 * A device that stops in deep idle states needs another one, one-shot as well, to wake the CPU in its stead; and
 * where there are other CPUs, one for all of them would have to be passed on to them at each event.
 * @linux kernel/time/tick-common.c tick_is_oneshot_available
 */
export function tickOneshotObstacle(cpu: KernelCpu): OneshotObstacle {
  const id = cpu.tick.device as DeviceId;
  const { features } = deviceOf(cpu, id);
  if ((features & ClockEventFeature.Oneshot) === 0) return OneshotObstacle.NoOneshot;
  if (isGlobal(id) && cpu.image.map.shape.cpus > 1) return OneshotObstacle.OnlyGlobal;
  if ((features & ClockEventFeature.C3stop) !== 0 && !hasOneshotStandIn(cpu)) return OneshotObstacle.StopsInIdle;
  return OneshotObstacle.None;
}

/** @linux kernel/time/tick-broadcast.c tick_broadcast_oneshot_available */
function hasOneshotStandIn(cpu: KernelCpu): boolean {
  return cpu.image.globalDevices.some(({ name, features }) => name !== 0 && (features & ClockEventFeature.Oneshot) !== 0);
}
