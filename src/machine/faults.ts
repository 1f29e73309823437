/**
 * Bugs that can be switched on: historic ones of Linux, and planted ones. Each replaces a decision
 * (`src/kernel/decisions.ts`) and names the oracles of which one at least must catch it; a fault that nothing catches
 * is a defect of the oracles.
 */
import { MAX_SOFTIRQ_RESTART } from '../../shared/limits.ts';
import { asLinux, type Decisions } from '../kernel/decisions.ts';

export interface Fault {
  readonly id: string;
  /** What goes wrong, in one sentence. */
  readonly says: string;
  /** Identifiers of the oracles of which at least one must break. */
  readonly caughtBy: readonly string[];
  /** It breaks a rule that memory's guards enforce, so they must let it. */
  readonly breaksGuards: boolean;
  /** It shows only where CPUs race: one thread does no harm there, whatever is cut. */
  readonly needsRaces: boolean;
  readonly decisions: Partial<Decisions>;
}

/** Which of a CPU's messages is lost, or loses its doorbell: one that it sends after the boot. */
const STRUCK_MESSAGE = 20;

export const FAULTS: readonly Fault[] = [
  {
    id: 'torn-vtime',
    says: 'the writer closes its vtime section between the clock and the time that it measured, so that half a version is published',
    caughtBy: ['V-01', 'C-01', 'R-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { tearVtimeWrite: true },
  },
  {
    id: 'missing-retry',
    says: 'a reader of a task’s CPU time does not look whether the sequence moved while it read',
    caughtBy: ['V-02', 'R-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { skipReadRetry: true },
  },
  {
    id: 'promise-outside',
    says: 'a reader of a task’s CPU time loads the promise when its section is over, so that an edge in between is extrapolated over',
    caughtBy: ['V-02', 'R-01'],
    breaksGuards: false,
    needsRaces: true,
    decisions: { promiseAfterSection: true },
  },
  {
    id: 'own-clock',
    says: 'a reader of a task’s CPU time extrapolates to its own clock, however far the task’s CPU has come',
    caughtBy: ['V-02', 'R-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { ignorePromise: true },
  },
  {
    id: 'B-01',
    says: 'the user-time flush moves starttime before it enters the write section (Linux until 3.12)',
    caughtBy: ['V-02', 'R-01'],
    breaksGuards: true,
    needsRaces: false,
    decisions: { vtimeDeltaOutsideSection: true },
  },
  {
    id: 'B-52',
    says: 'a timer is put on a wheel whose clock has stood still while its CPU slept, so that it comes on too coarse a level ' +
      '(Linux until 4.13)',
    caughtBy: ['W-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { keepsWheelClock: true },
  },
  {
    id: 'B-53',
    says: 'a wheel’s clock is set to the present jiffy even where it is ahead, so that it goes back (Linux until 5.8)',
    caughtBy: ['W-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { rewindsWheelClock: true },
  },
  {
    id: 'deleted-running',
    says: 'whoever deletes a wheel timer for good does not look whether its function executes just now',
    caughtBy: ['W-08'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { deletesRunningTimer: true },
  },
  {
    id: 'dropped-ipi',
    says: `each CPU’s message number ${STRUCK_MESSAGE} is lost on its way`,
    caughtBy: ['S-02', 'S-08'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { dropsMessage: (_from, _to, n) => n === STRUCK_MESSAGE },
  },
  {
    id: 'lost-doorbell',
    says: `each CPU’s message number ${STRUCK_MESSAGE} is put on its receiver’s list, and nobody is told of it`,
    caughtBy: ['S-08', 'S-02'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { losesDoorbell: (_from, _to, n) => n === STRUCK_MESSAGE },
  },
  {
    id: 'call-unlocked-early',
    says: 'the record of a call that somebody waits for is unlocked before the function has run, so that the caller goes on too early',
    caughtBy: ['S-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { unlocksCallFirst: true },
  },
  {
    id: 'call-irqs-off',
    says: 'a CPU that waits for calls of others has its interrupts masked meanwhile, so that two that call each other wait for ever',
    caughtBy: ['S-05'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { callsWithIrqsOff: true },
  },
  {
    id: 'B-31',
    says: 'softirqs run as long as they raise each other, with no limit but the clock, which may stand (Linux until 3.10)',
    caughtBy: ['S-03'],
    breaksGuards: false,
    needsRaces: false,
    // a load that goes on for longer than is allowed, and ends
    decisions: { softirqRounds: 1_000, raisesSoftirqAgain: (_cpu, round) => round < 2 * MAX_SOFTIRQ_RESTART },
  },
  {
    id: 'runs-on-in-stop',
    says: 'CPU 1 leaves its interrupts on where the machine is to stand still',
    caughtBy: ['S-04'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { ignoresStop: (cpu) => cpu === 1 },
  },
  {
    id: 'B-23',
    says: 'an idle CPU sleeps as long as it likes, so that the timekeeper’s counter may start anew unseen (Linux until 2.6.32)',
    caughtBy: ['T-09', 'T-04'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { sleepsPastWrap: true },
  },
  {
    id: 'B-61',
    says: 'the coarse clocks follow each change of the multiplier, which may move the base back (Linux until 6.14)',
    caughtBy: ['T-02'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { coarseFollowsAdjustment: true },
  },
  {
    id: 'B-62',
    says: 'the watchdog judges a clock source however long the interval was, so that a CPU that was held up makes a good one unstable',
    caughtBy: ['K-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { judgesLongIntervals: true },
  },
  {
    id: 'B-63',
    says: 'a counter that is behind is taken for one that has gone all the way round, so that time jumps',
    caughtBy: ['T-03', 'T-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { believesNegativeDelta: true },
  },
  {
    id: 'B-64',
    says: 'the timekeeper’s counter is stored before its write section begins',
    caughtBy: ['T-01', 'T-03'],
    breaksGuards: true,
    needsRaces: false,
    decisions: { publishesEarly: true },
  },
  {
    id: 'B-64-unmarked',
    says: 'the timekeeper is stored while its sequence is even all the time',
    caughtBy: ['T-01', 'T-03'],
    breaksGuards: true,
    needsRaces: false,
    decisions: { publishesUnmarked: true },
  },
  {
    id: 'B-65',
    says: 'a step of the wall clock that is refused stays in the shadow timekeeper, and takes place with the next tick',
    caughtBy: ['T-07'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { leavesShadowDirty: true },
  },
  ...[
    { id: 'B-25', says: 'jiffies that stand still are left to the CPU that has the duty (Linux until 5.18)', caughtBy: ['J-04'],
      decisions: { neverRescues: true } },
    { id: 'B-32', says: 'a boot CPU of nohz_full= keeps the do_timer duty (planted; until 6.10 Linux could deadlock in taking it away)',
      caughtBy: ['J-03'], decisions: { bootKeepsDuty: true } },
    { id: 'B-44', says: 'the least distance of a device’s events grows without bound (Linux until 2.6.34)', caughtBy: ['E-04'],
      decisions: { minDeltaUnbounded: true } },
    { id: 'B-45', says: 'each forced event puts off the one that was forced before it (Linux until 7.0)', caughtBy: ['E-05'],
      decisions: { forgetsForcedEvent: true } },
    { id: 'B-46', says: 'that a forced event is under way is still believed when it has come (the first fix of B-45)', caughtBy: ['E-03'],
      decisions: { remembersForcedEvent: true } },
    { id: 'B-47', says: 'an event whose moment has passed is refused, though it must come', caughtBy: ['E-03'],
      decisions: { refusesLateEvent: true } },
    { id: 'B-48', says: 'a device’s least ticks are turned to ns rounded down (Linux until 3.12)', caughtBy: ['E-02'],
      decisions: { roundsMinDeltaDown: true } },
  ].map((fault) => ({ ...fault, breaksGuards: false, needsRaces: false })),
  {
    id: 'B-20',
    says: 'a reader of a CPU’s idle time takes its fields one by one, while the sleep ends (Linux until 6.4)',
    caughtBy: ['I-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { skipIdleRetry: true },
  },
  {
    id: 'B-21',
    says: 'a reader of a CPU’s idle time ends the sleep and begins the next, in that CPU’s record (Linux until 6.4)',
    caughtBy: ['I-03', 'I-04'],
    breaksGuards: true,
    needsRaces: false,
    decisions: { readerMovesSleep: true },
  },
  {
    id: 'B-26',
    says: 'an interrupt on a CPU without a tick finds jiffies as old as the last tick of the machine (as on nohz_full until 5.16)',
    caughtBy: ['J-06'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { skipsJiffiesOnEntry: true },
  },
  {
    id: 'over-timer',
    says: 'an idle CPU that looks for its next event passes over the timer wheel',
    caughtBy: ['N-02', 'N-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { stopsOverTimer: true },
  },
  {
    id: 'off-grid',
    says: 'a tick goes on one period after the sleep’s end, and not on the grid that it had',
    caughtBy: ['N-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { restartsOffGrid: true },
  },
  {
    id: 'idle-tick-twice',
    says: 'an idle CPU is charged with one tick too many when it goes on',
    caughtBy: ['I-05'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { countsIdleTickTwice: true },
  },
  {
    id: 'sleeps-in-interrupts',
    says: 'an interrupt does not end the sleep that it interrupts',
    caughtBy: ['I-01', 'I-04'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { sleepsInInterrupts: true },
  },
  {
    id: 'B-36',
    says: 'timers go by the offsets that the clocks had at boot, whatever steps the wall clock has made since (Linux until 3.5, in part)',
    caughtBy: ['H-07', 'H-02', 'H-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { keepsStaleOffsets: true },
  },
  {
    id: 'B-37',
    says: 'in the pause after a hang the end of the next timer arms the device for the one after it, and no other does (Linux until 3.15)',
    caughtBy: ['H-04', 'H-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { rearmsInHang: true },
  },
  {
    id: 'B-38',
    says: 'a timer is put into another CPU’s queue though it comes before all that this CPU’s device is armed for (Linux until 3.15)',
    caughtBy: ['H-04', 'H-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { enqueuesLeftmostRemotely: true },
  },
  {
    id: 'B-42',
    says: 'a relative timer on CLOCK_REALTIME follows steps of the wall clock (Linux until 4.15)',
    caughtBy: ['H-07'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { relativeFollowsWallClock: true },
  },
  {
    id: 'B-43',
    says: 'when the HRTIMER softirq has run it is still believed to be on its way, so no soft timer raises it again',
    caughtBy: ['H-09', 'H-03'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { keepsSoftirqActivated: true },
  },
  {
    id: 'tai-left-behind',
    says: 'a step of the wall clock leaves TAI where it was',
    caughtBy: ['T-05'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { forgetsTai: true },
  },
  {
    id: 'uncounted-step',
    says: 'a step of the wall clock is not counted, so that CPUs take their offsets for good',
    caughtBy: ['T-06'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { countsNoStep: true },
  },
  {
    id: 'stale-latch',
    says: 'the fast clocks are not told when the clock source changes, and read the old one until the next tick',
    caughtBy: ['T-10', 'T-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { forgetsFastClocks: true },
  },
  {
    id: 'unnormalised',
    says: 'the timekeeper is published with a whole ns in its fraction',
    caughtBy: ['T-08'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { keepsWholeNs: true },
  },
  {
    id: 'first-source',
    says: 'the clock source that registered first is selected, whatever its rating',
    caughtBy: ['K-01'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { takesFirstSource: true },
  },
  {
    id: 'never-reselects',
    says: 'an unstable clock source is rated 0 and read on',
    caughtBy: ['K-04', 'K-02'],
    breaksGuards: false,
    needsRaces: false,
    decisions: { neverReselects: true },
  },
];

/** All of Linux's decisions with those of the named faults in their place. */
export function decisionsWith(faults: readonly string[]): Decisions {
  return faultsOf(faults).reduce<Decisions>((decisions, fault) => ({ ...decisions, ...fault.decisions }), asLinux);
}

/** Whether any of the named faults needs memory's guards to look away. */
export function breakGuards(faults: readonly string[]): boolean {
  return faultsOf(faults).some((fault) => fault.breaksGuards);
}

function faultsOf(ids: readonly string[]): Fault[] {
  return FAULTS.filter(({ id }) => ids.includes(id));
}
