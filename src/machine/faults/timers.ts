/** Timers: hrtimers and the wheel. */
import type { Fault } from './fault.ts';

export const TIMER_FAULTS: readonly Fault[] = [
  {
    id: 'deleted-running',
    says: 'whoever deletes a wheel timer for good does not look whether its function executes just now',
    caughtBy: ['W-08'],
    decisions: { deletesRunningTimer: true },
  },
  {
    id: 'second-timer',
    says: 'if the timer behind the first one of a queue is due too, it runs first',
    caughtBy: ['H-01'],
    decisions: { runsSecondTimer: true },
  },
  {
    id: 'early-timer',
    says: 'timers run that are due within the next 200 us',
    caughtBy: ['H-02'],
    decisions: { runsTimersEarly: true },
  },
  {
    id: 'cancelled-timer',
    says: 'a timer that is cancelled stays in its queue',
    caughtBy: ['H-08'],
    decisions: { forgetsCancelled: true },
  },
  {
    id: 'drifting-tick',
    says: 'a tick goes on one period after it came, and not after it was due',
    caughtBy: ['H-10', 'J-08'],
    decisions: { forwardsFromNow: true },
  },
  {
    id: 'waiting-wheel',
    says: 'an idle CPU’s tick leaves due timers of the wheel to the next busy one',
    caughtBy: ['W-02'],
    decisions: { wheelWaitsForBusy: true },
  },
  {
    id: 'unlocked-wheel',
    says: 'whoever puts a wheel timer up again drops the wheel’s lock first',
    caughtBy: ['W-05'],
    breaksGuards: true,
    decisions: { changesWheelUnlocked: true },
  },
  {
    id: 'B-36',
    says: 'timers go by the offsets that the clocks had at boot, whatever steps the wall clock has made since (Linux until 3.5, in part)',
    caughtBy: ['H-07', 'H-02', 'H-03'],
    decisions: { keepsStaleOffsets: true },
  },
  {
    id: 'B-37',
    says: 'in the pause after a hang the end of the next timer arms the device for the one after it, and no other does (Linux until 3.15)',
    caughtBy: ['H-04', 'H-03'],
    decisions: { rearmsInHang: true },
  },
  {
    id: 'B-38',
    says: 'a timer is put into another CPU’s queue though it comes before all that this CPU’s device is armed for (Linux until 3.15)',
    caughtBy: ['H-04', 'H-03'],
    decisions: { enqueuesLeftmostRemotely: true },
  },
  {
    id: 'B-42',
    says: 'a relative timer on CLOCK_REALTIME follows steps of the wall clock (Linux until 4.15)',
    caughtBy: ['H-07'],
    decisions: { relativeFollowsWallClock: true },
  },
  {
    id: 'B-43',
    says: 'when the HRTIMER softirq has run it is still believed to be on its way, so no soft timer raises it again',
    caughtBy: ['H-09', 'H-03'],
    decisions: { keepsSoftirqActivated: true },
  },
  {
    id: 'B-52',
    says: 'a timer is put on a wheel whose clock has stood still while its CPU slept, so that it comes on too coarse a level ' +
      '(Linux until 4.13)',
    caughtBy: ['W-01'],
    decisions: { keepsWheelClock: true },
  },
  {
    id: 'B-53',
    says: 'a wheel’s clock is set to the present jiffy even where it is ahead, so that it goes back (Linux until 5.8)',
    caughtBy: ['W-03'],
    decisions: { rewindsWheelClock: true },
  },
];
