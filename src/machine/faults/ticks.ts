/** Event devices, the tick, jiffies, sleep. */
import type { Fault } from './fault.ts';

export const TICK_FAULTS: readonly Fault[] = [
  {
    id: 'extra-jiffy',
    says: 'whoever catches up more than one jiffy counts one too many',
    caughtBy: ['J-01', 'J-07'],
    decisions: { countsExtraJiffy: true },
  },
  {
    id: 'torn-jiffies',
    says: 'jiffies and the instant at which they are due are stored in two write sections instead of one',
    caughtBy: ['G-01'],
    decisions: { tearsJiffies: true },
  },
  {
    id: 'stopped-device',
    says: 'a one-shot device that was stopped is programmed without being started',
    caughtBy: ['E-01'],
    decisions: { programsStoppedDevice: true },
  },
  {
    id: 'kept-device',
    says: 'a device that gives its place to another is not detached',
    caughtBy: ['E-07'],
    decisions: { keepsOldDevice: true },
  },
  {
    id: 'no-handler',
    says: 'the interrupt of a tick device that has become one-shot calls nobody',
    caughtBy: ['E-08'],
    decisions: { callsNobody: true },
  },
  {
    id: 'uncounted-sleep',
    says: 'an idle CPU that stops its tick counts the call, and not the sleep',
    caughtBy: ['I-02'],
    decisions: { countsNoSleep: true },
  },
  {
    id: 'short-stop',
    says: 'an idle CPU stops its tick even where its next event is no more than a tick away',
    caughtBy: ['N-02'],
    decisions: { stopsForLessThanTick: true },
  },
  {
    id: 'kept-look',
    says: 'an attempt to stop the tick leaves its look for the next event to the attempt after it',
    caughtBy: ['N-08'],
    decisions: { keepsLook: true },
  },
  {
    id: 'over-timer',
    says: 'an idle CPU that looks for its next event passes over the timer wheel',
    caughtBy: ['N-02', 'N-03'],
    decisions: { stopsOverTimer: true },
  },
  {
    id: 'off-grid',
    says: 'a tick goes on one period after the sleep’s end, and not on the grid that it had',
    caughtBy: ['N-01'],
    decisions: { restartsOffGrid: true },
  },
  {
    id: 'idle-tick-twice',
    says: 'an idle CPU is charged with one tick too many when it goes on',
    caughtBy: ['I-05'],
    decisions: { countsIdleTickTwice: true },
  },
  {
    id: 'sleeps-in-interrupts',
    says: 'an interrupt does not end the sleep that it interrupts',
    caughtBy: ['I-01', 'I-04'],
    decisions: { sleepsInInterrupts: true },
  },
  {
    id: 'B-20',
    says: 'a reader of a CPU’s idle time takes its fields one by one, while the sleep ends (Linux until 6.4)',
    caughtBy: ['I-03'],
    decisions: { skipIdleRetry: true },
  },
  {
    id: 'B-21',
    says: 'a reader of a CPU’s idle time ends the sleep and begins the next, in that CPU’s record (Linux until 6.4)',
    caughtBy: ['I-03', 'I-04'],
    breaksGuards: true,
    decisions: { readerMovesSleep: true },
  },
  {
    id: 'B-25',
    says: 'jiffies that stand still are left to the CPU that has the duty (Linux until 5.18)',
    caughtBy: ['J-04'],
    decisions: { neverRescues: true },
  },
  {
    id: 'B-26',
    says: 'an interrupt on a CPU without a tick finds jiffies as old as the last tick of the machine (as on nohz_full until 5.16)',
    caughtBy: ['J-06'],
    decisions: { skipsJiffiesOnEntry: true },
  },
  {
    id: 'B-27',
    says: 'in low resolution a tick that has stopped leaves its device armed, which comes again and again (Linux until 5.19)',
    caughtBy: ['E-06'],
    decisions: { leavesDeviceArmed: true },
  },
  {
    id: 'B-32',
    says: 'a boot CPU of nohz_full= keeps the do_timer duty (planted; until 6.10 Linux could deadlock in taking it away)',
    caughtBy: ['J-03'],
    decisions: { bootKeepsDuty: true },
  },
  {
    id: 'B-44',
    says: 'the least distance of a device’s events grows without bound (Linux until 2.6.34)',
    caughtBy: ['E-04'],
    decisions: { minDeltaUnbounded: true },
  },
  {
    id: 'B-45',
    says: 'each forced event puts off the one that was forced before it (Linux until 7.0)',
    caughtBy: ['E-05'],
    decisions: { forgetsForcedEvent: true },
  },
  {
    id: 'B-46',
    says: 'that a forced event is under way is still believed when it has come (the first fix of B-45)',
    caughtBy: ['E-03'],
    decisions: { remembersForcedEvent: true },
  },
  {
    id: 'B-47',
    says: 'an event whose moment has passed is refused, though it must come',
    caughtBy: ['E-03'],
    decisions: { refusesLateEvent: true },
  },
  {
    id: 'B-48',
    says: 'a device’s least ticks are turned to ns rounded down (Linux until 3.12)',
    caughtBy: ['E-02'],
    decisions: { roundsMinDeltaDown: true },
  },
];
