/**
 * The tick of a CPU that a task has for itself. Each interrupt's way out asks anew whether the task can do without:
 *
 *      task | irq: exit: stop the tick     | irq: exit: still stopped, or moved    | idle: exit: the same instead of a restart
 *
 * What makes a tick needed will be asked in `canStopFullTick`. So far a scenario says of CPUs that theirs is off whatever
 * happens there: then nothing samples, nobody is preempted for its time is up, and timers of CPU time do not fire.
 */
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tickDoTimerCpu } from './jiffies.ts';
import {
  restartSchedTick, tickNohzNextEvent, tickNohzRetainTick, tickNohzStopTick, tickStopped, traceTickStop,
} from './tick-sched-stop.ts';
import { ktimeGet } from './timekeeping.ts';

/** Whether tasks may run here without a tick. @linux include/linux/tick.h tick_nohz_full_cpu */
export function tickNohzFullCpu({ config, id }: KernelCpu): boolean {
  return config.tickOff[id] === true;
}

/** Stops or restarts the tick of a task's CPU as the moment wants it. @linux kernel/time/tick-sched.c tick_nohz_full_update_tick */
export function tickNohzFullUpdateTick(cpu: KernelCpu): void {
  if (!tickNohzFullCpu(cpu) || (cpu.tick.flags & TickFlag.Nohz) === 0) return;
  if (canStopFullTick(cpu)) stopFullTick(cpu);
  else if (tickStopped(cpu)) restartSchedTick(cpu, ktimeGet(cpu));
}

/**
 * Forced: no dependency is looked at. But a boot CPU that has the duty still keeps the time.
 * @linux kernel/time/tick-sched.c can_stop_full_tick
 */
function canStopFullTick(cpu: KernelCpu): boolean {
  return tickDoTimerCpu(cpu) !== cpu.id;
}

/** @linux kernel/time/tick-sched.c tick_nohz_full_stop_tick */
function stopFullTick(cpu: KernelCpu): void {
  let target = 0;
  tickNohzNextEvent(cpu);
  if (cpu.tick.timerExpires > 0) target = tickNohzStopTick(cpu);
  else tickNohzRetainTick(cpu);
  traceTickStop(cpu, target);
}
