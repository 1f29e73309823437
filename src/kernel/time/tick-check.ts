/**
 * The switch from the periodic tick to a one-shot device: to high resolution, or with `highres=off` to a tick
 * that can at least be stopped. Polled from the periodic tick, because it must happen on the CPU itself, in a
 * quiet moment; asked for by a bit, when a device has come or the clock source changed.
 *
 *     clock source too coarse              stays periodic
 *     no one-shot device                   stays periodic
 *     highres=on                           high resolution
 *     highres=off, nohz=on                 low resolution, dynamic ticks
 *     both off                             stays periodic
 */
import { Printk } from '../../../shared/printk.ts';
import { TickHandler, TickSched } from '../../../shared/structs/cpu.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { printk } from '../printk.ts';
import { localIsDummy, localSpec } from './clockevent-devices.ts';
import { hrtimerSwitchToHres } from './hrtimer-interrupt.ts';
import { CheckClocks, TickMode } from './tick-common.ts';
import { OneshotObstacle, tickOneshotObstacle, tickSwitchToOneshot } from './tick-oneshot.ts';
import { tickSetupSchedTimer } from './tick-sched.ts';
import { timekeepingValidForHres } from './timekeeping.ts';

/** Switches when asked to look, and the machine can carry it. @linux kernel/time/tick-sched.c tick_check_oneshot_change */
export function tickCheckOneshotChange(cpu: KernelCpu): void {
  const { tick, config } = cpu;
  if (tick.checkClocks === 0) return;
  const asked = cpu.memory.exchange(tick.base + TickSched.at.checkClocks, 0);
  if (tick.mode === TickMode.Oneshot || !mayLeavePeriodic(cpu, asked)) return;
  if (config.highres) switchToHres(cpu);
  else if (config.nohz) switchToNohz(cpu);
}

// table: in the order of OneshotObstacle
const OBSTACLE_LINES: readonly number[] = [-1, Printk.noOneShotFeature, Printk.stopsInIdle, Printk.onlyGlobal];

/** Linux stays periodic without a word; whoever looks for the reason finds it in the log here. */
function mayLeavePeriodic(cpu: KernelCpu, asked: number): boolean {
  if (!timekeepingValidForHres(cpu)) {
    // until the machine has looked for its clock source the present one says nothing
    if ((asked & CheckClocks.SourceChanged) !== 0) printk(cpu, Printk.coarseSource, cpu.id, cpu.image.timekeeper.clocksource);
    return false;
  }
  const obstacle = tickOneshotObstacle(cpu);
  if (obstacle === OneshotObstacle.None) return true;
  if (obstacle === OneshotObstacle.OnlyGlobal && localIsDummy(cpu.config)) complainOfDummy(cpu);
  else printk(cpu, OBSTACLE_LINES[obstacle]!, cpu.id);
  return false;
}

/** Linux has the boot CPU's tick broadcast to it as to the others, so it says the same of each. */
function complainOfDummy(cpu: KernelCpu): void {
  printk(cpu, Printk.noOneShotDevice, localSpec(cpu.config).name);
  if (cpu.config.highres) printk(cpu, Printk.noHighRes, cpu.id);
}

function switchToHres(cpu: KernelCpu): void {
  if (!tickSwitchToOneshot(cpu, TickHandler.Hrtimer)) {
    printk(cpu, Printk.noHighRes, cpu.id);
    return;
  }
  cpu.tick.highres = 1;
  hrtimerSwitchToHres(cpu);
  tickSetupSchedTimer(cpu, true);
}

/** @linux kernel/time/tick-sched.c tick_nohz_switch_to_nohz */
function switchToNohz(cpu: KernelCpu): void {
  if (tickSwitchToOneshot(cpu, TickHandler.NohzLowres)) tickSetupSchedTimer(cpu, false);
}
