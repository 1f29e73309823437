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
import type { Ns } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { reportIdleSoftirq } from '../irq/softirq.ts';
import { accountIdleTicks } from '../sched/cputime.ts';
import { nohzBalanceEnterIdle } from '../sched/nohz-balance.ts';
import { tickNohzStartIdle, tickNohzStopIdle } from './idle-sleep.ts';
import { tickDoTimerCpu, tickDoUpdateJiffies64 } from './jiffies.ts';
import { tickNohzFullCpu, tickNohzFullUpdateTick } from './tick-sched-full.ts';
import {
  restartSchedTick, tickNohzNextEvent, tickNohzRetainTick, tickNohzStopTick, tickStopped, traceTickStop,
} from './tick-sched-stop.ts';
import { ktimeGet } from './timekeeping.ts';

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
  if (tickNohzFullCpu(cpu)) tickNohzFullUpdateTick(cpu);
  else restartSchedTick(cpu, now);
  accountIdleTime(cpu, now);
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
    target = tickNohzStopTick(cpu);
    if (!cpu.decisions.countsNoSleep) tick.idleSleeps += 1;
    tick.idleExpires = expires;
    if (!wasStopped && tickStopped(cpu)) {
      tick.idleJiffies = tick.lastJiffies;
      nohzBalanceEnterIdle(cpu);
    }
  } else tickNohzRetainTick(cpu);
  traceTickStop(cpu, target);
}

/** Looks for the next event unless something forbids to stop; false: it does. @dynticks whoever stops the tick and whoever only asks */
export function mayLookAhead(cpu: KernelCpu): boolean {
  if (!canStopIdleTick(cpu)) return false;
  tickNohzNextEvent(cpu);
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

/** Ticks that did not come while it slept. @linux kernel/time/tick-sched.c tick_nohz_account_idle_time */
function accountIdleTime(cpu: KernelCpu, now: Ns): void {
  const { tick, image } = cpu;
  tick.idleExittime = now;
  const { countsIdleTicksOfTracked, countsIdleTickTwice } = cpu.decisions;
  if (!cpu.accounting.samples && !countsIdleTicksOfTracked) return;
  const { jiffies } = image.jiffies;
  const ticks = jiffies - tick.idleJiffies + (countsIdleTickTwice ? 1 : 0);
  cpu.arch.trace6(Event.account_idle_ticks, ticks, jiffies, tick.idleJiffies);
  if (ticks <= 0) return;
  if (countsIdleTicksOfTracked) accountIdleTicks(cpu, ticks);
  else cpu.accounting.idleTicks(cpu, ticks);
}

/**
 * An interrupt comes while the idle task has the CPU, or where a task may have it without a tick.
 * @linux kernel/time/tick-sched.c tick_nohz_irq_enter
 */
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

/** It is over: the idle task goes on, or a task that may do so without a tick. @linux kernel/time/tick-sched.c tick_nohz_irq_exit */
export function tickNohzIrqExit(cpu: KernelCpu): void {
  if ((cpu.tick.flags & TickFlag.Inidle) !== 0) tickNohzStartIdle(cpu);
  else tickNohzFullUpdateTick(cpu);
}
