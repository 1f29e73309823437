import { anyWriter, long, spinlock, struct, unguarded, word, words, type ViewOf } from '../memory/struct.ts';
import type { Jiffies } from '../units.ts';

/** Buckets of one level of the wheel. @linux kernel/time/timer.c LVL_SIZE */
export const LVL_SIZE = 64;
/** Levels of the wheel where HZ is above 100; one less below. @linux kernel/time/timer.c LVL_DEPTH */
export const LVL_DEPTH_MAX = 9;
/** Buckets of the wheel. @linux kernel/time/timer.c WHEEL_SIZE */
export const WHEEL_SIZE = LVL_SIZE * LVL_DEPTH_MAX;
/** A base keeps its buckets' lists first; then, one a level, those that are just being run. */
export const TIMER_LISTS = WHEEL_SIZE + LVL_DEPTH_MAX;

/** The wheels of a CPU: what must wake it, and what may wait until it is awake. @linux kernel/time/timer.c BASE_STD, BASE_DEF */
export const TimerBaseKind = { Std: 0, Def: 1 } as const;
export type TimerBaseKind = (typeof TimerBaseKind)[keyof typeof TimerBaseKind];
export const NR_TIMER_BASES = 2;

/** One timer wheel of one CPU. @linux kernel/time/timer.c struct timer_base */
export const TimerBase = struct(
  'timer_base',
  {
    lock: spinlock('guards the wheel and the timers in it'),
    running: word('the timer whose function executes; -1 none'),
    clk: long<Jiffies>('jiffy up to which the wheel has been run'),
    nextExpiry: long<Jiffies>('first jiffy at which a bucket is due; any CPU reads it without the lock'),
    nextExpiryRecalc: word('1: nextExpiry may be too early, since a timer has left'),
    isIdle: unguarded(word('1: the CPU sleeps without a tick, and must be woken for an earlier timer')),
    timersPending: word('1: nextExpiry is that of a timer'),
    version: long('changes so far'),
    pendingMap: words(WHEEL_SIZE / 32, 'one bit a bucket: it holds timers'),
    first: words(TIMER_LISTS, 'first timer of each list; -1 empty'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type TimerBase = ViewOf<typeof TimerBase>;

/** What was done to a wheel (the event `timer_base`). */
export const WheelOp = {
  /** its clock was brought forward */
  Forward: 0,
  /** it looked for its first expiry */
  Recalc: 1,
  /** a timer was put in */
  Enqueue: 2,
  /** a timer was taken out */
  Detach: 3,
  /** a timer was taken out, and its function executes now */
  Expire: 4,
  /** that function has returned */
  Done: 5,
  /** somebody was told that the timer is not queued and its function does not execute */
  DeletedSync: 6,
} as const;
export type WheelOp = (typeof WheelOp)[keyof typeof WheelOp];

/** Functions that a wheel timer can call; a number, because a closure cannot cross threads. */
export const TimerFunction = {
  /** wakes the task that sleeps on it. @linux kernel/time/timer.c process_timeout */
  ProcessTimeout: 0,
  /** gives the work to a worker thread. @linux kernel/workqueue.c delayed_work_timer_fn */
  DelayedWork: 1,
  /** does it all in the softirq: a row of `kthreads` without a thread */
  Callback: 2,
  /** @linux kernel/time/clocksource.c clocksource_watchdog */
  ClocksourceWatchdog: 3,
} as const;
export type TimerFunction = (typeof TimerFunction)[keyof typeof TimerFunction];

/** Wheel timers that the kernel has whatever is listed. @linux kernel/time/clocksource.c watchdog_timer */
export const KernelTimer = { ClocksourceWatchdog: 0 } as const;
export type KernelTimer = (typeof KernelTimer)[keyof typeof KernelTimer];
export const KERNEL_TIMERS = Object.keys(KernelTimer).length;

/** Bits of a timer’s flags; below them its CPU. @linux include/linux/timer.h TIMER_CPUMASK and friends */
export const TIMER_CPUMASK = 0x3_ffff;
export const TIMER_MIGRATING = 0x4_0000;
export const TIMER_DEFERRABLE = 0x8_0000;
export const TIMER_PINNED = 0x10_0000;
/** Where the bucket’s number begins in the flags that traces show. @linux include/linux/timer.h TIMER_ARRAYSHIFT */
export const TIMER_ARRAYSHIFT = 22;

/** `TimerList.prev` of a timer that is in no list. Of the first one of list i it is `FIRST_OF - i`. */
export const UNLINKED = -1;
export const FIRST_OF = -2;

/** One timer of the wheel. Changed under the lock of its base. @linux include/linux/timer_types.h struct timer_list */
export const TimerList = struct(
  'timer_list',
  {
    prev: anyWriter(word('the timer before it in its list; -1 in no list; -2 - i the first of list i')),
    next: anyWriter(word('the timer behind it; -1 the last')),
    expires: anyWriter(long<Jiffies>('not before the jiffy after this one')),
    bucket: anyWriter(word('the bucket that it was put in last')),
    flags: anyWriter(word('its CPU, and TIMER_* bits')),
    function: anyWriter(word<TimerFunction>('what it calls')),
    data: anyWriter(word('whom it is for: a task or a work')),
  },
  { writer: 'any cpu' },
);
export type TimerList = ViewOf<typeof TimerList>;
