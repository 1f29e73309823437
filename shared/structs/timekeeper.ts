import { anyWriter, long, longs, seqcount, spinlock, struct, unguarded, word, words, type ViewOf } from '../memory/struct.ts';
import type { Ns } from '../units.ts';

/** Every clock source that exists here; a machine has some of them, and jiffies always. */
// table: numbers of clock sources; a new one goes at the end
export const ClocksourceId = {
  Jiffies: 0, Tsc: 1, TscEarly: 2, Hpet: 3, AcpiPm: 4, KvmClock: 5, ArchSysCounter: 6,
} as const;
export type ClocksourceId = (typeof ClocksourceId)[keyof typeof ClocksourceId];
export const NR_CLOCKSOURCES = Object.keys(ClocksourceId).length;

/** Their names, by number. */
export const CLOCKSOURCE_NAMES: readonly string[] = [
  'jiffies', 'tsc', 'tsc-early', 'hpet', 'acpi_pm', 'kvm-clock', 'arch_sys_counter',
];

/** Where their counters start anew, in a run that is long enough; by number, 0 for never. */
export const CLOCKSOURCE_WRAPS: readonly number[] = [2 ** 32, 0, 0, 2 ** 32, 2 ** 24, 0, 0];

/** What a clock source is and may be used for. @linux include/linux/clocksource.h CLOCK_SOURCE_IS_CONTINUOUS and friends */
export const ClocksourceFlag = {
  IsContinuous: 0x01, MustVerify: 0x02, Watchdog: 0x10, ValidForHres: 0x20, Unstable: 0x40, SuspendNonstop: 0x80,
  Reselect: 0x100, VerifyPercpu: 0x200,
} as const;

/**
 * Clocks that a task can ask for; the last two are ours: what the kernel asks where it must not wait.
 * @linux include/uapi/linux/time.h CLOCK_REALTIME and friends
 */
export const ClockId = {
  Realtime: 0, Monotonic: 1, ProcessCputime: 2, ThreadCputime: 3,
  MonotonicRaw: 4, RealtimeCoarse: 5, MonotonicCoarse: 6, Boottime: 7, Tai: 11,
  MonotonicFast: 32, RawFast: 33,
} as const;
export type ClockId = (typeof ClockId)[keyof typeof ClockId];

/** What changes a timekeeper other than the passing of time. */
export const TimekeepingAction = {
  Init: 0, ChangeClocksource: 1, SetTime: 2, InjectOffset: 3, SetTai: 4, SetFrequency: 5,
} as const;
export type TimekeepingAction = (typeof TimekeepingAction)[keyof typeof TimekeepingAction];

/**
 * What a timekeeper is made of. Realtime and TAI count from the machine’s epoch, the wall clock’s time at
 * boot, so that they fit.
 */
const timekeeperFields = {
  clocksource: word<ClocksourceId>('which clock source it reads'),
  mult: word('cycles to ns: (cycles * mult) >> shift, unsigned; as disciplined'),
  ntpErrMult: word('1: the multiplier is one more than the frequency asks for, to work off the error'),
  taiOffset: word('TAI minus UTC, seconds'),
  clockWasSetSeq: word('steps of the wall clock or of its offsets'),
  csWasChangedSeq: word('changes of the clock source'),
  cycleLast: long('counter at the last accumulation'),
  baseNs: long<Ns>('monotonic ns at cycleLast, whole part'),
  baseFraction: long('fraction of that ns, below 2^shift'),
  rawNs: long<Ns>('raw monotonic ns at cycleLast, whole part; its multiplier is the clock source’s own'),
  rawFraction: long('fraction of that ns'),
  coarseNs: long<Ns>('monotonic ns for readers that need no more than the last tick'),
  cycleInterval: long('cycles of one tick'),
  wallToMonotonic: long<Ns>('what to add to the wall clock to get monotonic time'),
  offsReal: long<Ns>('what to add to monotonic time to get the wall clock'),
  offsBoot: long<Ns>('what to add to it to get the time since boot, sleep included'),
  offsTai: long<Ns>('what to add to it to get TAI'),
  ntpFreq: long('frequency asked for, in 2^-32 ns a tick'),
  ntpTick: long('the part of it that the multiplier follows already'),
  ntpStep: long('error that one tick adds, in 2^-32 ns'),
  ntpError: long('error that has gathered, in 2^-32 ns'),
};

/** The timekeeper that everybody reads. @linux kernel/time/timekeeping.c tk_core.timekeeper */
export const Timekeeper = struct(
  'timekeeper',
  {
    lock: spinlock('serialises whoever changes the shadow and publishes it'),
    seq: seqcount('odd while the shadow is published'),
    ...timekeeperFields,
  },
  { writer: 'any cpu', lock: 'lock', seqcount: 'seq' },
);
export type Timekeeper = ViewOf<typeof Timekeeper>;

/**
 * The writers’ copy, in which an update is worked out before anybody sees it. Its lock is the timekeeper’s,
 * which lies in that record, where no guard finds it. @linux kernel/time/timekeeping.c tk_core.shadow_timekeeper
 */
export const ShadowTimekeeper = struct('shadow_timekeeper', timekeeperFields, { writer: 'any cpu' });
export type ShadowTimekeeper = ViewOf<typeof ShadowTimekeeper>;

/** How many times over each field of a timekeeper under a latch exists. */
export const LATCH_COPIES = 2;

/** A clock for those who must never wait: two copies under a latch. @linux kernel/time/timekeeping.c struct tk_fast */
export const TkFast = struct(
  'tk_fast',
  {
    seq: anyWriter(word('its lowest bit says which copy readers take')),
    clocksource: words<ClocksourceId>(LATCH_COPIES, 'which clock source it reads'),
    mult: words(LATCH_COPIES, 'as in the timekeeper'),
    cycleLast: longs(LATCH_COPIES, 'as in the timekeeper'),
    baseNs: longs<Ns>(LATCH_COPIES, 'ns at cycleLast'),
    baseFraction: longs(LATCH_COPIES, 'fraction of that ns'),
  },
  { writer: 'any cpu' },
);
export type TkFast = ViewOf<typeof TkFast>;

/** The list of clock sources and the watchdog’s state. @linux kernel/time/clocksource.c clocksource_mutex, watchdog_lock */
export const ClocksourcePage = struct(
  'clocksource_page',
  {
    lock: spinlock('guards the list, the selection and the watchdog'),
    finishedBooting: word('1 once sources may be selected'),
    current: unguarded(word('the selected source, -1 before the first selection')),
    override: word('the source that the user asked for, -1 none'),
    watchdog: unguarded(word('the source that watches the others, -1 none')),
    watchdogRunning: unguarded(word('1 while the watchdog’s timer is armed')),
    nextOrder: word('order of the next registration'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type ClocksourcePage = ViewOf<typeof ClocksourcePage>;

/** What changes of one clock source. @linux include/linux/clocksource.h struct clocksource */
export const ClocksourceState = struct(
  'clocksource',
  {
    order: word('its place among those registered, from 1; 0 while it is not'),
    rating: word('1-99 for boot only, 100-199 usable, 200-299 good, 300-399 desired, 400-499 ideal'),
    flags: word('a set of `ClocksourceFlag`'),
    wdLast: long('the watchdog’s counter at the last sample'),
    csLast: long('its own counter at that sample'),
  },
  { writer: 'any cpu' },
);
export type ClocksourceState = ViewOf<typeof ClocksourceState>;

/** No clock source: nothing selected, no watchdog, no override. */
export const NO_CLOCKSOURCE = -1;
