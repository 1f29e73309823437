/** Bugs of timers that count CPU time, and of CPUs whose tick is off. */
import type { Fault } from './fault.ts';

export const CPUTIMER_FAULTS: readonly Fault[] = [
  {
    id: 'early-itimer',
    says: 'ITIMER_PROF does not allow for what its clock is ahead: time that was not charged yet when it began counts twice',
    caughtBy: ['P-01'],
    decisions: { itimerWithoutTick: true },
  },
  {
    id: 'stale-expiry-cache',
    says: 'a CPU timer that is due before all others of its clock does not say so, and no tick looks for it until another is due',
    caughtBy: ['P-02'],
    decisions: { keepsExpiryCache: true },
  },
  {
    id: 'no-remote-tick',
    says: 'the work that does the tick of a CPU whose own is off is queued once, and not again',
    caughtBy: ['N-07'],
    decisions: { ticksRemotelyOnce: true },
  },
];
