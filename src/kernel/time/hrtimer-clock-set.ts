/**
 * A clock has been stepped: timers on it are earlier or later now than their CPUs' devices are armed for. Each CPU's
 * offsets are brought up to date by whoever stepped the clock; only its device must wait for the CPU itself.
 *
 *      CPU 0 (steps the wall clock)           CPU 1 (asleep until 90)
 *      lock 1: new offsets
 *        first REALTIME timer is now at 50,
 *        expiresNext is 90
 *      unlock 1
 *      message ---------------------------->  lock 1
 *                                               first event is 50: armed
 *                                             unlock 1
 */
import {
  HRTIMER_ACTIVE_SOFT, HrtimerBase, type HrtimerCpuBase,
} from '../../../shared/structs/hrtimer.ts';
import type { CpuId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { SmpFunction, smpCallFunctionSingleAsync } from '../smp.ts';
import { hrtimerForceReprogram, hrtimerUpdateBase, hrtimerUpdateNextEvent, lockCpuBase, unlockCpuBase } from './hrtimer-base.ts';
import { tickNohzActive } from './tick-sched.ts';

/** Bases of clocks that a step of the wall clock moves. @linux kernel/time/tick-internal.h CLOCK_SET_WALL */
export const CLOCK_SET_WALL =
  (1 << HrtimerBase.Realtime) | (1 << HrtimerBase.Tai) | (1 << HrtimerBase.RealtimeSoft) | (1 << HrtimerBase.TaiSoft);

/**
 * Tells the timers of all CPUs. `bases`: one bit for each base whose clock was stepped. Where every CPU ticks and looks
 * at its timers each time there is nothing to tell. The caller may wait for nobody: the messages are on their way.
 * @linux kernel/time/hrtimer.c clock_was_set
 */
export function clockWasSet(cpu: KernelCpu, bases: number): void {
  if (cpu.hrtimers.hresActive === 0 && !tickNohzActive(cpu)) return;
  const { cpus } = cpu.image.map.shape;
  for (let target: CpuId = 0; target < cpus; target++) {
    if (cpu.image.cpus[target]!.online === 0) continue;
    lockCpuBase(cpu, target);
    const tells = needsRetrigger(cpu, cpu.image.hrtimerBases[target]!, bases);
    unlockCpuBase(cpu, target);
    if (tells && target === cpu.id) retriggerNextEvent(cpu);
    else if (tells) smpCallFunctionSingleAsync(cpu, target, SmpFunction.RetriggerNextEvent, 0);
  }
}

/**
 * With the base locked: brings its offsets up to date; true: its CPU must arm its device anew.
 * @linux kernel/time/hrtimer.c update_needs_ipi
 */
function needsRetrigger(cpu: KernelCpu, base: HrtimerCpuBase, bases: number): boolean {
  const known = base.clockWasSetSeq;
  hrtimerUpdateBase(cpu, base);
  // its own interrupt has been quicker, or is about to look for the next event
  if (base.clockWasSetSeq === known || base.inHrtirq !== 0) return false;
  const { timers } = cpu.image;
  for (let active = base.activeBases & bases; active !== 0; active &= active - 1) {
    const bit = active & -active;
    const index = 31 - Math.clz32(bit);
    const expires = timers[base.root(index)]!.expires - base.offset(index);
    if (expires < base.expiresNext) return true;
    if ((bit & HRTIMER_ACTIVE_SOFT) !== 0 && base.softirqActivated === 0 && expires < base.softirqExpiresNext) return true;
  }
  return false;
}

/** This CPU's device is armed for what is first now. @linux kernel/time/hrtimer.c retrigger_next_event */
export function retriggerNextEvent(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  if (base.hresActive === 0 && !tickNohzActive(cpu)) return;
  lockCpuBase(cpu, cpu.id);
  hrtimerUpdateBase(cpu, base);
  if (base.hresActive !== 0) hrtimerForceReprogram(cpu, false);
  else hrtimerUpdateNextEvent(cpu, base);
  unlockCpuBase(cpu, cpu.id);
}
