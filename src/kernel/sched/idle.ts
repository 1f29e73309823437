/**
 * What a CPU does when it has nothing to run. Linux's idle task is a loop; here the loop returns where
 * that one halts, and goes on after the interrupt that ends the halt.
 *
 *      enter -> [ may the tick stop? -> halt ... interrupt ]* -> a task wants the CPU -> exit -> schedule
 */
import { Event, Mode } from '../../../shared/events.ts';
import { TickFlag } from '../../../shared/structs/cpu.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { tickNohzIdleEnter, tickNohzIdleExit, tickNohzIdleGotTick, tickNohzIdleStopTick } from '../time/tick-sched-idle.ts';
import { tickNohzRetainTick, tickStopped } from '../time/tick-sched-stop.ts';

/** Idle state without a cpuidle driver, and what cpu_idle shows at its end. @linux include/trace/events/power.h PWR_EVENT_EXIT */
const HALT_STATE = 1;
const PWR_EVENT_EXIT = 0xffff_ffff;

/**
 * One turn of the loop: true, it halts; false, it has left, since the scheduler wants the CPU.
 * @linux kernel/sched/idle.c do_idle
 */
export function doIdle(cpu: KernelCpu): boolean {
  if ((cpu.tick.flags & TickFlag.Inidle) === 0) tickNohzIdleEnter(cpu);
  if (cpu.state.needResched !== 0) {
    // a tick that came with a wake-up counts for nothing when the loop is entered again
    tickNohzIdleGotTick(cpu);
    tickNohzIdleExit(cpu);
    return false;
  }
  idleCall(cpu);
  return true;
}

/** @linux kernel/sched/idle.c cpuidle_idle_call */
function idleCall(cpu: KernelCpu): void {
  const state = cpu.cpuidle === undefined ? defaultIdleCall(cpu) : cpu.cpuidle.enter(cpu);
  cpu.idling = true;
  cpu.arch.trace(Event.cpu_idle, state, cpu.id);
  cpu.arch.setMode(Mode.Idle);
}

/**
 * Without a driver for idle states nobody foresees how long the CPU will sleep. So the tick stays until it
 * has come once and woken nobody.
 * @linux kernel/sched/idle.c default_idle_call
 */
function defaultIdleCall(cpu: KernelCpu): number {
  const gotTick = tickNohzIdleGotTick(cpu);
  if (gotTick || tickStopped(cpu)) tickNohzIdleStopTick(cpu);
  else tickNohzRetainTick(cpu);
  return HALT_STATE;
}

/**
 * The interrupt that ended the halt has been served; what comes next is a switch, or the next halt.
 * @dynticks the loop goes on after its halt
 */
export function endHalt(cpu: KernelCpu): void {
  cpu.idling = false;
  cpu.cpuidle?.reflect(cpu);
  cpu.arch.trace(Event.cpu_idle, PWR_EVENT_EXIT, cpu.id);
}
