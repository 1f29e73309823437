/**
 * The switch to high resolution: the tick device becomes one-shot and the tick itself an hrtimer.
 * Polled from the periodic tick, because it must happen on the CPU itself, in a quiet moment.
 */
import { ClockEventState, TickHandler } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { clockeventsProgramEvent, clockeventsSwitchState, deviceOf, type DeviceId } from './clockevents.ts';
import { hrtimerSwitchToHres } from './hrtimer.ts';
import { TickMode } from './tick-common.ts';
import { tickSetupSchedTimer } from './tick-sched.ts';
import { timekeepingValidForHres } from './timekeeping.ts';

/** The clocks have changed: every CPU must look again. @linux kernel/time/tick-sched.c tick_clock_notify */
export function tickClockNotify(cpu: KernelCpu): void {
  for (const tick of cpu.image.tickScheds) tick.checkClocks = 1;
}

/**
 * Switches when asked to look, the kernel may, and the clock source can carry it.
 * @linux kernel/time/tick-sched.c tick_check_oneshot_change
 */
export function tickCheckOneshotChange(cpu: KernelCpu): void {
  const { tick } = cpu;
  if (tick.checkClocks === 0) return;
  tick.checkClocks = 0;
  if (!cpu.config.highres || !timekeepingValidForHres(cpu)) return;
  tickSwitchToOneshot(cpu);
  hrtimerSwitchToHres(cpu);
  tickSetupSchedTimer(cpu, true);
}

/** @linux kernel/time/tick-oneshot.c tick_switch_to_oneshot */
function tickSwitchToOneshot(cpu: KernelCpu): void {
  const id = cpu.tick.device as DeviceId;
  cpu.tick.mode = TickMode.Oneshot;
  cpu.tick.highres = 1;
  deviceOf(cpu, id).handler = TickHandler.Hrtimer;
  clockeventsSwitchState(cpu, id, ClockEventState.Oneshot);
}

/**
 * Arms the tick device for `expires`; KTIME_MAX stops it.
 * @linux kernel/time/tick-oneshot.c tick_program_event
 */
export function tickProgramEvent(cpu: KernelCpu, expires: Ns, force: boolean): boolean {
  const id = cpu.tick.device as DeviceId;
  const device = deviceOf(cpu, id);
  if (expires === KTIME_MAX) {
    clockeventsSwitchState(cpu, id, ClockEventState.OneshotStopped);
    device.nextEvent = KTIME_MAX;
    return true;
  }
  if (device.state === ClockEventState.OneshotStopped) clockeventsSwitchState(cpu, id, ClockEventState.Oneshot);
  return clockeventsProgramEvent(cpu, id, expires, force);
}
