/**
 * On which CPU a timer is queued. A timer that is not PINNED goes to a CPU that is awake anyway, so that those
 * asleep stay so; but never before that CPU's next event, because nobody but itself can arm its device:
 *
 *      CPU 1 (idle, starts T for 50)          CPU 0 (device armed for 40)
 *      lock 1; T.base = migration; unlock 1
 *      lock 0
 *        expiresNext is 40: T comes later
 *        T.base = CPU 0's; T is queued
 *      unlock 0
 *                                             at 40: interrupt, lock 0
 *                                               expiresNext = next event, T's
 *
 * Had T been for 30, CPU 0 would have slept over it: T stays on CPU 1. Whoever wants T meanwhile finds the
 * placeholder instead of a base, and looks again.
 */
import { HRTIMER_MAX_CLOCK_BASES, HrtimerMode, MIGRATION_BASE, type Hrtimer } from '../../../shared/structs/hrtimer.ts';
import type { CpuId, TimerId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { getNohzTimerTarget, timersMigrate } from '../sched/nohz-target.ts';
import { lockCpuBase, unlockCpuBase } from './hrtimer-base.ts';
import { cpuOfBase, indexOfBase } from './hrtimer-queue.ts';

/**
 * With the timer's base locked and the timer in no queue: chooses where it shall be queued and returns that base, locked.
 * A timer whose callback executes stays where it is, or it might execute on two CPUs at once.
 * @linux kernel/time/hrtimer.c switch_hrtimer_base
 */
export function switchHrtimerBase(cpu: KernelCpu, timer: TimerId, record: Hrtimer, old: number, mode: number): number {
  const { image } = cpu;
  const index = indexOfBase(old);
  if (image.hrtimerBases[cpuOfBase(old)]!.running(index) === timer) return old;
  const target = targetOf(cpu, mode);
  const to = target * HRTIMER_MAX_CLOCK_BASES + index;
  if (moveTo(cpu, record, old, to) === to && (to !== old || target === cpu.id || fits(cpu, record, to))) return to;
  // it would come before the target's next event
  return moveTo(cpu, record, old, cpu.id * HRTIMER_MAX_CLOCK_BASES + index);
}

/** @linux kernel/time/hrtimer.c get_target_base */
function targetOf(cpu: KernelCpu, mode: number): CpuId {
  return (mode & HrtimerMode.Pinned) === 0 && timersMigrate(cpu) ? getNohzTimerTarget(cpu) : cpu.id;
}

/** Puts the timer to another base, whose lock is held afterwards; back to `from` if it may not be there. */
function moveTo(cpu: KernelCpu, record: Hrtimer, from: number, to: number): number {
  if (from === to) return from;
  record.clockBase = MIGRATION_BASE;
  unlockCpuBase(cpu, cpuOfBase(from));
  lockCpuBase(cpu, cpuOfBase(to));
  if (cpuOfBase(to) === cpu.id || fits(cpu, record, to)) {
    cpu.memory.handOver(record.base, cpuOfBase(to));
    record.clockBase = to;
    return to;
  }
  unlockCpuBase(cpu, cpuOfBase(to));
  lockCpuBase(cpu, cpuOfBase(from));
  record.clockBase = from;
  return from;
}

/** Whether the timer comes no earlier than the next event of that base's CPU. @linux kernel/time/hrtimer.c hrtimer_check_target */
function fits(cpu: KernelCpu, record: Hrtimer, clockBase: number): boolean {
  const base = cpu.image.hrtimerBases[cpuOfBase(clockBase)]!;
  const expires = record.expires - base.offset(indexOfBase(clockBase));
  return expires >= base.expiresNext || cpu.decisions.enqueuesLeftmostRemotely;
}
