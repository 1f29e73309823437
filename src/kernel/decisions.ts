/**
 * The one seam through which a fault replaces a decision. The kernel asks it wherever a historic
 * bug of Linux, or a planted one, decided otherwise; `asLinux` answers as the version at hand does.
 * Which faults exist, what each overrides and which oracle must catch it stands in
 * `src/machine/faults.ts`.
 */
import type { CpuId, Ns } from '../../shared/units.ts';

export interface Decisions {
  /** The fields of a vtime record are written in two sections instead of one. */
  readonly tearVtimeWrite: boolean;
  /** A reader of a task's vtime does not look whether the sequence moved. */
  readonly skipReadRetry: boolean;
  /** A reader of a task's vtime begins again twice, whether or not the sequence moved. */
  readonly rereadsForNothing: boolean;
  /** B-08: a reader of a CPU's accounts leaves out what its running task has not been charged yet. */
  readonly leavesOutPending: boolean;
  /** B-09: in the column of guest time at nice tasks /proc/stat shows all user time. */
  readonly showsUserAsGuestNice: boolean;
  /** B-10: a reader of a CPU's accounts adds what the current task has pending without looking whether that is running there, or yet. */
  readonly trustsCurr: boolean;
  /** B-18: /proc/uptime sums up the idle time that was charged, though sleeps are counted otherwise. */
  readonly uptimeByCharges: boolean;
  /** A reader of a task's vtime loads the promise when its section is over, and not inside. */
  readonly promiseAfterSection: boolean;
  /** A reader of a task's vtime extrapolates to its own clock, whatever the task's CPU has promised. */
  readonly ignorePromise: boolean;
  /** B-01: the user-time flush moves `starttime` before it enters the write section. */
  readonly vtimeDeltaOutsideSection: boolean;
  /** B-02: each CPU takes vtime's snapshots by a clock of its own, and readers compare them with theirs. */
  readonly vtimeByRawClock: boolean;
  /** B-04: a task's vtime says that it is in user mode before what it did in the kernel is charged. */
  readonly vtimeStateFirst: boolean;
  /** B-05: at a switch the mark of a guest is looked for on the task that comes. */
  readonly guestTestOnCurrent: boolean;
  /** B-06: vtime's clock stands still between ticks. */
  readonly vtimeInJiffies: boolean;
  /** B-07: a reader of guest time adds what has passed since a snapshot that a CPU without context tracking never takes. */
  readonly gtimeWithoutVtime: boolean;
  /** The record of a call that somebody waits for is unlocked before the function has run. */
  readonly unlocksCallFirst: boolean;
  /** A CPU that waits for its calls has its interrupts masked meanwhile. */
  readonly callsWithIrqsOff: boolean;
  /** B-52: the clock of a wheel that nobody has run for long is left where it is when a timer comes. */
  readonly keepsWheelClock: boolean;
  /** B-53: that clock is moved to the present jiffy even where it is ahead of it. */
  readonly rewindsWheelClock: boolean;
  /** Whoever deletes a timer for good does not look whether its function executes. */
  readonly deletesRunningTimer: boolean;
  /** Rounds of one run of softirqs; undefined: Linux's. */
  readonly softirqRounds: number | undefined;
  /** Whether a round of softirqs has raised another: a load that no workload here makes. */
  raisesSoftirqAgain(cpu: CpuId, round: number): boolean;
  /** B-24: a CPU that comes up takes a duty that was dropped for one that nobody ever had. */
  readonly droppedIsFirst: boolean;
  /** B-25: a CPU that sees jiffies stand still leaves it to whoever has the duty. */
  readonly neverRescues: boolean;
  /** B-32: the duty stays with a boot CPU that may stop its tick. */
  readonly bootKeepsDuty: boolean;
  /** B-44: the least distance of a device's events grows beyond a tick. */
  readonly minDeltaUnbounded: boolean;
  /** B-45: each forced event puts off the one that was forced before it. */
  readonly forgetsForcedEvent: boolean;
  /** B-46: that a forced event is under way is still believed when it has come. */
  readonly remembersForcedEvent: boolean;
  /** B-47: an event whose moment has passed is refused, though it must come. */
  readonly refusesLateEvent: boolean;
  /** B-48: the least distance of a device's events is rounded down. */
  readonly roundsMinDeltaDown: boolean;
  /** Whether a CPU leaves its interrupts on where the machine is to stand still. */
  ignoresStop(cpu: CpuId): boolean;
  /** B-23: an idle CPU sleeps as long as it likes, whether or not the timekeeper's counter starts anew meanwhile. */
  readonly sleepsPastWrap: boolean;
  /** B-63: a counter that is behind is taken for one that has gone all the way round. */
  readonly believesNegativeDelta: boolean;
  /** B-64: the counter's value is stored before the timekeeper's write section begins. */
  readonly publishesEarly: boolean;
  /** B-64: the timekeeper is stored without its sequence ever being odd. */
  readonly publishesUnmarked: boolean;
  /** A step of the wall clock leaves TAI where it was. */
  readonly forgetsTai: boolean;
  /** A step of a clock is not counted. */
  readonly countsNoStep: boolean;
  /** The fast clocks hear of ticks, and of nothing else that happens to the timekeeper. */
  readonly forgetsFastClocks: boolean;
  /** Accumulation leaves a whole ns in the fraction. */
  readonly keepsWholeNs: boolean;
  /** The first clock source on the list is selected, whatever its rating. */
  readonly takesFirstSource: boolean;
  /** An unstable clock source loses its rating, and nobody selects another. */
  readonly neverReselects: boolean;
  /** B-62: the watchdog judges an interval however long it was. */
  readonly judgesLongIntervals: boolean;
  /** B-65: what a refused step has made of the shadow stays there. */
  readonly leavesShadowDirty: boolean;
  /** B-61: coarse clocks follow each change of the multiplier, back too. */
  readonly coarseFollowsAdjustment: boolean;
  /** B-37: whoever takes the next event out arms the device for the one after it, in the pause after a hang too. */
  readonly rearmsInHang: boolean;
  /** B-43: that the HRTIMER softirq is on its way is still believed when it has run. */
  readonly keepsSoftirqActivated: boolean;
  /** B-38: a timer is put on another CPU even if it comes before that CPU's next event. */
  readonly enqueuesLeftmostRemotely: boolean;
  /** B-36: the offsets of the clocks that the timers go by stay what they were at first. */
  readonly keepsStaleOffsets: boolean;
  /** B-41: nobody who looks at a timer is told that its callback began or ended meanwhile. */
  readonly skipsRunningBarrier: boolean;
  /** B-42: a relative timer on CLOCK_REALTIME follows steps of that clock. */
  readonly relativeFollowsWallClock: boolean;
  /** B-20: a reader of a CPU's sleep looks at its fields one by one. */
  readonly skipIdleRetry: boolean;
  /** B-21: a reader of a CPU's sleep ends it and begins the next, in that CPU's record. */
  readonly readerMovesSleep: boolean;
  /** B-26: an interrupt on a CPU without a tick leaves jiffies as old as they are. */
  readonly skipsJiffiesOnEntry: boolean;
  /** An idle CPU that looks for its next event passes over the wheel. */
  readonly stopsOverTimer: boolean;
  /** A tick goes on one period after the sleep's end, and not on the grid that it had. */
  readonly restartsOffGrid: boolean;
  /** An idle CPU is charged one tick too many when it goes on. */
  readonly countsIdleTickTwice: boolean;
  /** An interrupt does not end the sleep that it interrupts. */
  readonly sleepsInInterrupts: boolean;
  /** Whoever catches up more than one jiffy counts one too many. */
  readonly countsExtraJiffy: boolean;
  /** jiffies and the instant at which they are due are stored in two write sections instead of one. */
  readonly tearsJiffies: boolean;
  /** The thread of grace periods is woken with their lock held. */
  readonly wakesUnderRcuLock: boolean;
  /** A grace period ends at the first look for idle CPUs, whoever has still to be seen. */
  readonly endsGracePeriodEarly: boolean;
  /** A one-shot device that was stopped is programmed without being started. */
  readonly programsStoppedDevice: boolean;
  /** B-27: in low resolution a tick that has stopped leaves its device armed, for an instant that passes. */
  readonly leavesDeviceArmed: boolean;
  /** A device that gives its place to another is not detached. */
  readonly keepsOldDevice: boolean;
  /** The interrupt of a tick device that has become one-shot calls nobody. */
  readonly callsNobody: boolean;
  /** An idle CPU that stops its tick counts the call, and not the sleep. */
  readonly countsNoSleep: boolean;
  /** An idle CPU stops its tick even where its next event is no more than a tick away. */
  readonly stopsForLessThanTick: boolean;
  /** An attempt to stop the tick leaves its look for the next event to the attempt after it. */
  readonly keepsLook: boolean;
  /** If the timer behind the first one of a queue is due too, it runs first. */
  readonly runsSecondTimer: boolean;
  /** Timers run that are due within the next few microseconds. */
  readonly runsTimersEarly: boolean;
  /** A timer that is cancelled stays in its queue. */
  readonly forgetsCancelled: boolean;
  /** A tick goes on one period after it came, and not after it was due. */
  readonly forwardsFromNow: boolean;
  /** An idle CPU’s tick leaves due timers of the wheel to the next busy one. */
  readonly wheelWaitsForBusy: boolean;
  /** Whoever puts a wheel timer up again drops the wheel’s lock first. */
  readonly changesWheelUnlocked: boolean;
  /** B-03: the pair that /proc shows is what ticks and kernel entries have charged, as it stands. */
  readonly showsStoredTimes: boolean;
  /** B-14: a running task's run time is taken as its CPU wrote it down last. */
  readonly keepsStaleRuntime: boolean;
  /** B-11: the filter of the pair that /proc shows remembers nothing. */
  readonly forgetsAdjusted: boolean;
  /** B-12: each part of that pair grows by itself. */
  readonly raisesPartsApart: boolean;
  /** A process's times change while the sequence of its `stats_lock` says that they stand still. */
  readonly movesTimesUnmarked: boolean;
  /** How system time is scaled to run time; undefined: Linux's way. */
  readonly scaledStime: ((stime: Ns, rtime: Ns, total: Ns) => Ns) | undefined;
  /** B-16: what interrupts took is read from a CPU's accounts, to which the ticks that hit ksoftirqd are charged, too. */
  readonly readsIrqTimeFromSlots: boolean;
  /** B-17: the time of interrupts is charged by ticks, to one account at each, and no more than one. */
  readonly chargesIrqTimeByTicks: boolean;
  /** B-19: the ticks that an idle CPU did without are charged though its contexts are tracked, and one that finds a task is one of them. */
  readonly countsIdleTicksOfTracked: boolean;
  /** B-15: the steal clock is 0 again when the hypervisor begins a new record, yet what was seen of the old one is kept. */
  readonly stealClockGoesBack: boolean;
  /** Whether the n-th message from a CPU is lost on its way. */
  dropsMessage(from: CpuId, to: CpuId, n: number): boolean;
  /** Whether the n-th message from a CPU is put on the list with nobody told of it. */
  losesDoorbell(from: CpuId, to: CpuId, n: number): boolean;
  /** ITIMER_PROF and ITIMER_VIRTUAL do not allow for what their clock is ahead. */
  readonly itimerWithoutTick: boolean;
  /** A CPU timer that is due before all others of its clock does not say so. */
  readonly keepsExpiryCache: boolean;
  /** The work that does another CPU's tick does not come again. */
  readonly ticksRemotelyOnce: boolean;
}

export const asLinux: Decisions = {
  tearVtimeWrite: false,
  skipReadRetry: false,
  leavesOutPending: false,
  showsUserAsGuestNice: false,
  trustsCurr: false,
  uptimeByCharges: false,
  rereadsForNothing: false,
  promiseAfterSection: false,
  ignorePromise: false,
  vtimeDeltaOutsideSection: false,
  vtimeByRawClock: false,
  vtimeStateFirst: false,
  guestTestOnCurrent: false,
  vtimeInJiffies: false,
  gtimeWithoutVtime: false,
  unlocksCallFirst: false,
  callsWithIrqsOff: false,
  keepsWheelClock: false,
  rewindsWheelClock: false,
  deletesRunningTimer: false,
  softirqRounds: undefined,
  raisesSoftirqAgain: () => false,
  droppedIsFirst: false,
  neverRescues: false,
  bootKeepsDuty: false,
  minDeltaUnbounded: false,
  forgetsForcedEvent: false,
  remembersForcedEvent: false,
  refusesLateEvent: false,
  roundsMinDeltaDown: false,
  ignoresStop: () => false,
  sleepsPastWrap: false,
  believesNegativeDelta: false,
  publishesEarly: false,
  publishesUnmarked: false,
  forgetsTai: false,
  countsNoStep: false,
  forgetsFastClocks: false,
  keepsWholeNs: false,
  takesFirstSource: false,
  neverReselects: false,
  judgesLongIntervals: false,
  leavesShadowDirty: false,
  coarseFollowsAdjustment: false,
  rearmsInHang: false,
  keepsSoftirqActivated: false,
  enqueuesLeftmostRemotely: false,
  keepsStaleOffsets: false,
  skipsRunningBarrier: false,
  relativeFollowsWallClock: false,
  skipIdleRetry: false,
  readerMovesSleep: false,
  skipsJiffiesOnEntry: false,
  stopsOverTimer: false,
  restartsOffGrid: false,
  countsIdleTickTwice: false,
  sleepsInInterrupts: false,
  countsExtraJiffy: false,
  tearsJiffies: false,
  wakesUnderRcuLock: false,
  endsGracePeriodEarly: false,
  programsStoppedDevice: false,
  leavesDeviceArmed: false,
  keepsOldDevice: false,
  callsNobody: false,
  countsNoSleep: false,
  stopsForLessThanTick: false,
  keepsLook: false,
  runsSecondTimer: false,
  runsTimersEarly: false,
  forgetsCancelled: false,
  forwardsFromNow: false,
  wheelWaitsForBusy: false,
  changesWheelUnlocked: false,
  showsStoredTimes: false,
  keepsStaleRuntime: false,
  forgetsAdjusted: false,
  raisesPartsApart: false,
  movesTimesUnmarked: false,
  scaledStime: undefined,
  readsIrqTimeFromSlots: false,
  chargesIrqTimeByTicks: false,
  countsIdleTicksOfTracked: false,
  stealClockGoesBack: false,
  dropsMessage: () => false,
  losesDoorbell: () => false,
  itimerWithoutTick: false,
  keepsExpiryCache: false,
  ticksRemotelyOnce: false,
};
