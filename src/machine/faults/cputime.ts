/** CPU time: who writes it, who reads it. */
import type { Fault } from './fault.ts';

export const CPUTIME_FAULTS: readonly Fault[] = [
  {
    id: 'torn-vtime',
    says: 'the writer closes its vtime section between the clock and the time that it measured, so that half a version is published',
    caughtBy: ['V-01', 'C-01', 'R-01'],
    decisions: { tearVtimeWrite: true },
  },
  {
    id: 'missing-retry',
    says: 'a reader of a task’s CPU time does not look whether the sequence moved while it read',
    caughtBy: ['V-02', 'R-01'],
    decisions: { skipReadRetry: true },
  },
  {
    id: 'restless-reader',
    says: 'a reader of a task’s CPU time throws two passes away though nothing was published meanwhile',
    caughtBy: ['R-09'],
    decisions: { rereadsForNothing: true },
  },
  {
    id: 'promise-outside',
    says: 'a reader of a task’s CPU time loads the promise when its section is over, so that an edge in between is extrapolated over',
    caughtBy: ['V-02', 'R-01'],
    needsRaces: true,
    decisions: { promiseAfterSection: true },
  },
  {
    id: 'own-clock',
    says: 'a reader of a task’s CPU time extrapolates to its own clock, however far the task’s CPU has come',
    caughtBy: ['V-02', 'R-01'],
    decisions: { ignorePromise: true },
  },
  {
    id: 'B-01',
    says: 'the user-time flush moves starttime before it enters the write section (Linux until 3.12)',
    caughtBy: ['V-02', 'R-01'],
    breaksGuards: true,
    decisions: { vtimeDeltaOutsideSection: true },
  },
];
