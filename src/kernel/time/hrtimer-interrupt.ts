/**
 * Expiring timers: in the event device's interrupt, in the tick while resolution is low, and in the HRTIMER softirq.
 *
 *      device's interrupt                     on the interrupt's way out
 *      a soft timer is due: raise HRTIMER
 *      hard timers run, interrupts off
 *      device armed for the next hard one     softirq: soft timers run, interrupts on
 *                                             device armed for the next of all
 */
import { Event } from '../../../shared/events.ts';
import { HRTIMER_HANG_MAX_NS, HRTIMER_INTERRUPT_PASSES } from '../../../shared/limits.ts';
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import {
  HRTIMER_ACTIVE_HARD, HRTIMER_ACTIVE_SOFT, HRTIMER_MAX_CLOCK_BASES, HrtimerMode, HrtimerState, type Hrtimer, type HrtimerCpuBase,
} from '../../../shared/structs/hrtimer.ts';
import { KTIME_MAX, NONE, type Ns, type TimerId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import { raiseSoftirq } from '../irq/softirq.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { deviceOf, type DeviceId } from './clockevents.ts';
import {
  hrtimerForceReprogram, hrtimerNextEventOf, hrtimerReprogram, hrtimerUpdateBase, hrtimerUpdateNextEvent, lockCpuBase, unlockCpuBase,
} from './hrtimer-base.ts';
import { enqueueHrtimer, takeOut } from './hrtimer.ts';
import { tickProgramEvent } from './tick-oneshot.ts';

/** How early a timer may run, where it may. @dynticks a planted fault */
const EARLY_NS: Ns = 200_000;

/** The event device's interrupt in high resolution mode. @linux kernel/time/hrtimer.c hrtimer_interrupt */
export function hrtimerInterrupt(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  deviceOf(cpu, cpu.tick.device as DeviceId).nextEvent = KTIME_MAX;
  lockCpuBase(cpu, cpu.id);
  base.nrEvents += 1;
  const entry = hrtimerUpdateBase(cpu, base);
  let now = entry;
  for (let pass = 0; pass < HRTIMER_INTERRUPT_PASSES; pass++) {
    base.inHrtirq = 1;
    // "every timer is earlier": no other CPU puts one here while we look
    base.expiresNext = KTIME_MAX;
    runDueTimers(cpu, base, now);
    const next = hrtimerUpdateNextEvent(cpu, base);
    base.expiresNext = next;
    base.inHrtirq = 0;
    unlockCpuBase(cpu, cpu.id);
    if (tickProgramEvent(cpu, next, false)) {
      base.hangDetected = 0;
      return;
    }
    lockCpuBase(cpu, cpu.id);
    now = hrtimerUpdateBase(cpu, base);
    base.nrRetries += 1;
  }
  giveUp(cpu, base, now, now - entry);
}

/** Three passes did not catch up: let the machine breathe for as long as they took. */
function giveUp(cpu: KernelCpu, base: HrtimerCpuBase, now: Ns, took: Ns): void {
  base.nrHangs += 1;
  base.hangDetected = 1;
  if (took > base.maxHangTime) base.maxHangTime = took;
  unlockCpuBase(cpu, cpu.id);
  cpu.arch.trace(Event.hrtimer_hang, took);
  tickProgramEvent(cpu, now + Math.min(took, HRTIMER_HANG_MAX_NS), true);
}

/** The tick's look at the queues while resolution is low: timers are as late as it. @linux kernel/time/hrtimer.c hrtimer_run_queues */
export function hrtimerRunQueues(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  if (base.hresActive !== 0) return;
  lockCpuBase(cpu, cpu.id);
  runDueTimers(cpu, base, hrtimerUpdateBase(cpu, base));
  unlockCpuBase(cpu, cpu.id);
}

/** Hard timers at once, soft ones by their softirq. */
function runDueTimers(cpu: KernelCpu, base: HrtimerCpuBase, now: Ns): void {
  if (now >= base.softirqExpiresNext) {
    base.softirqExpiresNext = KTIME_MAX;
    base.softirqActivated = 1;
    raiseSoftirq(cpu, SoftirqVec.Hrtimer);
  }
  hrtimerRunBases(cpu, base, now, HRTIMER_ACTIVE_HARD);
}

/** The HRTIMER softirq. @linux kernel/time/hrtimer.c hrtimer_run_softirq */
export function hrtimerRunSoftirq(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  lockCpuBase(cpu, cpu.id);
  hrtimerRunBases(cpu, base, hrtimerUpdateBase(cpu, base), HRTIMER_ACTIVE_SOFT);
  if (!cpu.decisions.keepsSoftirqActivated) base.softirqActivated = 0;
  // its timer becomes the next event even if a hard one comes at the same instant
  const next = hrtimerNextEventOf(cpu, base, HRTIMER_ACTIVE_SOFT);
  if (next !== KTIME_MAX) hrtimerReprogram(cpu, base.softirqNextTimer, true);
  unlockCpuBase(cpu, cpu.id);
}

/**
 * With the base locked; drops the lock around each callback. Only the head of a queue is looked at: who stands behind
 * one whose range has not begun waits with it.
 * @linux kernel/time/hrtimer.c __hrtimer_run_queues
 */
function hrtimerRunBases(cpu: KernelCpu, base: HrtimerCpuBase, now: Ns, mask: number): void {
  const { timers } = cpu.image;
  for (let active = base.activeBases & mask; active !== 0; active &= active - 1) {
    const index = 31 - Math.clz32(active & -active);
    const clockNow = now + base.offset(index);
    const dueUntil = cpu.decisions.runsTimersEarly ? clockNow + EARLY_NS : clockNow;
    for (let timer = base.root(index); timer !== NONE; timer = base.root(index)) {
      if (timers[timer]!.softexpires > dueUntil) break;
      runHrtimer(cpu, base, index, cpu.decisions.runsSecondTimer ? secondIfDue(timers, timer, clockNow) : timer, clockNow);
    }
  }
}

/** The planted fault: whoever stands behind the first one may be due too. */
function secondIfDue(timers: readonly Hrtimer[], first: TimerId, clockNow: Ns): TimerId {
  const second = timers[first]!.left;
  return second !== NONE && timers[second]!.softexpires <= clockNow ? second : first;
}

/** One timer. `seq` moves between what `hrtimerActive` looks at. @linux kernel/time/hrtimer.c __run_hrtimer */
function runHrtimer(cpu: KernelCpu, base: HrtimerCpuBase, index: number, timer: TimerId, clockNow: Ns): void {
  const { arch } = cpu;
  const record = cpu.image.timers[timer]!;
  const clockBase = cpu.id * HRTIMER_MAX_CLOCK_BASES + index;
  base.setRunning(index, timer);
  barrier(cpu, base, index);
  takeOut(cpu, timer, record, clockBase, HrtimerState.Inactive);
  unlockCpuBase(cpu, cpu.id);
  arch.trace6(Event.hrtimer_expire_entry, timer, record.function, clockNow, record.expires, record.softexpires);
  arch.spend(Path.HrtimerExpire);
  const restart = cpu.hrtimerFunctions[record.function]!(cpu, record, timer);
  arch.trace(Event.hrtimer_expire_exit, timer);
  lockCpuBase(cpu, cpu.id);
  // somebody may have started it meanwhile
  if (restart && record.state === HrtimerState.Inactive) enqueueHrtimer(cpu, timer, record, clockBase, HrtimerMode.Abs);
  barrier(cpu, base, index);
  base.setRunning(index, NONE);
}

/** Whoever looks at the timer without the lock shall look again. @linux include/linux/seqlock.h raw_write_seqcount_barrier */
function barrier(cpu: KernelCpu, base: HrtimerCpuBase, index: number): void {
  if (!cpu.decisions.skipsRunningBarrier) base.setSeq(index, (base.seq(index) + 2) | 0);
}

/** High resolution begins: from now on the device is armed for each timer. @linux kernel/time/hrtimer.c hrtimer_switch_to_hres */
export function hrtimerSwitchToHres(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  lockCpuBase(cpu, cpu.id);
  base.hresActive = 1;
  hrtimerUpdateBase(cpu, base);
  // the tick's own timer comes in a moment; what low resolution left in expiresNext must not hide it
  if (base.activeBases === 0) base.expiresNext = KTIME_MAX;
  else hrtimerForceReprogram(cpu, false);
  unlockCpuBase(cpu, cpu.id);
}

/**
 * When a CPU in low resolution that stops its tick must look again: KTIME_MAX in high resolution, where the device knows.
 * @linux kernel/time/hrtimer.c hrtimer_get_next_event
 */
export function hrtimerGetNextEvent(cpu: KernelCpu): Ns {
  const base = cpu.hrtimers;
  if (base.hresActive !== 0) return KTIME_MAX;
  lockCpuBase(cpu, cpu.id);
  const next = hrtimerUpdateNextEvent(cpu, base);
  unlockCpuBase(cpu, cpu.id);
  return next;
}
