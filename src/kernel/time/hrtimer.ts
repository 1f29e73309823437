/**
 * High resolution timers. Each CPU has a queue ordered by hard expiry; in high resolution mode its
 * event device is armed for the first of them, before that the tick looks whether any is due.
 *
 * A timer may fire anywhere in [softexpires, expires]: the device is armed for `expires` of the
 * first, and whoever is found at the head with `softexpires` behind it goes along.
 */
import { Event } from '../../../shared/events.ts';
import { HRTIMER_HANG_MAX_NS, HRTIMER_INTERRUPT_PASSES } from '../../../shared/limits.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import type { Hrtimer, HrtimerFunction } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX, NONE, type Ns, type TimerId } from '../../../shared/units.ts';
import { Path } from '../arch.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { deviceOf, type DeviceId } from './clockevents.ts';
import { timerqueueAdd, timerqueueDel, timerqueueGetnext } from './hrtimer-queue.ts';
import { tickProgramEvent } from './tick-oneshot.ts';
import { ktimeGet } from './timekeeping.ts';

/** A CPU comes up with an empty queue. @linux kernel/time/hrtimer.c hrtimers_cpu_starting */
export function hrtimersCpuStarting(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  lockBase(cpu);
  base.expiresNext = KTIME_MAX;
  base.count = 0;
  base.hresActive = 0;
  base.hangDetected = 0;
  base.running = NONE;
  unlockBase(cpu);
}

/** What the timer calls, and for whom. @linux kernel/time/hrtimer.c hrtimer_init */
export function hrtimerInit(cpu: KernelCpu, timer: TimerId, fn: HrtimerFunction, data: number): void {
  const record = cpu.image.timers[timer]!;
  record.function = fn;
  record.data = data;
  record.heapIndex = NONE;
}

/**
 * Queues the timer on this CPU, to fire in [softexpires, expires] of CLOCK_MONOTONIC.
 * @linux kernel/time/hrtimer.c hrtimer_start_range_ns
 */
export function hrtimerStart(cpu: KernelCpu, timer: TimerId, softexpires: Ns, expires: Ns): void {
  const record = cpu.image.timers[timer]!;
  lockBase(cpu);
  if (record.heapIndex !== NONE) timerqueueDel(cpu, timer);
  record.softexpires = softexpires;
  record.expires = expires;
  enqueue(cpu, timer, record);
  if (record.heapIndex === 0) hrtimerReprogram(cpu, expires);
  unlockBase(cpu);
}

/** Whether it was queued. @linux kernel/time/hrtimer.c hrtimer_cancel */
export function hrtimerCancel(cpu: KernelCpu, timer: TimerId): boolean {
  const record = cpu.image.timers[timer]!;
  if (record.heapIndex === NONE) return false;
  lockBase(cpu);
  const wasFirst = record.heapIndex === 0;
  timerqueueDel(cpu, timer);
  cpu.arch.trace(Event.hrtimer_cancel, timer);
  if (wasFirst) hrtimerForceReprogram(cpu);
  unlockBase(cpu);
  return true;
}

/**
 * Moves `expires` forward by whole intervals past `now`; returns how many.
 * @linux kernel/time/hrtimer.c hrtimer_forward
 */
export function hrtimerForward(timer: Hrtimer, now: Ns, interval: Ns): number {
  const late = now - timer.expires;
  if (late < 0) return 0;
  const overruns = Math.floor(late / interval) + 1;
  timer.softexpires += overruns * interval;
  timer.expires += overruns * interval;
  return overruns;
}

/**
 * When the first timer expires, while the tick polls them; KTIME_MAX in high resolution.
 * @linux kernel/time/hrtimer.c hrtimer_get_next_event
 */
export function hrtimerGetNextEvent(cpu: KernelCpu): Ns {
  return cpu.hrtimers.hresActive !== 0 ? KTIME_MAX : firstExpiry(cpu);
}

/** The event device's interrupt in high resolution mode. @linux kernel/time/hrtimer.c hrtimer_interrupt */
export function hrtimerInterrupt(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  deviceOf(cpu, cpu.tick.device as DeviceId).nextEvent = KTIME_MAX;
  lockBase(cpu);
  base.nrEvents += 1;
  const entry = ktimeGet(cpu);
  let now = entry;
  for (let pass = 0; pass < HRTIMER_INTERRUPT_PASSES; pass++) {
    runDueTimers(cpu, now);
    const next = base.expiresNext;
    unlockBase(cpu);
    if (armFor(cpu, next, false)) {
      base.hangDetected = 0;
      return;
    }
    lockBase(cpu);
    now = ktimeGet(cpu);
    base.nrRetries += 1;
  }
  giveUp(cpu, entry, now);
}

/** The tick's look at the queue while the device is still periodic. @linux kernel/time/hrtimer.c hrtimer_run_queues */
export function hrtimerRunQueues(cpu: KernelCpu): void {
  if (cpu.hrtimers.hresActive !== 0) return;
  lockBase(cpu);
  runDueTimers(cpu, ktimeGet(cpu));
  unlockBase(cpu);
}

/** High resolution begins: from now on the device is armed for each timer. @linux kernel/time/hrtimer.c hrtimer_switch_to_hres */
export function hrtimerSwitchToHres(cpu: KernelCpu): void {
  lockBase(cpu);
  cpu.hrtimers.hresActive = 1;
  hrtimerForceReprogram(cpu);
  unlockBase(cpu);
}

/** With the base locked; drops the lock around each callback. @linux kernel/time/hrtimer.c __hrtimer_run_queues */
function runDueTimers(cpu: KernelCpu, now: Ns): void {
  const base = cpu.hrtimers;
  base.inHrtirq = 1;
  base.expiresNext = KTIME_MAX;
  for (let timer = timerqueueGetnext(cpu); timer !== NONE; timer = timerqueueGetnext(cpu)) {
    if (cpu.image.timers[timer]!.softexpires > now) break;
    runTimer(cpu, timer, now);
  }
  base.expiresNext = firstExpiry(cpu);
  base.inHrtirq = 0;
}

/** @linux kernel/time/hrtimer.c __run_hrtimer */
function runTimer(cpu: KernelCpu, timer: TimerId, now: Ns): void {
  const { arch, hrtimers: base } = cpu;
  const record = cpu.image.timers[timer]!;
  base.running = timer;
  timerqueueDel(cpu, timer);
  unlockBase(cpu);
  arch.trace6(Event.hrtimer_expire_entry, timer, record.function, now, record.expires, record.softexpires);
  arch.spend(Path.HrtimerExpire);
  const restart = cpu.hrtimerFunctions[record.function]!(cpu, record);
  arch.trace(Event.hrtimer_expire_exit, timer);
  lockBase(cpu);
  if (restart && record.heapIndex === NONE) enqueue(cpu, timer, record);
  base.running = NONE;
}

/** With the base locked. @linux kernel/time/hrtimer.c enqueue_hrtimer */
function enqueue(cpu: KernelCpu, timer: TimerId, record: Hrtimer): void {
  record.cpu = cpu.id;
  timerqueueAdd(cpu, timer);
  cpu.arch.trace6(Event.hrtimer_start, timer, record.function, record.expires, record.softexpires, 0);
}

/** A timer became the first: is the device armed in time? @linux kernel/time/hrtimer.c hrtimer_reprogram */
function hrtimerReprogram(cpu: KernelCpu, expires: Ns): void {
  const base = cpu.hrtimers;
  if (base.inHrtirq !== 0 || expires >= base.expiresNext) return;
  base.expiresNext = expires;
  if (base.hresActive !== 0 && base.hangDetected === 0) armFor(cpu, expires, true);
}

/** The first timer left: arm for the one that is first now. @linux kernel/time/hrtimer.c hrtimer_force_reprogram */
function hrtimerForceReprogram(cpu: KernelCpu): void {
  const base = cpu.hrtimers;
  const next = firstExpiry(cpu);
  base.expiresNext = next;
  if (base.hresActive !== 0 && base.hangDetected === 0) armFor(cpu, next, true);
}

/** Three passes did not catch up: let the machine breathe for as long as they took. */
function giveUp(cpu: KernelCpu, entry: Ns, now: Ns): void {
  const base = cpu.hrtimers;
  base.nrHangs += 1;
  base.hangDetected = 1;
  unlockBase(cpu);
  armFor(cpu, now + Math.min(now - entry, HRTIMER_HANG_MAX_NS), true);
}

function armFor(cpu: KernelCpu, expires: Ns, force: boolean): boolean {
  return tickProgramEvent(cpu, expires, force);
}

function firstExpiry(cpu: KernelCpu): Ns {
  const first = timerqueueGetnext(cpu);
  return first === NONE ? KTIME_MAX : cpu.image.timers[first]!.expires;
}

function lockBase(cpu: KernelCpu): void {
  spinLock(cpu, cpu.hrtimers.lock, LockClass.HrtimerBase, cpu.id);
}

function unlockBase(cpu: KernelCpu): void {
  spinUnlock(cpu, cpu.hrtimers.lock, LockClass.HrtimerBase, cpu.id);
}
