/**
 * How a tick is stopped and taken up again, whoever wants it: the idle loop (`tick-sched-idle.ts`), or a task that has
 * the CPU for itself (`tick-sched-full.ts`).
 */
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { schedTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { irqWorkNeedsCpu } from '../irq/irq-work.ts';
import { localTimerSoftirqPending } from '../irq/softirq.ts';
import { rcuNeedsCpu } from '../rcu.ts';
import { calcLoadNohzStart, calcLoadNohzStop } from '../sched/loadavg.ts';
import { hrtimerCancel, hrtimerForward } from './hrtimer.ts';
import { hrtimerGetNextEvent } from './hrtimer-interrupt.ts';
import { getJiffiesUpdate, setTickDoTimerCpu, tickDoTimerCpu, tickDoUpdateJiffies64 } from './jiffies.ts';
import { tickProgramEvent } from './tick-oneshot.ts';
import { startSchedTimer } from './tick-sched.ts';
import { getNextTimerInterrupt, timerBaseIsIdle, timerBaseTryToSetIdle, timerClearIdle } from './timer.ts';
import { timekeepingMaxDeferment } from './timekeeping.ts';

/** Whether this CPU's tick is stopped. @linux kernel/time/tick-sched.c tick_nohz_tick_stopped */
export function tickStopped(cpu: KernelCpu): boolean {
  return (cpu.tick.flags & TickFlag.Stopped) !== 0;
}

/**
 * When this CPU must wake, into `timerExpires`; 0 if that is so soon that the tick may as well go on.
 * @linux kernel/time/tick-sched.c tick_nohz_next_event
 */
export function tickNohzNextEvent(cpu: KernelCpu): void {
  const { tick, config } = cpu;
  cpu.arch.spend(Path.IdleCall);
  const basem = getJiffiesUpdate(cpu);
  tick.timerExpiresBase = basem;
  const next = needsTickSoon(cpu) ? basem + config.tickNs : firstTimer(cpu, basem);
  const keep = next - basem <= config.tickNs && !tickStopped(cpu) && !cpu.decisions.stopsForLessThanTick;
  // one look: another CPU may drop the duty meanwhile
  const duty = hasDuty(cpu);
  const limit = duty ? basem + timekeepingMaxDeferment(cpu) : KTIME_MAX;
  tick.timerExpires = keep ? 0 : Math.min(limit, next, KTIME_MAX);
  cpu.arch.trace6(
    Event.tick_nohz_next_event, tick.lastJiffies, basem, tick.nextTimer, tick.timerExpires, duty ? 1 : 0,
  );
}

/** Work that waits for a tick. */
function needsTickSoon(cpu: KernelCpu): boolean {
  return localTimerSoftirqPending(cpu) || irqWorkNeedsCpu(cpu) || rcuNeedsCpu(cpu);
}

/** Of the wheel, and in low resolution of the hrtimers, which the tick at or after their expiry will find. */
function firstTimer(cpu: KernelCpu, basem: Ns): Ns {
  const { tick, config } = cpu;
  const wheel = cpu.decisions.stopsOverTimer ? KTIME_MAX : Math.max(basem, getNextTimerInterrupt(cpu, tick.lastJiffies, basem));
  tick.nextTimer = earlierHrtimer(cpu, basem, wheel, config.tickNs);
  return tick.nextTimer;
}

/** @linux kernel/time/timer.c cmp_next_hrtimer_event */
function earlierHrtimer(cpu: KernelCpu, basem: Ns, wheel: Ns, tickNs: Ns): Ns {
  const next = hrtimerGetNextEvent(cpu);
  if (wheel <= next) return wheel;
  return next <= basem ? basem : Math.ceil(next / tickNs) * tickNs;
}

/** Whether time would stand still for the whole machine if this CPU slept for ever. */
function hasDuty(cpu: KernelCpu): boolean {
  const owner = tickDoTimerCpu(cpu);
  return owner === cpu.id || (owner === TICK_DO_TIMER_NONE && (cpu.tick.flags & TickFlag.DoTimerLast) !== 0);
}

/** Returns when this CPU must wake; 0: the tick stays after all. @linux kernel/time/tick-sched.c tick_nohz_stop_tick */
export function tickNohzStopTick(cpu: KernelCpu): Ns {
  const { tick } = cpu;
  const basem = tick.timerExpiresBase;
  if (!cpu.decisions.keepsLook) tick.timerExpiresBase = 0;
  const found = timerBaseTryToSetIdle(cpu, tick.lastJiffies, basem);
  // a timer may have gone since the look: then the earlier promise holds, for which an idle state was chosen
  const { stopsOverTimer, stopsForLessThanTick } = cpu.decisions;
  const expires = stopsOverTimer ? tick.timerExpires : Math.min(found, tick.timerExpires);
  if (!tickStopped(cpu) && !timerBaseIsIdle(cpu) && !stopsOverTimer && !stopsForLessThanTick) return 0;
  dropDuty(cpu);
  if (tickStopped(cpu) && isProgrammed(cpu, expires)) return expires;
  if (!tickStopped(cpu)) {
    calcLoadNohzStart(cpu);
    tick.lastTick = cpu.image.timers[schedTimerOf(cpu.id)]!.expires;
    tick.flags |= TickFlag.Stopped;
    cpu.arch.trace(Event.tick_stop, 1, 0);
  }
  tick.nextTick = expires;
  if (expires === KTIME_MAX) cancelSchedTimer(cpu);
  else startSchedTimer(cpu, expires);
  return expires;
}

/** Whether the stopped tick stands there already: by the cached value, and, as others may have changed it, really. */
function isProgrammed(cpu: KernelCpu, expires: Ns): boolean {
  const really = cpu.image.timers[schedTimerOf(cpu.id)]!.expires;
  return expires === cpu.tick.nextTick && (expires === KTIME_MAX || really === expires);
}

/** A CPU that stops its tick cannot keep the time; whoever ticks next will. @linux kernel/time/tick-sched.c tick_nohz_stop_tick */
export function dropDuty(cpu: KernelCpu): void {
  const { tick } = cpu;
  const owner = tickDoTimerCpu(cpu);
  if (owner === cpu.id) {
    setTickDoTimerCpu(cpu, TICK_DO_TIMER_NONE);
    tick.flags |= TickFlag.DoTimerLast;
  } else if (owner !== TICK_DO_TIMER_NONE) tick.flags &= ~TickFlag.DoTimerLast;
}

/** @linux kernel/time/tick-sched.c tick_sched_timer_cancel */
function cancelSchedTimer(cpu: KernelCpu): void {
  if ((cpu.tick.flags & TickFlag.Highres) !== 0) hrtimerCancel(cpu, schedTimerOf(cpu.id));
  else if (!cpu.decisions.leavesDeviceArmed) tickProgramEvent(cpu, KTIME_MAX, true);
}

/** The tick runs again. @linux kernel/time/tick-sched.c tick_nohz_restart_sched_tick */
export function restartSchedTick(cpu: KernelCpu, now: Ns): void {
  const { tick, image, config } = cpu;
  cpu.arch.spend(Path.TickRestart);
  tickDoUpdateJiffies64(cpu, now);
  timerClearIdle(cpu);
  calcLoadNohzStop(cpu);
  tick.flags &= ~TickFlag.Stopped;
  const timer = image.timers[schedTimerOf(cpu.id)]!;
  if ((tick.flags & TickFlag.Highres) !== 0) hrtimerCancel(cpu, schedTimerOf(cpu.id));
  const phase = cpu.decisions.restartsOffGrid ? now : tick.lastTick;
  timer.expires = phase;
  timer.softexpires = phase;
  hrtimerForward(timer, now, config.tickNs);
  cpu.arch.trace6(Event.tick_nohz_restart, tick.lastTick, now, timer.expires);
  startSchedTimer(cpu, timer.expires);
  tick.nextTick = 0;
}

/** An attempt to stop the tick is over. @dynticks Linux has no such tracepoint */
export function traceTickStop({ tick, fields, arch }: KernelCpu, target: Ns): void {
  fields[0] = tick.idleCalls;
  fields[1] = tick.idleSleeps;
  fields[2] = tick.flags;
  fields[3] = target;
  fields[4] = tick.nextTick;
  fields[5] = tick.lastTick;
  fields[6] = tick.timerExpiresBase;
  arch.traceFields(Event.tick_nohz_idle_stop, fields);
}

/** The tick stays as it is. @linux kernel/time/tick-sched.c tick_nohz_retain_tick */
export function tickNohzRetainTick(cpu: KernelCpu): void {
  cpu.tick.timerExpiresBase = 0;
}
