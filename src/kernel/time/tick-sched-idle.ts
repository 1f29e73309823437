/**
 * The tick of an idle CPU: stopped while nothing needs it, and taken up again on the grid that it had.
 *
 *      busy        |  idle                                         | busy
 *      tick  tick  |  tick: nobody woke        irq: no switch      | tick
 *      4     8     |  12    stop               17.3  stop again    | 24
 *                     keep        the timer stands at 96           | 96 -> 24: last tick + k periods
 *
 * Everything here runs on the CPU itself with interrupts off. What leaves it: the do_timer duty, which
 * it drops when it stops and whoever ticks next takes; jiffies, which an interrupt on a CPU without a
 * tick brings up to date, since the others may sleep as well; and the marks for the balancer and the load average.
 */
import { Event } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import { TICK_DO_TIMER_NONE } from '../../../shared/structs/global.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { schedTimerOf } from '../image.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { irqWorkNeedsCpu } from '../irq/irq-work.ts';
import { localTimerSoftirqPending, reportIdleSoftirq } from '../irq/softirq.ts';
import { rcuNeedsCpu } from '../rcu.ts';
import { calcLoadNohzStart, calcLoadNohzStop } from '../sched/loadavg.ts';
import { nohzBalanceEnterIdle } from '../sched/nohz-balance.ts';
import { hrtimerCancel, hrtimerForward } from './hrtimer.ts';
import { hrtimerGetNextEvent } from './hrtimer-interrupt.ts';
import { tickNohzStartIdle, tickNohzStopIdle } from './idle-sleep.ts';
import { getJiffiesUpdate, setTickDoTimerCpu, tickDoTimerCpu, tickDoUpdateJiffies64 } from './jiffies.ts';
import { tickProgramEvent } from './tick-oneshot.ts';
import { startSchedTimer } from './tick-sched.ts';
import { getNextTimerInterrupt, timerBaseIsIdle, timerBaseTryToSetIdle, timerClearIdle } from './timer.ts';
import { ktimeGet, timekeepingMaxDeferment } from './timekeeping.ts';

/** The idle task has the CPU. @linux kernel/time/tick-sched.c tick_nohz_idle_enter */
export function tickNohzIdleEnter(cpu: KernelCpu): void {
  cpu.tick.flags |= TickFlag.Inidle;
  tickNohzStartIdle(cpu);
}

/** It is about to give the CPU away. @linux kernel/time/tick-sched.c tick_nohz_idle_exit */
export function tickNohzIdleExit(cpu: KernelCpu): void {
  const { tick, idleSleep } = cpu;
  tick.flags &= ~TickFlag.Inidle;
  const now = ktimeGet(cpu);
  if (idleSleep.active !== 0) tickNohzStopIdle(cpu, now);
  if (!tickStopped(cpu)) return;
  restartSchedTick(cpu, now);
  accountIdleTime(cpu, now);
}

/** Whether this CPU's tick is stopped. @linux kernel/time/tick-sched.c tick_nohz_tick_stopped */
export function tickStopped(cpu: KernelCpu): boolean {
  return (cpu.tick.flags & TickFlag.Stopped) !== 0;
}

/** Whether a tick has come since the idle loop asked last. @linux kernel/time/tick-sched.c tick_nohz_idle_got_tick */
export function tickNohzIdleGotTick(cpu: KernelCpu): boolean {
  if (cpu.tick.gotIdleTick === 0) return false;
  cpu.tick.gotIdleTick = 0;
  return true;
}

/** Stops the tick if that is worth it, or moves a stopped one. @linux kernel/time/tick-sched.c tick_nohz_idle_stop_tick */
export function tickNohzIdleStopTick(cpu: KernelCpu): void {
  const { tick } = cpu;
  if (tick.timerExpiresBase === 0 && !mayLookAhead(cpu)) return;
  const expires = tick.timerExpires;
  let target = 0;
  tick.idleCalls += 1;
  if (expires > 0) {
    const wasStopped = tickStopped(cpu);
    target = stopTick(cpu);
    if (!cpu.decisions.countsNoSleep) tick.idleSleeps += 1;
    tick.idleExpires = expires;
    if (!wasStopped && tickStopped(cpu)) {
      tick.idleJiffies = tick.lastJiffies;
      nohzBalanceEnterIdle(cpu);
    }
  } else tickNohzIdleRetainTick(cpu);
  traceStop(cpu, target);
}

function traceStop({ tick, fields, arch }: KernelCpu, target: Ns): void {
  fields[0] = tick.idleCalls;
  fields[1] = tick.idleSleeps;
  fields[2] = tick.flags;
  fields[3] = target;
  fields[4] = tick.nextTick;
  fields[5] = tick.lastTick;
  fields[6] = tick.timerExpiresBase;
  arch.traceFields(Event.tick_nohz_idle_stop, fields);
}

/** The tick stays as it is. @linux kernel/time/tick-sched.c tick_nohz_idle_retain_tick */
export function tickNohzIdleRetainTick(cpu: KernelCpu): void {
  cpu.tick.timerExpiresBase = 0;
}

/** Looks for the next event unless something forbids to stop; false: it does. @dynticks whoever stops the tick and whoever only asks */
export function mayLookAhead(cpu: KernelCpu): boolean {
  if (!canStopIdleTick(cpu)) return false;
  nextEvent(cpu);
  return true;
}

/** @linux kernel/time/tick-sched.c can_stop_idle_tick */
export function canStopIdleTick(cpu: KernelCpu): boolean {
  if ((cpu.tick.flags & TickFlag.Nohz) === 0 || cpu.state.needResched !== 0) return false;
  if (reportIdleSoftirq(cpu)) return false;
  if (!cpu.config.nohzFull) return true;
  // somebody must keep the time of those that run without a tick
  const owner = tickDoTimerCpu(cpu);
  return owner !== cpu.id && owner !== TICK_DO_TIMER_NONE;
}

/**
 * When this CPU must wake, into `timerExpires`; 0 if that is so soon that the tick may as well go on.
 * @linux kernel/time/tick-sched.c tick_nohz_next_event
 */
function nextEvent(cpu: KernelCpu): void {
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
function stopTick(cpu: KernelCpu): Ns {
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
  else tickProgramEvent(cpu, KTIME_MAX, true);
}

/** The tick runs again. @linux kernel/time/tick-sched.c tick_nohz_restart_sched_tick */
function restartSchedTick(cpu: KernelCpu, now: Ns): void {
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

/** Ticks that did not come while it slept. @linux kernel/time/tick-sched.c tick_nohz_account_idle_time */
function accountIdleTime(cpu: KernelCpu, now: Ns): void {
  const { tick, image } = cpu;
  tick.idleExittime = now;
  if (!cpu.accounting.samples) return;
  const { jiffies } = image.jiffies;
  const ticks = jiffies - tick.idleJiffies + (cpu.decisions.countsIdleTickTwice ? 1 : 0);
  cpu.arch.trace6(Event.account_idle_ticks, ticks, jiffies, tick.idleJiffies);
  if (ticks > 0) cpu.accounting.idleTicks(cpu, ticks);
}

/** An interrupt comes, the first of its nesting, while the idle task has the CPU. @linux kernel/time/tick-sched.c tick_nohz_irq_enter */
export function tickNohzIrqEnter(cpu: KernelCpu): void {
  const stopped = tickStopped(cpu);
  const { active } = cpu.idleSleep;
  if (active === 0 && !stopped) return;
  const now = ktimeGet(cpu);
  if (active !== 0 && !cpu.decisions.sleepsInInterrupts) tickNohzStopIdle(cpu, now);
  if (!stopped) return;
  cpu.tick.idleWaketime = now;
  // the owner of the duty may sleep, and the handler will ask what jiffy it is
  if (!cpu.decisions.skipsJiffiesOnEntry) tickDoUpdateJiffies64(cpu, now);
}

/** It is over, and the idle task goes on. @linux kernel/time/tick-sched.c tick_nohz_irq_exit */
export function tickNohzIrqExit(cpu: KernelCpu): void {
  if ((cpu.tick.flags & TickFlag.Inidle) !== 0) tickNohzStartIdle(cpu);
}
