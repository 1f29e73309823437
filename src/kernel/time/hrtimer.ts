/**
 * High resolution timers: start, cancel, move forward. Each CPU has eight queues ordered by hard expiry, one for
 * each clock and again one for each where a softirq expires them; in high resolution mode its event device is armed for the
 * first of all, before that the tick looks whether any is due (`hrtimer-interrupt.ts`).
 *
 * A timer may fire anywhere in [softexpires, expires]: the device is armed for `expires` of the
 * first, and whoever is found at the head with `softexpires` behind it goes along.
 */
import { KernelBug } from '../../../shared/assert.ts';
import type { ClockId } from '../../../shared/structs/timekeeper.ts';
import { Event } from '../../../shared/events.ts';
import {
  HRTIMER_MAX_CLOCK_BASES, HrtimerBase, HrtimerMode, HrtimerState, type Hrtimer, type HrtimerCpuBase, type HrtimerFunction,
} from '../../../shared/structs/hrtimer.ts';
import { IrqWork } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NONE, type CpuId, type Ns, type TimerId } from '../../../shared/units.ts';
import { irqWorkQueueOn } from '../irq/irq-work.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { hrtimerForceReprogram, hrtimerReprogram, lockCpuBase, lockHrtimerBase, unlockCpuBase } from './hrtimer-base.ts';
import { baseOfClock, hrtimerClockNow } from './hrtimer-clock.ts';
import { switchHrtimerBase } from './hrtimer-migrate.ts';
import { cpuOfBase, indexOfBase, timerqueueAdd, timerqueueDel } from './hrtimer-queue.ts';

/** A CPU comes up with empty queues. @linux kernel/time/hrtimer.c hrtimers_cpu_starting */
export function hrtimersCpuStarting(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  lockCpuBase(cpu, cpu.id);
  base.expiresNext = KTIME_MAX;
  base.softirqExpiresNext = KTIME_MAX;
  base.nextTimer = NONE;
  base.softirqNextTimer = NONE;
  base.activeBases = 0;
  // no step of a clock has this number, so the first look learns the offsets
  base.clockWasSetSeq = -1;
  base.hresActive = 0;
  base.hangDetected = 0;
  base.softirqActivated = 0;
  for (let index = 0; index < HRTIMER_MAX_CLOCK_BASES; index++) {
    base.setRoot(index, NONE);
    base.setRunning(index, NONE);
  }
  base.online = 1;
  unlockCpuBase(cpu, cpu.id);
}

/**
 * What the timer calls and for whom, on which clock, and whether a softirq expires it. It is nobody's before.
 * A relative timer on CLOCK_REALTIME is one on CLOCK_MONOTONIC: a sleep does not follow steps of the wall clock.
 * @linux kernel/time/hrtimer.c hrtimer_init
 */
export function hrtimerInit(cpu: KernelCpu, timer: TimerId, clock: ClockId, mode: number, fn: HrtimerFunction, data: number): void {
  const record = cpu.image.timers[timer]!;
  if (record.state !== HrtimerState.Inactive) throw new KernelBug(`timer ${timer} is made anew while it is queued`);
  cpu.memory.handOver(record.base, cpu.id);
  const index = baseOfClock(cpu, clock, mode);
  record.clockBase = cpu.id * HRTIMER_MAX_CLOCK_BASES + index;
  record.flags = mode & (HrtimerMode.Soft | HrtimerMode.Hard);
  record.function = fn;
  record.data = data;
  cpu.arch.trace6(Event.hrtimer_init, timer, clock, mode);
}

/**
 * Queues the timer to fire in [softexpires, expires] of its clock; with REL both count from now. Where it is queued:
 * here if it is PINNED, or is this CPU's next event already, or its callback runs here; else on the CPU that is to
 * take timers (`hrtimer-migrate.ts`).
 * @linux kernel/time/hrtimer.c hrtimer_start_range_ns
 */
export function hrtimerStart(cpu: KernelCpu, timer: TimerId, softexpires: Ns, expires: Ns, mode: number): void {
  const record = cpu.image.timers[timer]!;
  if (((mode ^ record.flags) & HrtimerMode.Soft) !== 0) throw new KernelBug(`timer ${timer} is made for another kind of base`);
  const old = lockHrtimerBase(cpu, record);
  const mine = cpu.hrtimers;
  // to take the next event out and put it back would arm the device twice
  const staysHere = cpuOfBase(old) === cpu.id && mine.nextTimer === timer && mine.online !== 0;
  removeHrtimer(cpu, timer, record, old, true, staysHere);
  const start = (mode & HrtimerMode.Rel) !== 0 ? hrtimerClockNow(cpu, indexOfBase(old)) : 0;
  record.softexpires = Math.min(softexpires + start, KTIME_MAX);
  record.expires = Math.min(expires + start, KTIME_MAX);
  const clockBase = staysHere ? old : switchHrtimerBase(cpu, timer, record, old, mode);
  const isFirst = enqueueHrtimer(cpu, timer, record, clockBase, mode);
  if (staysHere) hrtimerForceReprogram(cpu, true);
  else if (isFirst) hrtimerReprogram(cpu, timer, true);
  unlockCpuBase(cpu, cpuOfBase(clockBase));
  if (isFirst) kickTickless(cpu, cpuOfBase(clockBase));
}

/**
 * In low resolution the tick finds it, and where ticks are off none may come: the way out of an interrupt to itself looks.
 * @linux kernel/sched/core.c wake_up_full_nohz_cpu
 */
function kickTickless(cpu: KernelCpu, target: CpuId): void {
  if (cpu.config.tickOff[target] !== true || cpu.image.hrtimerBases[target]!.hresActive !== 0) return;
  irqWorkQueueOn(cpu, IrqWork.NohzFullKick, target);
}

/** Starts it again for the range that its record says. @linux include/linux/hrtimer.h hrtimer_restart */
export function hrtimerRestart(cpu: KernelCpu, timer: TimerId): void {
  const { softexpires, expires, flags } = cpu.image.timers[timer]!;
  hrtimerStart(cpu, timer, softexpires, expires, HrtimerMode.Abs | (flags & HrtimerMode.Soft));
}

/** @linux kernel/time/hrtimer.c enqueue_hrtimer */
export function enqueueHrtimer(cpu: KernelCpu, timer: TimerId, record: Hrtimer, clockBase: number, mode: number): boolean {
  const base = cpu.image.hrtimerBases[cpuOfBase(clockBase)]!;
  cpu.arch.trace6(Event.hrtimer_start, timer, record.function, record.expires, record.softexpires, mode, clockBase);
  base.activeBases |= 1 << indexOfBase(clockBase);
  record.state = HrtimerState.Enqueued;
  return timerqueueAdd(cpu.image, clockBase, timer);
}

/**
 * With its base locked. A timer that is queued again in a moment stays Enqueued for those who only look. If it was
 * this CPU's next event the device is armed for the one after it; another CPU's device stays as it is, and finds nothing.
 */
function removeHrtimer(cpu: KernelCpu, timer: TimerId, record: Hrtimer, clockBase: number, restarts: boolean, staysHere: boolean): boolean {
  if (record.state === HrtimerState.Inactive) return false;
  // recorded 6.1 and 6.12 say of a timer that is started again only that
  if (!restarts) cpu.arch.trace(Event.hrtimer_cancel, timer);
  if (!restarts && cpu.decisions.forgetsCancelled) return true;
  takeOut(cpu, timer, record, clockBase, restarts ? HrtimerState.Enqueued : HrtimerState.Inactive);
  if (cpuOfBase(clockBase) === cpu.id && !staysHere && cpu.hrtimers.nextTimer === timer) hrtimerForceReprogram(cpu, true);
  return true;
}

/** @linux kernel/time/hrtimer.c __remove_hrtimer */
export function takeOut(cpu: KernelCpu, timer: TimerId, record: Hrtimer, clockBase: number, state: HrtimerState): void {
  const base = cpu.image.hrtimerBases[cpuOfBase(clockBase)]!;
  record.state = state;
  if (!timerqueueDel(cpu.image, clockBase, timer)) base.activeBases &= ~(1 << indexOfBase(clockBase));
}

/** What `hrtimerTryToCancel` found. @linux kernel/time/hrtimer.c hrtimer_try_to_cancel */
export const Cancelled = { Running: -1, Inactive: 0, Queued: 1 } as const;

/** Takes the timer out, unless its callback executes. @linux kernel/time/hrtimer.c hrtimer_try_to_cancel */
export function hrtimerTryToCancel(cpu: KernelCpu, timer: TimerId): number {
  const record = cpu.image.timers[timer]!;
  if (!hrtimerActive(cpu, timer)) return Cancelled.Inactive;
  const clockBase = lockHrtimerBase(cpu, record);
  let found: number = Cancelled.Running;
  if (!callbackRuns(cpu, timer, clockBase)) {
    found = removeHrtimer(cpu, timer, record, clockBase, false, false) ? Cancelled.Queued : Cancelled.Inactive;
  }
  unlockCpuBase(cpu, cpuOfBase(clockBase));
  return found;
}

/**
 * Takes the timer out and waits until its callback, if it executes on another CPU, is over. True: it was queued.
 * @linux kernel/time/hrtimer.c hrtimer_cancel
 */
export function hrtimerCancel(cpu: KernelCpu, timer: TimerId): boolean {
  for (;;) {
    const found = hrtimerTryToCancel(cpu, timer);
    if (found !== Cancelled.Running) return found === Cancelled.Queued;
    if (runsHere(cpu.hrtimers, timer)) throw new KernelBug(`the callback of timer ${timer} waits for its own end`);
    hrtimerCancelWaitRunning(cpu, timer);
  }
}

/**
 * Spins until the timer's callback on another CPU is over. It may be queued again then.
 * @linux kernel/time/hrtimer.c hrtimer_cancel_wait_running
 */
export function hrtimerCancelWaitRunning(cpu: KernelCpu, timer: TimerId): void {
  const record = cpu.image.timers[timer]!;
  for (;;) {
    const { clockBase } = record;
    if (clockBase >= 0 && !callbackRuns(cpu, timer, clockBase)) return;
    cpu.memory.relax();
  }
}

/**
 * Whether the timer is queued or its callback executes. It never says no in between, without a lock:
 *
 *      CPU 0 (interrupt)                      CPU 1 (asks)
 *                                             seq 4; state Enqueued? not yet asked
 *      running = T
 *      seq 4 -> 6
 *      state = Inactive                       state Inactive
 *        callback
 *      state = Enqueued
 *      seq 6 -> 8
 *      running = none                         running is not T
 *                                             seq is 8, not 4: looks again
 *
 * @linux kernel/time/hrtimer.c hrtimer_active
 */
export function hrtimerActive(cpu: KernelCpu, timer: TimerId): boolean {
  const record = cpu.image.timers[timer]!;
  for (;;) {
    const clockBase = record.clockBase;
    // on its way from base to base it is queued
    if (clockBase < 0) return true;
    const base = cpu.image.hrtimerBases[cpuOfBase(clockBase)]!;
    const seq = base.seq(indexOfBase(clockBase));
    if (record.state !== HrtimerState.Inactive || base.running(indexOfBase(clockBase)) === timer) return true;
    if (base.seq(indexOfBase(clockBase)) === seq && record.clockBase === clockBase) return false;
  }
}

/** @linux kernel/time/hrtimer.c hrtimer_callback_running */
function callbackRuns(cpu: KernelCpu, timer: TimerId, clockBase: number): boolean {
  return cpu.image.hrtimerBases[cpuOfBase(clockBase)]!.running(indexOfBase(clockBase)) === timer;
}

function runsHere(base: HrtimerCpuBase, timer: TimerId): boolean {
  for (let index: number = HrtimerBase.Monotonic; index < HRTIMER_MAX_CLOCK_BASES; index++) if (base.running(index) === timer) return true;
  return false;
}

/**
 * Moves both ends forward by whole intervals past `now`, a time of the timer's clock; returns how many. The timer
 * is not queued.
 * @linux kernel/time/hrtimer.c hrtimer_forward
 */
export function hrtimerForward(timer: Hrtimer, now: Ns, interval: Ns): number {
  const expires = timer.expires;
  const late = now - expires;
  if (late < 0) return 0;
  const overruns = Math.floor(late / interval) + 1;
  timer.softexpires += overruns * interval;
  timer.expires = expires + overruns * interval;
  return overruns;
}

/**
 * The same up to the present instant of the timer's clock. In low resolution no interval is shorter than a tick: whoever
 * asks for one has no overruns.
 * @linux include/linux/hrtimer.h hrtimer_forward_now
 */
export function hrtimerForwardNow(cpu: KernelCpu, timer: Hrtimer, interval: Ns): number {
  const resolution = cpu.hrtimers.hresActive !== 0 ? 1 : cpu.config.tickNs;
  return hrtimerForward(timer, hrtimerClockNow(cpu, indexOfBase(timer.clockBase)), Math.max(interval, resolution));
}

/** How long until it expires, 0 or less when that is over. @linux kernel/time/hrtimer.c __hrtimer_get_remaining */
export function hrtimerGetRemaining(cpu: KernelCpu, timer: TimerId): Ns {
  const record = cpu.image.timers[timer]!;
  const clockBase = lockHrtimerBase(cpu, record);
  const remaining = record.expires - hrtimerClockNow(cpu, indexOfBase(clockBase));
  unlockCpuBase(cpu, cpuOfBase(clockBase));
  return remaining;
}
