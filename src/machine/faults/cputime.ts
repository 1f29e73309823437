/** CPU time: who writes it, who reads it. */
import type { Ns } from '../../../shared/units.ts';
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
    id: 'unmarked-exit',
    says: 'a thread that ends moves its times to its process without telling readers of the process that they move',
    caughtBy: ['A-05'],
    breaksGuards: true,
    decisions: { movesTimesUnmarked: true },
  },
  {
    id: 'B-01',
    says: 'the user-time flush moves starttime before it enters the write section (Linux until 3.12)',
    caughtBy: ['V-02', 'R-01'],
    breaksGuards: true,
    decisions: { vtimeDeltaOutsideSection: true },
  },
  {
    id: 'B-02',
    says: 'each CPU’s snapshots are by a clock of its own, 30 us ahead of the one before, and readers take them for theirs (until 3.9)',
    caughtBy: ['R-02', 'V-01', 'V-03'],
    decisions: { vtimeByRawClock: true },
  },
  {
    id: 'B-03',
    says: 'the pair that /proc shows leaves out what no tick and no entry into the kernel has charged yet (Linux until 3.12)',
    caughtBy: ['R-04'],
    decisions: { showsStoredTimes: true },
  },
  {
    id: 'B-04',
    says: 'a task’s state becomes user mode before what it did in the kernel is charged (Linux until 3.12), in a section of its own',
    caughtBy: ['V-01', 'R-02'],
    decisions: { vtimeStateFirst: true },
  },
  {
    id: 'B-05',
    says: 'at a switch the mark of a guest is looked for on the task that comes, and not on the one that goes (Linux until 5.4)',
    caughtBy: ['A-06', 'V-01', 'C-05', 'C-07'],
    decisions: { guestTestOnCurrent: true },
  },
  {
    id: 'B-06',
    says: 'vtime measures in jiffies, so that what is shorter than a tick is nothing or a whole tick (Linux from 4.6 to 4.12)',
    caughtBy: ['C-05', 'V-01', 'A-03'],
    decisions: { vtimeInJiffies: true },
  },
  {
    id: 'B-07',
    says: 'a guest’s time is shown with what has passed since a snapshot that ticks never take (Linux until 4.4)',
    caughtBy: ['A-06'],
    decisions: { gtimeWithoutVtime: true },
  },
  {
    id: 'B-08',
    says: 'a reader of a CPU’s accounts leaves out what its running task has not been charged, so that they stand still (Linux until 5.6)',
    caughtBy: ['V-03'],
    decisions: { leavesOutPending: true },
  },
  {
    id: 'B-09',
    says: '/proc/stat shows user time as guest time at nice tasks (Linux until 5.6)',
    caughtBy: ['F-02'],
    decisions: { showsUserAsGuestNice: true },
  },
  {
    id: 'B-10',
    says: 'a reader of a CPU’s accounts takes the pending time of whatever task is current, switched in or not (Linux until 5.5)',
    caughtBy: ['V-03', 'R-03'],
    decisions: { trustsCurr: true },
  },
  {
    id: 'B-11',
    says: 'the pair that /proc shows is scaled anew each time, with no memory of what was shown before (Linux until 2.6.24)',
    caughtBy: ['R-06'],
    decisions: { forgetsAdjusted: true },
  },
  {
    id: 'B-12',
    says: 'utime and stime as /proc shows them grow each by itself, so that they sum to more than has run (Linux until 4.3)',
    caughtBy: ['R-07'],
    decisions: { raisesPartsApart: true },
  },
  {
    id: 'B-13',
    says: 'system time is scaled by a product of 64 bits and a sum of 32, which long uptimes do not fit (Linux 3.9, in part)',
    caughtBy: ['R-07', 'R-08'],
    decisions: { raisesPartsApart: true, scaledStime: inNarrowIntegers },
  },
  {
    id: 'B-14',
    says: 'getrusage takes the run time of a task on a CPU without ticks as it was written down last (Linux until 5.16)',
    caughtBy: ['R-04'],
    decisions: { keepsStaleRuntime: true },
  },
  {
    id: 'B-15',
    says: 'a steal clock begins anew, and what was seen of the old one is kept, so that all time looks stolen (Linux until 4.6)',
    caughtBy: ['A-08', 'A-01'],
    decisions: { stealClockGoesBack: true },
  },
  {
    id: 'B-16',
    says: 'the ticks that hit ksoftirqd count as interruptions, its own, too, so that it never seems to run (Linux 4.11)',
    caughtBy: ['A-04', 'C-08'],
    // a load for it
    decisions: { readsIrqTimeFromSlots: true, raisesSoftirqAgain: (cpu) => cpu === 1 },
  },
  {
    id: 'B-17',
    says: 'the time of interrupts is charged by ticks, to one account at each, however many ticks there were (Linux until 4.8)',
    caughtBy: ['A-01', 'C-07'],
    decisions: { chargesIrqTimeByTicks: true },
  },
  {
    id: 'B-18',
    says: '/proc/uptime sums up idle time as it was charged, though sleeps are counted otherwise (Linux until 5.15)',
    caughtBy: ['F-05'],
    decisions: { uptimeByCharges: true },
  },
  {
    id: 'B-19',
    says: 'the ticks that an idle CPU did without are charged though its contexts are tracked: its sleep counts twice (Linux until 3.10)',
    caughtBy: ['A-01', 'C-07', 'A-02'],
    decisions: { countsIdleTicksOfTracked: true },
  },
];

/** stime * rtime / total, the product modulo 2^64 and the divisor modulo 2^32: to the precision of a double, and never beyond it. */
function inNarrowIntegers(stime: Ns, rtime: Ns, total: Ns): Ns {
  const divisor = Math.max(1, total % 2 ** 32);
  return Math.min(Number.MAX_SAFE_INTEGER, Math.floor(((stime * rtime) % 2 ** 64) / divisor));
}
