/**
 * The clock bases of a CPU: their lock, their first events, and when the CPU's device is to be armed.
 *
 * A CPU's device can be armed by that CPU alone. So what `expiresNext` says holds only as long as no other CPU
 * brings an earlier timer; they look at it, under the lock, before they do (`hrtimer-migrate.ts`). While the
 * interrupt expires timers it is KTIME_MAX: then nobody brings any.
 */
import { LockClass } from '../../../shared/lock-order.ts';
import {
  HRTIMER_ACTIVE_HARD, HRTIMER_ACTIVE_SOFT, HRTIMER_MAX_CLOCK_BASES, HrtimerBase, HrtimerMode, MIGRATION_BASE, type Hrtimer,
  type HrtimerCpuBase,
} from '../../../shared/structs/hrtimer.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { cpuOfBase, indexOfBase } from './hrtimer-queue.ts';
import { tickProgramEvent } from './tick-oneshot.ts';
import { ktimeGetUpdateOffsets, type ClockOffsets } from './timekeeping.ts';

/** @linux include/linux/hrtimer_defs.h hrtimer_cpu_base.lock */
export function lockCpuBase(cpu: KernelCpu, of: CpuId): void {
  spinLock(cpu, cpu.image.hrtimerBases[of]!.lock, LockClass.HrtimerBase, of);
}

/** @linux include/linux/hrtimer_defs.h hrtimer_cpu_base.lock */
export function unlockCpuBase(cpu: KernelCpu, of: CpuId): void {
  spinUnlock(cpu, cpu.image.hrtimerBases[of]!.lock, LockClass.HrtimerBase, of);
}

/**
 * Locks the base that the timer is in, wherever that is by then, and returns it. A timer on its way between two
 * bases has none: whoever moves it will have put it down in a moment.
 * @linux kernel/time/hrtimer.c lock_hrtimer_base
 */
export function lockHrtimerBase(cpu: KernelCpu, record: Hrtimer): number {
  for (;;) {
    const clockBase = record.clockBase;
    if (clockBase === MIGRATION_BASE) {
      cpu.memory.relax();
      continue;
    }
    lockCpuBase(cpu, cpuOfBase(clockBase));
    if (record.clockBase === clockBase) return clockBase;
    unlockCpuBase(cpu, cpuOfBase(clockBase));
  }
}

/**
 * The instant, on CLOCK_MONOTONIC, at which a queued timer is to expire at the latest; never below 0.
 * @linux kernel/time/hrtimer.c hrtimer_reprogram
 */
function monotonicExpiry(base: HrtimerCpuBase, record: Hrtimer): Ns {
  return Math.max(0, record.expires - base.offset(indexOfBase(record.clockBase)));
}

/**
 * Whether an interrupt that looks at this CPU's timers no later than `until` may expire one besides `but`: that one is
 * first of its queue or not found due.
 * @dynticks an interrupt declares what it may touch
 */
export function hrtimerMayExpire(cpu: KernelCpu, until: Ns, but: TimerId): boolean {
  const base = cpu.hrtimers;
  for (let active = base.activeBases; active !== 0; active &= active - 1) {
    const index = 31 - Math.clz32(active & -active);
    const clock = until + base.offset(index);
    const first = base.root(index);
    const { left, right } = cpu.image.timers[first]!;
    if (first === but ? isDue(cpu, left, clock) || isDue(cpu, right, clock) : isDue(cpu, first, clock)) return true;
  }
  return false;
}

function isDue(cpu: KernelCpu, timer: TimerId, clock: Ns): boolean {
  return timer !== NONE && cpu.image.timers[timer]!.softexpires <= clock;
}

/** With the base locked: now, and the offsets of all clocks as of now. @linux kernel/time/hrtimer.c hrtimer_update_base */
export function hrtimerUpdateBase(cpu: KernelCpu, base: HrtimerCpuBase): Ns {
  const offsets = cpu.clockOffsets;
  const known = base.clockWasSetSeq;
  offsets.clockWasSetSeq = known;
  const now = ktimeGetUpdateOffsets(cpu, offsets);
  if (offsets.clockWasSetSeq === known || (known >= 0 && cpu.decisions.keepsStaleOffsets)) return now;
  base.clockWasSetSeq = offsets.clockWasSetSeq;
  for (let index = 0; index < HRTIMER_MAX_CLOCK_BASES; index++) base.setOffset(index, offsetOf(offsets, index % HrtimerBase.MonotonicSoft));
  return now;
}

function offsetOf(offsets: ClockOffsets, clock: number): Ns {
  switch (clock) {
    case HrtimerBase.Realtime: return offsets.real;
    case HrtimerBase.Boottime: return offsets.boot;
    case HrtimerBase.Tai: return offsets.tai;
    default: return 0;
  }
}

/**
 * With the base locked: the first event of the bases in `mask`, whose timer `nextTimer` or `softirqNextTimer` is then.
 * @linux kernel/time/hrtimer.c __hrtimer_get_next_event
 */
export function hrtimerNextEventOf(cpu: KernelCpu, base: HrtimerCpuBase, mask: number): Ns {
  const { timers } = cpu.image;
  let next = KTIME_MAX;
  let first: TimerId = NONE;
  for (let active = base.activeBases & mask; active !== 0; active &= active - 1) {
    const index = 31 - Math.clz32(active & -active);
    const timer = base.root(index);
    const expires = Math.max(0, timers[timer]!.expires - base.offset(index));
    if (expires >= next) continue;
    next = expires;
    first = timer;
  }
  if (mask === HRTIMER_ACTIVE_SOFT) base.softirqNextTimer = first;
  else base.nextTimer = first;
  return next;
}

/**
 * With the base locked: the event to arm the device for. The soft bases have a say unless their softirq is
 * on its way: it will look at them.
 * @linux kernel/time/hrtimer.c hrtimer_update_next_event
 */
export function hrtimerUpdateNextEvent(cpu: KernelCpu, base: HrtimerCpuBase): Ns {
  let soft = KTIME_MAX;
  // most CPUs have no soft timers at most times
  if (base.softirqActivated === 0 && ((base.activeBases & HRTIMER_ACTIVE_SOFT) !== 0 || base.softirqExpiresNext !== KTIME_MAX)) {
    soft = hrtimerNextEventOf(cpu, base, HRTIMER_ACTIVE_SOFT);
    base.softirqExpiresNext = soft;
  }
  const hard = hrtimerNextEventOf(cpu, base, HRTIMER_ACTIVE_HARD);
  if (hard <= soft) return hard;
  base.nextTimer = base.softirqNextTimer;
  return soft;
}

/**
 * With this CPU's base locked: a timer that came may be the first now, so is the device armed in time?
 * `programs` is off where the caller will see to the device itself.
 * @linux kernel/time/hrtimer.c hrtimer_reprogram
 */
export function hrtimerReprogram(cpu: KernelCpu, timer: TimerId, programs: boolean): void {
  const record = cpu.image.timers[timer]!;
  const owner = cpuOfBase(record.clockBase);
  const base = cpu.image.hrtimerBases[owner]!;
  const expires = monotonicExpiry(base, record);
  if ((record.flags & HrtimerMode.Soft) !== 0) {
    if (base.softirqActivated !== 0 || expires >= base.softirqExpiresNext) return;
    base.softirqNextTimer = timer;
    base.softirqExpiresNext = expires;
    if (expires >= base.expiresNext || !programs) return;
  }
  if (owner !== cpu.id || expires >= base.expiresNext || base.inHrtirq !== 0) return;
  base.nextTimer = timer;
  armDevice(cpu, expires, false);
}

/** With this CPU's base locked: looks for the first event anew. @linux kernel/time/hrtimer.c hrtimer_force_reprogram */
export function hrtimerForceReprogram(cpu: KernelCpu, skipEqual: boolean): void {
  const base = cpu.hrtimers;
  const next = hrtimerUpdateNextEvent(cpu, base);
  if (skipEqual && next === base.expiresNext) return;
  armDevice(cpu, next, cpu.decisions.rearmsInHang);
}

/**
 * Low resolution leaves the device to the tick. After a hang it stays armed for the end of the pause: arming it for
 * a far event now, and for no other until then, would lose all that comes in between.
 * @linux kernel/time/hrtimer.c __hrtimer_reprogram
 */
function armDevice(cpu: KernelCpu, expires: Ns, inHang: boolean): void {
  const base = cpu.hrtimers;
  base.expiresNext = expires;
  if (base.hresActive === 0 || (base.hangDetected !== 0 && !inHang)) return;
  tickProgramEvent(cpu, expires, true);
}
