/** Clock sources and the timekeeper. */
import type { Fault } from './fault.ts';

export const CLOCK_FAULTS: readonly Fault[] = [
  {
    id: 'tai-left-behind',
    says: 'a step of the wall clock leaves TAI where it was',
    caughtBy: ['T-05'],
    decisions: { forgetsTai: true },
  },
  {
    id: 'uncounted-step',
    says: 'a step of the wall clock is not counted, so that CPUs take their offsets for good',
    caughtBy: ['T-06'],
    decisions: { countsNoStep: true },
  },
  {
    id: 'stale-latch',
    says: 'the fast clocks are not told when the clock source changes, and read the old one until the next tick',
    caughtBy: ['T-10', 'T-01'],
    decisions: { forgetsFastClocks: true },
  },
  {
    id: 'unnormalised',
    says: 'the timekeeper is published with a whole ns in its fraction',
    caughtBy: ['T-08'],
    decisions: { keepsWholeNs: true },
  },
  {
    id: 'first-source',
    says: 'the clock source that registered first is selected, whatever its rating',
    caughtBy: ['K-01'],
    decisions: { takesFirstSource: true },
  },
  {
    id: 'never-reselects',
    says: 'an unstable clock source is rated 0 and read on',
    caughtBy: ['K-04', 'K-02'],
    decisions: { neverReselects: true },
  },
  {
    id: 'B-23',
    says: 'an idle CPU sleeps as long as it likes, so that the timekeeper’s counter may start anew unseen (Linux until 2.6.32)',
    caughtBy: ['T-09', 'T-04'],
    decisions: { sleepsPastWrap: true },
  },
  {
    id: 'B-61',
    says: 'the coarse clocks follow each change of the multiplier, which may move the base back (Linux until 6.14)',
    caughtBy: ['T-02'],
    decisions: { coarseFollowsAdjustment: true },
  },
  {
    id: 'B-62',
    says: 'the watchdog judges a clock source however long the interval was, so that a CPU that was held up makes a good one unstable',
    caughtBy: ['K-03'],
    decisions: { judgesLongIntervals: true },
  },
  {
    id: 'B-63',
    says: 'a counter that is behind is taken for one that has gone all the way round, so that time jumps',
    caughtBy: ['T-03', 'T-01'],
    decisions: { believesNegativeDelta: true },
  },
  {
    id: 'B-64',
    says: 'the timekeeper’s counter is stored before its write section begins',
    caughtBy: ['T-01', 'T-03'],
    breaksGuards: true,
    decisions: { publishesEarly: true },
  },
  {
    id: 'B-64-unmarked',
    says: 'the timekeeper is stored while its sequence is even all the time',
    caughtBy: ['T-01', 'T-03'],
    breaksGuards: true,
    decisions: { publishesUnmarked: true },
  },
  {
    id: 'B-65',
    says: 'a step of the wall clock that is refused stays in the shadow timekeeper, and takes place with the next tick',
    caughtBy: ['T-07'],
    decisions: { leavesShadowDirty: true },
  },
];
