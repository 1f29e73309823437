/**
 * The switch to high resolution: the tick device becomes one-shot and the tick itself an hrtimer.
 * Polled from the periodic tick, because it must happen on the CPU itself, in a quiet moment.
 */
import {
  ClockEventState, HrtimerFunction, TickHandler, type Hrtimer,
} from '../../../shared/structs/cpu.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { schedTimerOf } from '../image.ts';
import { clockeventsSwitchState, deviceOf, type DeviceId } from './clockevents.ts';
import { hrtimerForward, hrtimerInit, hrtimerStart, hrtimerSwitchToHres } from './hrtimer.ts';
import { tickSchedDoTimer } from './jiffies.ts';
import { TickMode, updateProcessTimes } from './tick-common.ts';
import { ktimeGet, timekeepingValidForHres } from './timekeeping.ts';

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
  tickSetupSchedTimer(cpu);
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
 * The tick's hrtimer, on the common grid of jiffies; with `skew_tick=1` each CPU a little later, so
 * that they do not all want the same locks at one instant.
 * @linux kernel/time/tick-sched.c tick_setup_sched_timer
 */
function tickSetupSchedTimer(cpu: KernelCpu): void {
  const { config, image } = cpu;
  const timer = schedTimerOf(cpu.id);
  const record = image.timers[timer]!;
  hrtimerInit(cpu, timer, HrtimerFunction.TickNohzHandler, cpu.id);
  const skew = config.skewTick ? cpu.id * Math.floor(config.tickNs / 2 / image.map.shape.cpus) : 0;
  record.expires = image.jiffies.lastJiffiesUpdate + skew;
  record.softexpires = record.expires;
  hrtimerForward(record, ktimeGet(cpu), config.tickNs);
  hrtimerStart(cpu, timer, record.expires, record.expires);
}

/** The tick in high resolution mode. @linux kernel/time/tick-sched.c tick_nohz_handler */
export function tickNohzHandler(cpu: KernelCpu, timer: Hrtimer): boolean {
  const now = ktimeGet(cpu);
  tickSchedDoTimer(cpu, now);
  updateProcessTimes(cpu, TickMode.Oneshot);
  hrtimerForward(timer, now, cpu.config.tickNs);
  return true;
}
