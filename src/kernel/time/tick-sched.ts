/**
 * The tick once it is one-shot: a timer of its CPU that lies on the common grid of jiffies. In high resolution
 * it is an hrtimer; in low resolution the event device is programmed for it and the timer's record only
 * keeps the date.
 */
import { ClockId } from '../../../shared/structs/timekeeper.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { HrtimerFunction, HrtimerMode, type Hrtimer } from '../../../shared/structs/hrtimer.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { schedTimerOf } from '../image.ts';
import { profileTick } from '../profile.ts';
import { deviceOf, type DeviceId } from './clockevents.ts';
import { hrtimerForward, hrtimerInit, hrtimerStart } from './hrtimer.ts';
import { tickSchedDoTimer } from './jiffies.ts';
import { TickMode, updateProcessTimes } from './tick-common.ts';
import { tickProgramEvent } from './tick-oneshot.ts';
import { ktimeGet } from './timekeeping.ts';

/** The tick's timer: on its own CPU, with interrupts off. */
const TICK_TIMER = HrtimerMode.Pinned | HrtimerMode.Hard;

/** Whether any CPU can stop its tick. @linux kernel/time/tick-sched.c tick_nohz_active */
export function tickNohzActive(cpu: KernelCpu): boolean {
  return cpu.image.nohz.active !== 0;
}

/**
 * The tick's timer, on the common grid of jiffies; with `skew_tick=1` each CPU a little later, so
 * that they do not all want the same locks at one instant.
 * @linux kernel/time/tick-sched.c tick_setup_sched_timer
 */
export function tickSetupSchedTimer(cpu: KernelCpu, hres: boolean): void {
  const { config, image, tick } = cpu;
  const timer = schedTimerOf(cpu.id);
  const record = image.timers[timer]!;
  hrtimerInit(cpu, timer, ClockId.Monotonic, TICK_TIMER, HrtimerFunction.TickNohzHandler, cpu.id);
  const skew = config.skewTick ? cpu.id * Math.floor(config.tickNs / 2 / image.map.shape.cpus) : 0;
  record.expires = image.jiffies.lastJiffiesUpdate + skew;
  record.softexpires = record.expires;
  hrtimerForward(record, ktimeGet(cpu), config.tickNs);
  if (hres) tick.flags |= TickFlag.Highres;
  if (config.nohz) {
    tick.flags |= TickFlag.Nohz;
    image.nohz.active = 1;
  }
  startSchedTimer(cpu, record.expires);
}

/** Puts the tick to `expires`. @linux kernel/time/tick-sched.c tick_nohz_restart */
export function startSchedTimer(cpu: KernelCpu, expires: Ns): void {
  const timer = schedTimerOf(cpu.id);
  if ((cpu.tick.flags & TickFlag.Highres) !== 0) {
    hrtimerStart(cpu, timer, expires, expires, TICK_TIMER);
    return;
  }
  const record = cpu.image.timers[timer]!;
  record.expires = expires;
  record.softexpires = expires;
  tickProgramEvent(cpu, expires, true);
}

/** The tick in high resolution mode. @linux kernel/time/tick-sched.c tick_nohz_handler */
export function tickNohzHandler(cpu: KernelCpu, timer: Hrtimer): boolean {
  const now = ktimeGet(cpu);
  const { tick } = cpu;
  tickSchedDoTimer(cpu, now);
  if ((tick.flags & TickFlag.Inidle) !== 0) tick.gotIdleTick = 1;
  if ((tick.flags & TickFlag.Stopped) !== 0) tickWhileStopped(cpu);
  updateProcessTimes(cpu, TickMode.Oneshot);
  profileTick(cpu);
  // whoever goes on, the idle loop or a restart, knows better when the next event is
  if ((tick.flags & TickFlag.Stopped) !== 0) return false;
  hrtimerForward(timer, now, cpu.config.tickNs);
  if (cpu.decisions.forwardsFromNow) forwardFromNow(timer, now + cpu.config.tickNs);
  return true;
}

/** The planted fault: each tick is late by what the one before it was late. */
function forwardFromNow(timer: Hrtimer, expires: Ns): void {
  timer.expires = expires;
  timer.softexpires = expires;
}

/** A tick that came all the same accounts itself. @linux kernel/time/tick-sched.c tick_sched_handle */
function tickWhileStopped(cpu: KernelCpu): void {
  const { tick } = cpu;
  if (cpu.curr === cpu.idle || cpu.decisions.countsIdleTicksOfTracked) tick.idleJiffies += 1;
  tick.nextTick = 0;
}

/** The tick in low resolution: the event device's own interrupt. @linux kernel/time/tick-sched.c tick_nohz_lowres_handler */
export function tickNohzLowresHandler(cpu: KernelCpu): void {
  const record = cpu.image.timers[schedTimerOf(cpu.id)]!;
  deviceOf(cpu, cpu.tick.device as DeviceId).nextEvent = KTIME_MAX;
  const goesOn = tickNohzHandler(cpu, record);
  // whoever stops the tick leaves no event behind, or a device that is no true one-shot would come again and again
  const leaves = goesOn || cpu.decisions.leavesDeviceArmed;
  tickProgramEvent(cpu, leaves ? record.expires : KTIME_MAX, true);
}
