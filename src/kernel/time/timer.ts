/**
 * The timer wheel: timers in jiffies, run by the TIMER softirq of the CPU that they were put on. Two
 * wheels a CPU: one must be served in time, the other (deferrable) whenever the CPU is awake.
 *
 * A CPU that goes to sleep without a tick decides under the lock of its wheel, so that a timer from
 * another CPU is either seen before, or finds `isIdle` and sends for the sleeper:
 *
 *      CPU 0 (puts T on CPU 1's wheel)        CPU 1 (goes to sleep)
 *      lock
 *                                             lock: waits
 *        T is the first: nextExpiry
 *        isIdle is 0
 *      unlock
 *                                               the first is T; far away: isIdle = 1
 *                                             unlock; the device is armed for T
 *
 * While functions run, the wheel's clock is one ahead of the jiffy that they are run for: a timer that one
 * of them puts up for now comes with the next jiffy, and no loop is endless.
 */
import { assert } from '../../../shared/assert.ts';
import { Event } from '../../../shared/events.ts';
import { SoftirqVec } from '../../../shared/structs/cpu.ts';
import {
  FIRST_OF, LVL_SIZE, TIMER_CPUMASK, TIMER_MIGRATING, TIMER_PINNED, TimerBaseKind, TimerFunction, UNLINKED, WHEEL_SIZE, WheelOp,
  type TimerBase, type TimerList,
} from '../../../shared/structs/timer.ts';
import { KTIME_MAX, NONE, type CpuId, type Jiffies, type Ns, type TaskId } from '../../../shared/units.ts';
import { timeoutTimerOf } from '../image.ts';
import { Path } from '../arch.ts';
import { raiseSoftirq } from '../irq/softirq.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { getNohzTimerTarget, timersMigrate } from '../sched/nohz-target.ts';
import { hrtimerRunQueues } from './hrtimer-interrupt.ts';
import {
  baseIndex, baseIndexOf, bucketFor, detachTimer, enqueueTimer, forwardTimerBase, lockBase, lockTimerBase, recalcNextExpiry, timerPending,
  traceWheel, unlockBase,
} from './timer-base.ts';

/** What the timer calls, for whom, and its TIMER_* bits. It is on this CPU, and not queued. @linux kernel/time/timer.c timer_init_key */
export function timerSetup(cpu: KernelCpu, timer: number, fn: TimerFunction, data: number, bits = 0): void {
  const record = cpu.image.timerLists[timer]!;
  record.prev = UNLINKED;
  record.next = NONE;
  record.function = fn;
  record.data = data;
  record.flags = cpu.id | bits;
  cpu.arch.trace(Event.timer_init, timer);
}

/**
 * Queues the timer anew, to be run behind jiffy `expires`. Returns whether it was queued.
 * @linux kernel/time/timer.c __mod_timer
 */
export function modTimer(cpu: KernelCpu, timer: number, expires: Jiffies): boolean {
  const record = cpu.image.timerLists[timer]!;
  const wasPending = timerPending(record);
  if (wasPending && record.expires === expires) return true;
  let index = lockTimerBase(cpu, record);
  const { jiffies } = cpu.image.jiffies;
  forwardTimerBase(cpu, index, jiffies);
  if (timerPending(record) && bucketFor(cpu, cpu.image.timerBases[index]!, expires) === record.bucket) {
    record.expires = expires;
    unlockBase(cpu, index);
    return true;
  }
  const detached = detachIfPending(cpu, index, timer, jiffies);
  index = moveTo(cpu, timer, index, targetOf(cpu, record), jiffies);
  record.expires = expires;
  const { changesWheelUnlocked } = cpu.decisions;
  if (changesWheelUnlocked) unlockBase(cpu, index);
  enqueueTimer(cpu, index, timer, jiffies);
  if (!changesWheelUnlocked) unlockBase(cpu, index);
  return detached;
}

/** The CPU for a timer that is put up here. @linux kernel/time/timer.c get_target_base */
function targetOf(cpu: KernelCpu, { flags }: TimerList): CpuId {
  const pushed = cpu.config.version.pushesWheelTimers && (flags & TIMER_PINNED) === 0 && timersMigrate(cpu);
  return pushed ? getNohzTimerTarget(cpu) : cpu.id;
}

/** Queues a timer that is not queued, on this CPU. @linux kernel/time/timer.c add_timer */
export function addTimer(cpu: KernelCpu, timer: number, expires: Jiffies): void {
  modTimer(cpu, timer, expires);
}

/**
 * The same on another CPU, which is woken if it sleeps longer than that.
 * @linux kernel/time/timer.c add_timer_on
 */
export function addTimerOn(cpu: KernelCpu, timer: number, target: CpuId, expires: Jiffies): void {
  const record = cpu.image.timerLists[timer]!;
  const locked = lockTimerBase(cpu, record);
  const { jiffies } = cpu.image.jiffies;
  // its own function may put it on another CPU: nobody else touches it then
  const index = moveTo(cpu, timer, locked, target, jiffies, true);
  forwardTimerBase(cpu, index, jiffies);
  record.expires = expires;
  enqueueTimer(cpu, index, timer, jiffies);
  unlockBase(cpu, index);
}

/**
 * With base `index` locked and the timer in no list: makes `target` its CPU, unless its function executes
 * (`running`: even then).
 * Returns the base that is locked then, its clock up to date.
 */
function moveTo(cpu: KernelCpu, timer: number, index: number, target: CpuId, jiffies: Jiffies, running = false): number {
  const { timerBases, timerLists } = cpu.image;
  const record = timerLists[timer]!;
  const { flags } = record;
  const moved = (flags & ~TIMER_CPUMASK) | target;
  const to = baseIndexOf(moved);
  if (to === index || (!running && timerBases[index]!.running === timer)) return index;
  record.flags = flags | TIMER_MIGRATING;
  unlockBase(cpu, index);
  lockBase(cpu, to);
  record.flags = moved;
  forwardTimerBase(cpu, to, jiffies);
  return to;
}

/** Whether it was queued; it may execute just now. @linux kernel/time/timer.c timer_delete */
export function timerDelete(cpu: KernelCpu, timer: number): boolean {
  const record = cpu.image.timerLists[timer]!;
  if (!timerPending(record)) return false;
  const index = lockTimerBase(cpu, record);
  const detached = detachIfPending(cpu, index, timer, cpu.image.jiffies.jiffies);
  unlockBase(cpu, index);
  return detached;
}

/**
 * The same, if the timer's function does not execute: 1 it was queued, 0 it was not, -1 it executes, and the
 * caller comes back later.
 * @linux kernel/time/timer.c try_to_del_timer_sync
 */
export function tryToDelTimerSync(cpu: KernelCpu, timer: number): number {
  const index = lockTimerBase(cpu, cpu.image.timerLists[timer]!);
  const { jiffies } = cpu.image.jiffies;
  const executes = cpu.image.timerBases[index]!.running === timer && !cpu.decisions.deletesRunningTimer;
  const detached = !executes && detachIfPending(cpu, index, timer, jiffies);
  if (!executes) traceWheel(cpu, index, WheelOp.DeletedSync, timer, jiffies);
  unlockBase(cpu, index);
  return executes ? -1 : Number(detached);
}

/** @linux kernel/time/timer.c detach_if_pending */
function detachIfPending(cpu: KernelCpu, index: number, timer: number, jiffies: Jiffies): boolean {
  const record = cpu.image.timerLists[timer]!;
  if (!timerPending(record)) return false;
  detachTimer(cpu, index, timer, WheelOp.Detach, jiffies);
  cpu.arch.trace(Event.timer_cancel, timer);
  return true;
}

/**
 * The running task, which has said that it sleeps, is woken after so many jiffies, at least; the caller schedules, and then
 * deletes the timer for good.
 * @linux kernel/time/sleep_timeout.c schedule_timeout
 */
export function scheduleTimeout(cpu: KernelCpu, task: TaskId, timeout: Jiffies): void {
  const timer = timeoutTimerOf(task);
  timerSetup(cpu, timer, TimerFunction.ProcessTimeout, task);
  addTimer(cpu, timer, cpu.image.jiffies.jiffies + timeout);
}

/** The tick's look at both kinds of timers: hrtimers while it polls them, and the wheels. @linux kernel/time/timer.c run_local_timers */
export function runLocalTimers(cpu: KernelCpu): void {
  hrtimerRunQueues(cpu);
  const { jiffies } = cpu.image.jiffies;
  const { timerBases } = cpu.image;
  const due = jiffies >= timerBases[baseIndex(cpu.id, TimerBaseKind.Std)]!.nextExpiry
    || jiffies >= timerBases[baseIndex(cpu.id, TimerBaseKind.Def)]!.nextExpiry;
  if (due && !(cpu.decisions.wheelWaitsForBusy && cpu.curr === cpu.idle)) raiseSoftirq(cpu, SoftirqVec.Timer);
}

/** @linux kernel/time/timer.c run_timer_softirq */
export function runTimerSoftirq(cpu: KernelCpu): void {
  runTimers(cpu, baseIndex(cpu.id, TimerBaseKind.Std));
  runTimers(cpu, baseIndex(cpu.id, TimerBaseKind.Def));
}

/** @linux kernel/time/timer.c __run_timers */
function runTimers(cpu: KernelCpu, index: number): void {
  const page = cpu.image.jiffies;
  const base = cpu.image.timerBases[index]!;
  if (page.jiffies < base.nextExpiry) return;
  lockBase(cpu, index);
  while (page.jiffies >= base.clk && page.jiffies >= base.nextExpiry) {
    const levels = collectExpiredTimers(cpu, base);
    base.clk += 1;
    recalcNextExpiry(cpu, index, page.jiffies);
    for (let level = levels - 1; level >= 0; level--) expireTimers(cpu, index, level);
  }
  unlockBase(cpu, index);
}

/**
 * The lists of all buckets that are due now become those that are being run. Returns up to which level
 * there may be such: a coarser one is due only where the finer one's clock comes around.
 * @linux kernel/time/timer.c collect_expired_timers
 */
function collectExpiredTimers(cpu: KernelCpu, base: TimerBase): number {
  const { depth, origin } = cpu.wheel;
  base.clk = base.nextExpiry;
  let clock = base.clk + origin;
  let level = 0;
  for (; level < depth; level++) {
    takeBucket(cpu, base, LVL_SIZE * level + (clock % LVL_SIZE), level);
    if (clock % 8 !== 0) return level + 1;
    clock /= 8;
  }
  return level;
}

function takeBucket(cpu: KernelCpu, base: TimerBase, bucket: number, level: number): void {
  const first = base.first(bucket);
  if (first === NONE) return;
  base.setFirst(bucket, NONE);
  base.setPendingMap(bucket >> 5, base.pendingMap(bucket >> 5) & ~(1 << (bucket & 31)));
  base.setFirst(WHEEL_SIZE + level, first);
  cpu.image.timerLists[first]!.prev = FIRST_OF - (WHEEL_SIZE + level);
}

/** Base locked; the lock is dropped around each function. @linux kernel/time/timer.c expire_timers */
function expireTimers(cpu: KernelCpu, index: number, level: number): void {
  const { image } = cpu;
  const base = image.timerBases[index]!;
  const baseclk = base.clk - 1;
  for (let timer = base.first(WHEEL_SIZE + level); timer !== NONE; timer = base.first(WHEEL_SIZE + level)) {
    const record = image.timerLists[timer]!;
    base.running = timer;
    detachTimer(cpu, index, timer, WheelOp.Expire, image.jiffies.jiffies);
    cpu.arch.trace(Event.timer_cancel, timer);
    const { function: fn, data } = record;
    unlockBase(cpu, index);
    callTimerFn(cpu, timer, fn, data, baseclk);
    lockBase(cpu, index);
    base.running = NONE;
    traceWheel(cpu, index, WheelOp.Done, timer, image.jiffies.jiffies);
  }
}

/** Outside the lock, so that the function may put timers up. @linux kernel/time/timer.c call_timer_fn */
function callTimerFn(cpu: KernelCpu, timer: number, fn: TimerFunction, data: number, baseclk: Jiffies): void {
  const { arch, state } = cpu;
  const { preemptCount } = state;
  arch.trace6(Event.timer_expire_entry, timer, fn, cpu.image.jiffies.jiffies, baseclk);
  arch.spend(Path.TimerExpire);
  cpu.callbacks.timers[fn]!(cpu, data);
  assert(state.preemptCount === preemptCount, `timer ${timer}: its function ${fn} returns at another depth of preempt-off`);
  arch.trace(Event.timer_expire_exit, timer);
}

/**
 * The instant of the first timer that must be served in time, KTIME_MAX when there is none. `basej` and
 * `basem` are one jiffy boundary: its number and its instant.
 * @linux kernel/time/timer.c get_next_timer_interrupt
 */
export function getNextTimerInterrupt(cpu: KernelCpu, basej: Jiffies, basem: Ns): Ns {
  const index = baseIndex(cpu.id, TimerBaseKind.Std);
  lockBase(cpu, index);
  const next = fetchNextTimerInterrupt(cpu, index, basej, basem);
  unlockBase(cpu, index);
  return next;
}

/**
 * The same, and the wheel counts as idle from now on, if nothing on it is due within a tick; whether it does is
 * `isIdle`.
 * @linux kernel/time/timer.c timer_base_try_to_set_idle
 */
export function timerBaseTryToSetIdle(cpu: KernelCpu, basej: Jiffies, basem: Ns): Ns {
  const index = baseIndex(cpu.id, TimerBaseKind.Std);
  const base = lockBase(cpu, index);
  const next = fetchNextTimerInterrupt(cpu, index, basej, basem);
  if (next - basem > cpu.config.tickNs) base.isIdle = 1;
  unlockBase(cpu, index);
  return next;
}

/** Base locked. @linux kernel/time/timer.c fetch_next_timer_interrupt */
function fetchNextTimerInterrupt(cpu: KernelCpu, index: number, basej: Jiffies, basem: Ns): Ns {
  const base = cpu.image.timerBases[index]!;
  if (base.nextExpiryRecalc !== 0) recalcNextExpiry(cpu, index, basej);
  const { nextExpiry } = base;
  forwardTimerBase(cpu, index, basej);
  if (base.timersPending === 0) return KTIME_MAX;
  return basem + Math.max(0, nextExpiry - basej) * cpu.config.tickNs;
}

/** Whether a timer put on this CPU's wheel by somebody else wakes it. @linux kernel/time/timer.c timer_base.is_idle */
export const timerBaseIsIdle = (cpu: KernelCpu): boolean => cpu.image.timerBases[baseIndex(cpu.id, TimerBaseKind.Std)]!.isIdle !== 0;

/** The tick runs again. @linux kernel/time/timer.c timer_clear_idle */
export function timerClearIdle(cpu: KernelCpu): void {
  // without the lock: at worst somebody sends for a CPU that is awake
  cpu.image.timerBases[baseIndex(cpu.id, TimerBaseKind.Std)]!.isIdle = 0;
}
