/**
 * Which device gives a CPU its tick, and the periodic tick itself.
 *
 * The boot CPU starts on a global device. When its own appears that one takes over; the other CPUs come up
 * with their own. Each tick then looks whether it may switch to one-shot (`tick-check.ts`).
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import { ClockEventFeature, ClockEventState, TickHandler, TickSched } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_BOOT, TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { schedBalanceTrigger } from '../sched/balance.ts';
import { schedTick } from '../sched/core.ts';
import { profileTick } from '../profile.ts';
import {
  DeviceId, clockeventsExchangeDevice, clockeventsProgramEvent, clockeventsSwitchState, deviceOf,
} from './clockevents.ts';
import { doTimer, setTickDoTimerCpu, tickDoTimerCpu, tickNextPeriod } from './jiffies.ts';
import { tickCheckOneshotChange } from './tick-check.ts';
import { rcuSchedClockIrq } from '../rcu.ts';
import { irqWorkTick } from '../irq/irq-work.ts';
import { runPosixCpuTimers } from './posix-cpu-expiry.ts';
import { runLocalTimers } from './timer.ts';
import { ktimeGet, timekeepingValidForHres } from './timekeeping.ts';

/** How the tick comes: `TickSched.mode`, and the field `mode` of the event `tick`. */
export const TickMode = { Periodic: 0, Oneshot: 1 } as const;
export type TickMode = (typeof TickMode)[keyof typeof TickMode];

/** `TickSched.checkClocks` */
export const CheckClocks = { DeviceCame: 1, SourceChanged: 2 } as const;

/**
 * Any CPU asks a CPU's tick to look; that one takes all bits away at once, so that none is lost.
 * @linux kernel/time/tick-sched.c tick_clock_notify, tick_oneshot_notify
 */
export function askToLook({ memory }: KernelCpu, tick: TickSched, bit: number): void {
  memory.or(tick.base + TickSched.at.checkClocks, bit);
}

/**
 * A device has appeared, or lost its place. If this CPU has none that is better it becomes the tick device.
 * @linux kernel/time/tick-common.c tick_check_new_device
 */
export function tickCheckNewDevice(cpu: KernelCpu, id: DeviceId): void {
  const now = cpu.tick.device as DeviceId;
  if (isSuitable(cpu, now, id) && isBetter(cpu, now, id)) tickInstallReplacement(cpu, id);
}

/** It takes the place of the tick device at hand. @linux kernel/time/tick-common.c tick_install_replacement */
export function tickInstallReplacement(cpu: KernelCpu, id: DeviceId): void {
  const old = cpu.tick.device as DeviceId;
  clockeventsExchangeDevice(cpu, old, id);
  tickSetupDevice(cpu, old, id);
  if ((deviceOf(cpu, id).features & ClockEventFeature.Oneshot) !== 0) askToLook(cpu, cpu.tick, CheckClocks.DeviceCame);
}

/**
 * Whether the device can serve this CPU, which has `now`; a global one gives way to a CPU's own.
 * @linux kernel/time/tick-common.c tick_check_percpu
 */
export function isSuitable(cpu: KernelCpu, now: DeviceId, id: DeviceId): boolean {
  if (deviceOf(cpu, id).cpumask === cpu.id) return true;
  return now === DeviceId.None || deviceOf(cpu, now).cpumask !== cpu.id;
}

/** Whether it is the better one of two that are suitable. @linux kernel/time/tick-common.c tick_check_preferred */
export function isBetter(cpu: KernelCpu, now: DeviceId, id: DeviceId): boolean {
  const { Oneshot } = ClockEventFeature;
  const device = deviceOf(cpu, id);
  if (now === DeviceId.None) return (device.features & Oneshot) !== 0 || cpu.tick.mode === TickMode.Periodic;
  const present = deviceOf(cpu, now);
  if ((device.features & Oneshot) === 0 && ((present.features & Oneshot) !== 0 || cpu.tick.mode === TickMode.Oneshot)) return false;
  return device.rating > present.rating || device.cpumask !== present.cpumask;
}

/**
 * The first device of a CPU is periodic, and the first of the whole machine brings the do_timer duty along;
 * any other goes on with what the one before it had to do.
 * @linux kernel/time/tick-common.c tick_setup_device
 */
function tickSetupDevice(cpu: KernelCpu, old: DeviceId, id: DeviceId): void {
  const { tick } = cpu;
  tick.device = id;
  if (old === DeviceId.None) {
    tick.mode = TickMode.Periodic;
    takeDutyAtBoot(cpu);
    tickSetupPeriodic(cpu, id);
    return;
  }
  const { handler, nextEvent } = deviceOf(cpu, old);
  deviceOf(cpu, old).handler = TickHandler.Noop;
  if (tick.mode === TickMode.Periodic) tickSetupPeriodic(cpu, id);
  else tickSetupOneshot(cpu, id, handler, nextEvent);
}

/**
 * "Nobody yet" is another thing than "dropped": who takes a dropped duty for the first one begins the grid of
 * jiffies anew. A boot CPU of nohz_full= keeps the duty only until the first CPU comes up that may have it.
 */
function takeDutyAtBoot(cpu: KernelCpu): void {
  const owner = tickDoTimerCpu(cpu);
  if (owner === TICK_DO_TIMER_BOOT || (owner === TICK_DO_TIMER_NONE && cpu.decisions.droppedIsFirst)) {
    setTickDoTimerCpu(cpu, cpu.id);
    startJiffyGrid(cpu);
  } else if (owner >= 0 && isTickless(cpu, owner) && !isTickless(cpu, cpu.id) && !cpu.decisions.bootKeepsDuty) {
    setTickDoTimerCpu(cpu, cpu.id);
  }
}

const isTickless = (cpu: KernelCpu, id: CpuId): boolean => cpu.config.tickless[id] ?? false;

/** The first jiffy boundary: the next multiple of the tick, where the version aligns it. */
function startJiffyGrid(cpu: KernelCpu): void {
  const page = cpu.image.jiffies;
  const { tickNs, version } = cpu.config;
  const now = ktimeGet(cpu);
  const last = version.alignedFirstTick ? now - (now % tickNs) : now;
  spinLock(cpu, page.lock, LockClass.Jiffies, 0);
  writeSeqcountBegin(cpu.memory, page.seq);
  page.lastJiffiesUpdate = last;
  page.tickNextPeriod = last + tickNs;
  writeSeqcountEnd(cpu.memory, page.seq);
  spinUnlock(cpu, page.lock, LockClass.Jiffies, 0);
}

/** What the device's interrupt calls from now on. @linux kernel/time/tick-broadcast.c tick_set_periodic_handler */
export function tickSetHandler(cpu: KernelCpu, id: DeviceId, handler: TickHandler): void {
  deviceOf(cpu, id).handler = handler;
  cpu.arch.trace6(Event.tick_device, id, cpu.tick.mode, handler);
}

/**
 * A device that knows no period is programmed for each tick on its own: the first is the next jiffy boundary
 * that is still to come.
 * @linux kernel/time/tick-common.c tick_setup_periodic
 */
function tickSetupPeriodic(cpu: KernelCpu, id: DeviceId): void {
  tickSetHandler(cpu, id, TickHandler.Periodic);
  if ((deviceOf(cpu, id).features & ClockEventFeature.Periodic) !== 0) {
    clockeventsSwitchState(cpu, id, ClockEventState.Periodic);
    return;
  }
  clockeventsSwitchState(cpu, id, ClockEventState.Oneshot);
  let next = tickNextPeriod(cpu);
  while (!clockeventsProgramEvent(cpu, id, next, false)) next += cpu.config.tickNs;
}

/** @linux kernel/time/tick-oneshot.c tick_setup_oneshot */
function tickSetupOneshot(cpu: KernelCpu, id: DeviceId, handler: TickHandler, nextEvent: Ns): void {
  tickSetHandler(cpu, id, handler);
  clockeventsSwitchState(cpu, id, ClockEventState.Oneshot);
  clockeventsProgramEvent(cpu, id, nextEvent, true);
}

/**
 * The tick device's interrupt while the tick is periodic. If the device knows no period, the next tick is
 * programmed here; one that has passed meanwhile is made up for, unless it is ticks that the time is made of:
 * then each would make the next one late.
 * @linux kernel/time/tick-common.c tick_handle_periodic
 */
export function tickHandlePeriodic(cpu: KernelCpu): void {
  const id = cpu.tick.device as DeviceId;
  const device = deviceOf(cpu, id);
  let next = device.nextEvent;
  tickPeriodic(cpu);
  if (device.handler !== TickHandler.Periodic || device.state !== ClockEventState.Oneshot) return;
  for (;;) {
    next += cpu.config.tickNs;
    if (clockeventsProgramEvent(cpu, id, next, false)) return;
    if (timekeepingValidForHres(cpu)) tickPeriodic(cpu);
  }
}

/** @linux kernel/time/tick-common.c tick_periodic */
function tickPeriodic(cpu: KernelCpu): void {
  if (tickDoTimerCpu(cpu) === cpu.id) doTimer(cpu);
  updateProcessTimes(cpu, TickMode.Periodic);
  profileTick(cpu);
}

/**
 * What every tick does, however it came: charge the running task, look for timers, let the scheduler
 * decide. @linux kernel/time/timer.c update_process_times
 */
export function updateProcessTimes(cpu: KernelCpu, mode: TickMode): void {
  const user = cpu.interruptedUser;
  cpu.arch.spend(Path.Tick);
  cpu.tick.ticks += 1;
  cpu.arch.trace6(Event.tick, mode, cpu.image.jiffies.jiffies, cpu.curr, user ? 1 : 0);
  cpu.accounting.tick(cpu, user);
  if (cpu.hrtimers.hresActive === 0) tickCheckOneshotChange(cpu);
  runLocalTimers(cpu);
  rcuSchedClockIrq(cpu);
  irqWorkTick(cpu);
  schedTick(cpu);
  schedBalanceTrigger(cpu);
  runPosixCpuTimers(cpu);
}
