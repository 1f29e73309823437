/**
 * Units as types. A quantity of one unit cannot be passed where another is expected; arithmetic on
 * one unit stays free of ceremony (docs/adr/0001-flavoured-units.md).
 */

declare const unit: unique symbol;

/** A number that carries its unit. The mark is optional, so that a sum of two `Ns` is an `Ns` again. */
type Unit<Name extends string> = number & { readonly [unit]?: Name };

/** Simulated time or a span of it: integer nanoseconds, 0 <= ns <= KTIME_MAX. */
export type Ns = Unit<'ns'>;
/** Ticks of a hardware counter, an integer below 2^53. */
export type Cycles = Unit<'cycles'>;
/** Ticks of length 1 s / HZ since boot (the machine starts at 0, not at INITIAL_JIFFIES). */
export type Jiffies = Unit<'jiffies'>;
/** A CPU's number, 0 .. cpus - 1. `NOBODY` (-1) stands for no CPU. */
export type CpuId = Unit<'cpu'>;
/** Index of a task's record. 0 .. cpus - 1 are the idle tasks; `pidOf` gives what a user sees. */
export type TaskId = Unit<'task'>;
/** Index of a process's record: a group of threads. `NONE` (-1) stands for no process. */
export type ProcessId = Unit<'process'>;
/** Index of an hrtimer's record. */
export type TimerId = Unit<'timer'>;
/** Byte offset of a 32-bit cell of shared memory, a multiple of 4. */
export type Word = Unit<'word'>;
/** Byte offset of a 64-bit cell of shared memory, a multiple of 8. */
export type Long = Unit<'long'>;

/** "No event": what Linux calls KTIME_MAX, at the width that a double holds exactly. */
export const KTIME_MAX: Ns = Number.MAX_SAFE_INTEGER;
/** How Linux prints "no event" (2^63 - 1); text only. */
export const KTIME_MAX_TEXT = '9223372036854775807';

export const NSEC_PER_USEC: Ns = 1_000;
export const NSEC_PER_MSEC: Ns = 1_000_000;
export const NSEC_PER_SEC: Ns = 1_000_000_000;
/** Ticks per second of the times in /proc (clock_t). */
export const USER_HZ = 100;

/** No CPU: an unowned duty, a task that runs nowhere. */
export const NOBODY: CpuId = -1;
/** No task, no timer: the end of a list in shared memory. */
export const NONE = -1;
