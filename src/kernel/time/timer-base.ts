/**
 * A wheel's lists and its lock. Any CPU may put a timer on any CPU's wheel, move it or take it out, under
 * the base's lock; only the wheel's own CPU runs it (`timer.ts`).
 *
 * A timer says itself on which base it is. Whoever moves it marks it while neither base is its own:
 *
 *      CPU 0 (moves T from base 0 to base 1)     CPU 1 (wants T's base)
 *      base 0 locked: T out of its list
 *      T.flags = 0 | MIGRATING
 *      unlock
 *                                                T.flags: migrating, waits
 *      lock base 1
 *      T.flags = 1; T in a list of base 1
 *      unlock
 *                                                T.flags is 1; lock base 1; still 1: it is T's
 */
import { Event } from '../../../shared/events.ts';
import { LockClass } from '../../../shared/lock-order.ts';
import {
  FIRST_OF, NR_TIMER_BASES, TIMER_ARRAYSHIFT, TIMER_CPUMASK, TIMER_DEFERRABLE, TIMER_LISTS, TIMER_MIGRATING, TimerBaseKind, UNLINKED,
  WHEEL_SIZE, WheelOp, type TimerBase, type TimerList,
} from '../../../shared/structs/timer.ts';
import { NONE, type CpuId, type Jiffies } from '../../../shared/units.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from '../locking/lock.ts';
import { wakeUpNohzCpu } from '../sched/core.ts';
import { NEXT_TIMER_MAX_DELTA, bucketExpiry, bucketOf, levelFor, nextBucketExpiry } from './timer-wheel.ts';

/** Which of the machine's wheels. @linux kernel/time/timer.c get_timer_cpu_base */
export const baseIndex = (cpu: CpuId, kind: TimerBaseKind): number => NR_TIMER_BASES * cpu + kind;

/** The wheel that a timer's flags name. @linux kernel/time/timer.c get_timer_base */
export function baseIndexOf(flags: number): number {
  return baseIndex(flags & TIMER_CPUMASK, (flags & TIMER_DEFERRABLE) === 0 ? TimerBaseKind.Std : TimerBaseKind.Def);
}

/** @linux include/linux/timer.h timer_pending */
export const timerPending = (timer: TimerList): boolean => timer.prev !== UNLINKED;

/** The base's lock; returns the base. @linux kernel/time/timer.c timer_base.lock */
export function lockBase(cpu: KernelCpu, index: number): TimerBase {
  const base = cpu.image.timerBases[index]!;
  spinLock(cpu, base.lock, LockClass.TimerBase, index);
  return base;
}

/** @linux kernel/time/timer.c timer_base.lock */
export function unlockBase(cpu: KernelCpu, index: number): void {
  spinUnlock(cpu, cpu.image.timerBases[index]!.lock, LockClass.TimerBase, index);
}

/** Locks the base on which the timer is, wherever it goes meanwhile; returns its number. @linux kernel/time/timer.c lock_timer_base */
export function lockTimerBase(cpu: KernelCpu, timer: TimerList): number {
  for (;;) {
    const { flags } = timer;
    if ((flags & TIMER_MIGRATING) !== 0) {
      cpu.memory.relax();
      continue;
    }
    const index = baseIndexOf(flags);
    lockBase(cpu, index);
    if (timer.flags === flags) return index;
    unlockBase(cpu, index);
  }
}

/** Boot: no timer is in any list. @linux kernel/time/timer.c init_timers */
export function initTimers(cpu: KernelCpu): void {
  for (const timer of cpu.image.timerLists) timer.prev = UNLINKED;
  for (let target = 0; target < cpu.image.map.shape.cpus; target++) timersPrepareCpu(cpu, target);
}

/** A CPU's wheels begin empty, at this jiffy. @linux kernel/time/timer.c timers_prepare_cpu */
function timersPrepareCpu(cpu: KernelCpu, target: CpuId): void {
  for (let kind = 0; kind < NR_TIMER_BASES; kind++) {
    const index = baseIndex(target, kind as TimerBaseKind);
    const base = lockBase(cpu, index);
    base.running = NONE;
    base.clk = cpu.image.jiffies.jiffies;
    base.nextExpiry = base.clk + NEXT_TIMER_MAX_DELTA;
    base.nextExpiryRecalc = 0;
    base.timersPending = 0;
    base.isIdle = 0;
    for (let list = 0; list < TIMER_LISTS; list++) base.setFirst(list, NONE);
    unlockBase(cpu, index);
  }
}

/**
 * A wheel that nobody has run for long has an old clock, by which a near timer would come on a coarse
 * level. Never back, and never past a bucket that is still to be run. Base locked.
 * @linux kernel/time/timer.c forward_timer_base
 */
export function forwardTimerBase(cpu: KernelCpu, index: number, jiffies: Jiffies): void {
  const base = cpu.image.timerBases[index]!;
  const { clk } = base;
  const { keepsWheelClock, rewindsWheelClock } = cpu.decisions;
  const to = rewindsWheelClock ? jiffies : Math.max(clk, Math.min(jiffies, base.nextExpiry));
  if (to === clk || keepsWheelClock) return;
  base.clk = to;
  traceWheel(cpu, index, WheelOp.Forward, NONE, jiffies);
}

/** Looks for the first bucket that is due. Base locked. @linux kernel/time/timer.c timer_recalc_next_expiry */
export function recalcNextExpiry(cpu: KernelCpu, index: number, jiffies: Jiffies): void {
  const base = cpu.image.timerBases[index]!;
  const next = nextBucketExpiry(base, cpu.wheel);
  base.nextExpiry = next;
  base.nextExpiryRecalc = 0;
  base.timersPending = next === base.clk + NEXT_TIMER_MAX_DELTA ? 0 : 1;
  traceWheel(cpu, index, WheelOp.Recalc, NONE, jiffies);
}

/**
 * Puts a timer whose `expires` is set into its bucket; the last to come is the first to run. If it is
 * due before all others, a CPU that sleeps without a tick must be told. Base locked.
 * @linux kernel/time/timer.c enqueue_timer
 */
export function enqueueTimer(cpu: KernelCpu, index: number, number: number, jiffies: Jiffies): void {
  const { image, wheel } = cpu;
  const base = image.timerBases[index]!;
  const timer = image.timerLists[number]!;
  const { clk } = base;
  const { expires } = timer;
  const level = levelFor(expires - clk, wheel.depth);
  const expiry = bucketExpiry(expires, clk, level, wheel);
  const bucket = bucketOf(expiry, level, wheel);
  linkFirst(cpu, base, number, timer, bucket);
  base.setPendingMap(bucket >> 5, base.pendingMap(bucket >> 5) | (1 << (bucket & 31)));
  timer.bucket = bucket;
  const flags = timer.flags + bucket * 2 ** TIMER_ARRAYSHIFT;
  cpu.arch.trace6(Event.timer_start, number, timer.function, expires, expiry, jiffies, flags);
  const isFirst = expiry < base.nextExpiry;
  if (isFirst) {
    base.nextExpiry = expiry;
    base.timersPending = 1;
    base.nextExpiryRecalc = 0;
  }
  traceWheel(cpu, index, WheelOp.Enqueue, number, jiffies, expiry);
  if (isFirst) triggerDyntickCpu(cpu, base, timer.flags);
}

/** Which bucket a timer would be put in by the base's clock as it is. @linux kernel/time/timer.c calc_wheel_index */
export function bucketFor(cpu: KernelCpu, base: TimerBase, expires: Jiffies): number {
  const level = levelFor(expires - base.clk, cpu.wheel.depth);
  return bucketOf(bucketExpiry(expires, base.clk, level, cpu.wheel), level, cpu.wheel);
}

/** @linux kernel/time/timer.c trigger_dyntick_cpu */
function triggerDyntickCpu(cpu: KernelCpu, base: TimerBase, flags: number): void {
  // what may wait until the CPU is awake does not wake it
  if ((flags & TIMER_DEFERRABLE) !== 0 || base.isIdle === 0) return;
  wakeUpNohzCpu(cpu, flags & TIMER_CPUMASK);
}

function linkFirst(cpu: KernelCpu, base: TimerBase, number: number, timer: TimerList, list: number): void {
  const second = base.first(list);
  timer.next = second;
  timer.prev = FIRST_OF - list;
  if (second !== NONE) cpu.image.timerLists[second]!.prev = number;
  base.setFirst(list, number);
}

/** Takes a queued timer out. Base locked. @linux kernel/time/timer.c detach_timer */
export function detachTimer(cpu: KernelCpu, index: number, number: number, op: WheelOp, jiffies: Jiffies): void {
  const { timerBases, timerLists } = cpu.image;
  const base = timerBases[index]!;
  const timer = timerLists[number]!;
  const { prev, next } = timer;
  if (prev <= FIRST_OF) base.setFirst(FIRST_OF - prev, next);
  else timerLists[prev]!.next = next;
  if (next !== NONE) timerLists[next]!.prev = prev;
  timer.prev = UNLINKED;
  const emptied = prev <= FIRST_OF && next === NONE ? FIRST_OF - prev : WHEEL_SIZE;
  if (emptied < WHEEL_SIZE) unmark(base, emptied);
  traceWheel(cpu, index, op, number, jiffies);
}

function unmark(base: TimerBase, bucket: number): void {
  base.setPendingMap(bucket >> 5, base.pendingMap(bucket >> 5) & ~(1 << (bucket & 31)));
  base.nextExpiryRecalc = 1;
}

/** What was done to the base. Base locked. @dynticks Linux has no such tracepoint */
export function traceWheel(cpu: KernelCpu, index: number, op: WheelOp, number: number, jiffies: Jiffies, expiry = 0): void {
  const { fields, image } = cpu;
  const base = image.timerBases[index]!;
  base.version += 1;
  fields[0] = index;
  fields[1] = base.version;
  fields[2] = op;
  fields[3] = number;
  fields[4] = number === NONE ? 0 : image.timerLists[number]!.expires;
  fields[5] = expiry;
  fields[6] = base.clk;
  fields[7] = base.nextExpiry;
  fields[8] = base.nextExpiryRecalc;
  fields[9] = jiffies;
  cpu.arch.traceFields(Event.timer_base, fields);
}
