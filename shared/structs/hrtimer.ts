import { long, longs, spinlock, struct, unguarded, anyWriter, word, words, type ViewOf } from '../memory/struct.ts';
import type { Ns, TimerId } from '../units.ts';

/** How a timer is started. Bits of one number. @linux include/linux/hrtimer.h enum hrtimer_mode */
export const HrtimerMode = { Abs: 0, Rel: 1, Pinned: 2, Soft: 4, Hard: 8 } as const;

/**
 * Clock bases of one CPU: four clocks, and the same again for timers that a softirq expires.
 * @linux include/linux/hrtimer_defs.h enum hrtimer_base_type
 */
export const HrtimerBase = {
  Monotonic: 0, Realtime: 1, Boottime: 2, Tai: 3, MonotonicSoft: 4, RealtimeSoft: 5, BoottimeSoft: 6, TaiSoft: 7,
} as const;
export const HRTIMER_MAX_CLOCK_BASES = 8;
/** The bases that an interrupt expires, and those that the HRTIMER softirq expires, one bit a base. */
export const HRTIMER_ACTIVE_HARD = 0x0f;
export const HRTIMER_ACTIVE_SOFT = 0xf0;

/**
 * A CPU's clock bases. What is not a per-base array speaks of all of them; instants are those of
 * CLOCK_MONOTONIC. Whoever holds the lock may store, whichever CPU it is.
 * @linux include/linux/hrtimer_defs.h struct hrtimer_cpu_base
 */
export const HrtimerCpuBase = struct(
  'hrtimer_cpu_base',
  {
    lock: spinlock('guards the bases and the timers in them'),
    expiresNext: long<Ns>('the event that the device is programmed for; no other CPU may bring an earlier one'),
    softirqExpiresNext: long<Ns>('the first event of the soft bases'),
    nextOrder: long('order of insertion; equal expiries run first-in first-out'),
    nrEvents: long('interrupts taken'),
    nrRetries: long('passes that found new timers due'),
    nrHangs: long('times it gave up'),
    maxHangTime: long<Ns>('longest time that it had taken when it gave up'),
    nextTimer: word<TimerId>('whose event expiresNext is; perhaps old, if another CPU has taken it out'),
    softirqNextTimer: word<TimerId>('whose event softirqExpiresNext is'),
    activeBases: word('one bit for each base that holds a timer'),
    clockWasSetSeq: word('which steps of the clock the offsets know of'),
    hresActive: word('1: the device interrupts for each timer; 0: the tick polls'),
    inHrtirq: word('1 while the interrupt handler expires timers'),
    softirqActivated: word('1 from the raise of the HRTIMER softirq until it has run: the soft bases are its affair'),
    online: word('1 while timers may be put here'),
    hangDetected: unguarded(word('1 after the interrupt handler gave up catching up')),
    root: words<TimerId>(HRTIMER_MAX_CLOCK_BASES, 'of each base, the timer that expires first'),
    running: words<TimerId>(HRTIMER_MAX_CLOCK_BASES, 'of each base, the timer whose callback executes'),
    seq: words(HRTIMER_MAX_CLOCK_BASES, 'of each base, moves before and after each callback; read without the lock'),
    offset: longs<Ns>(HRTIMER_MAX_CLOCK_BASES, 'of each base, what its clock is ahead of CLOCK_MONOTONIC'),
  },
  { writer: 'owning cpu', lock: 'lock' },
);
export type HrtimerCpuBase = ViewOf<typeof HrtimerCpuBase>;

/** Functions that an hrtimer can call; a number, because a closure cannot cross threads. */
export const HrtimerFunction = {
  TickNohzHandler: 0, HrtimerWakeup: 1, DlTaskTimer: 2, ItRealFn: 3, PosixTimerFn: 4, TimerfdTmrproc: 5, WatchdogTimerFn: 6,
  ReaderTimerFn: 7,
} as const;
export type HrtimerFunction = (typeof HrtimerFunction)[keyof typeof HrtimerFunction];

/** `Hrtimer.state`. @linux include/linux/hrtimer.h HRTIMER_STATE_INACTIVE, HRTIMER_STATE_ENQUEUED */
export const HrtimerState = { Inactive: 0, Enqueued: 1 } as const;
export type HrtimerState = (typeof HrtimerState)[keyof typeof HrtimerState];

/** `Hrtimer.clockBase` while a timer is on its way from one CPU's base to another's. @linux kernel/time/hrtimer.c migration_base */
export const MIGRATION_BASE = -2;

/**
 * One high resolution timer. The lock of the base that it points to guards it; it belongs to that
 * base's CPU, and others store only while they hold the lock.
 * @linux include/linux/hrtimer_types.h struct hrtimer
 */
export const Hrtimer = struct(
  'hrtimer',
  {
    expires: anyWriter(long<Ns>('latest instant (hard expiry): the queue’s key')),
    softexpires: anyWriter(long<Ns>('earliest instant')),
    order: anyWriter(long('order of insertion among equal expiries')),
    left: anyWriter(word<TimerId>('in the queue: one of two below it')),
    right: anyWriter(word<TimerId>('the other')),
    parent: anyWriter(word<TimerId>('in the queue: the one above it; -1 for the first')),
    state: anyWriter(word<HrtimerState>('Enqueued from its start until it is taken out to expire or for good')),
    clockBase: anyWriter(word('where it is or was last: 8 * CPU + base; -2 while it moves')),
    flags: anyWriter(word('Soft and Hard of the mode that it was made with')),
    function: anyWriter(word<HrtimerFunction>('what it calls')),
    data: anyWriter(word('whom it is for: a task, a CPU, or a record')),
  },
  { writer: 'task cpu' },
);
export type Hrtimer = ViewOf<typeof Hrtimer>;
