/**
 * When what happens in a recorded window, for the machine that is to do the same. All of it follows from
 * what the recording states: the window, the instants T0 and T1 of the run in it, the tick of sleeps.
 *
 *      wakes      looks at /proc           sleeps 20 ms (*)   starts the workers ... sleeps      wakes, looks again
 *      |----------------------------------|------------------|-----------------------------------|
 *      w0 (first look, at its beginning)                     T0                                  T1 = w1 (second look)
 *
 * (*) and in a traced pass until all CPUs know that the trace is on
 */
import { NSEC_PER_MSEC, NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import { numberAt, type Leaves } from './leaves.ts';
import { TICK_NS } from './qemu-machine.ts';

export interface Timeline {
  /** when the recorder's sleep before its first look ends: with the last tick before that, where sleeps end with ticks */
  readonly wakeNs: Ns;
  /** when that look counts: at its beginning */
  readonly beforeNs: Ns;
  /** how long the look takes, all of it in the kernel */
  readonly lookNs: Ns;
  /** what it sleeps then */
  readonly pauseNs: Ns;
  /** for how many grace periods it then waits: it empties the trace, of which all CPUs must know */
  readonly graces: number;
  /** and what it sleeps for each, short of their ends */
  readonly graceNs: Ns;
  /** then it arms the trace, in the kernel */
  readonly armNs: Ns;
  /** of the workers, start and end */
  readonly t0Ns: Ns;
  readonly t1Ns: Ns;
  /** what the recorder sleeps in between, short of the instant at which its sleep is to end */
  readonly runNs: Ns;
  /** how long a poll takes: it sleeps, and is back with the tick after */
  readonly pollNs: Ns;
  /** sleeps are to end by that much sooner: in the middle of the tick before, or of a wake-up's way */
  readonly shortNs: Ns;
  /** when the second look counts */
  readonly liveNs: Ns;
}

/** The recorder sleeps at least so long between its first look and the start, and where it polls, between two polls. */
export const PAUSE_NS: Ns = 20 * NSEC_PER_MSEC;
/** Emptying a trace waits for two: none may be writing when its buffers are switched off, nor when they are switched on. */
const GRACES = 2;
/** A grace period takes whole ticks, three at least: it begins, the CPUs are seen, it ends. */
const GRACE_NS: Ns = 3 * TICK_NS;
/** A look takes so long: the files of the system, and for each worker four files of its own. */
const SYSTEM_NS: Ns = 24 * NSEC_PER_MSEC;
const WORKER_NS: Ns = 2 * NSEC_PER_MSEC;
/** A machine has booted and come to rest by then. */
const SETTLED_NS: Ns = 3 * NSEC_PER_SEC;
/** Between the end of the run and the second look it writes where to. */
const RETURN_NS: Ns = 80_000;
/** And in a traced pass it switches the trace off first. */
const MARK_NS: Ns = 320_000;
/** A sleeper has come back by then after its time, slack included, and has looked at the clock. */
const WAKE_NS: Ns = 500_000;

/** `sleepTickNs`: how coarse sleeps are: a tick without high resolution, 0 with it. */
export function timelineOf(figures: Leaves, sleepTickNs: Ns): Timeline {
  const windowNs = Math.round(numberAt(figures, 'window_s') * NSEC_PER_SEC);
  const [t0, t1] = recordedRun(figures, windowNs);
  const recordedBefore = t1 + (figures.has('trace.span_s') ? MARK_NS : RETURN_NS) - windowNs;
  // the same place between two ticks and between two seconds, whose timers the kernel rounds
  const beforeNs = SETTLED_NS + recordedBefore % NSEC_PER_SEC;
  const t0Ns = beforeNs + t0 - recordedBefore;
  const t1Ns = t0Ns + t1 - t0;
  // what it sleeps for ends in the middle of the tick before, or of a wake-up's way
  const shortNs = Math.max(sleepTickNs, WAKE_NS) / 2;
  const restNs = t0Ns - shortNs - beforeNs;
  const lookNs = Math.min(restNs - PAUSE_NS, SYSTEM_NS + WORKER_NS * workersIn(figures));
  const leftNs = restNs - lookNs - PAUSE_NS;
  const graces = leftNs >= GRACES * GRACE_NS ? GRACES : 0;
  const graceNs = graces === 0 ? 0 : Math.floor(leftNs / graces / TICK_NS) * TICK_NS;
  return {
    wakeNs: beforeNs - Math.max(sleepTickNs / 2, WAKE_NS), beforeNs, lookNs, 
    pauseNs: graces === 0 ? leftNs + PAUSE_NS : PAUSE_NS,
    graces, graceNs: graceNs - shortNs, armNs: graces === 0 ? 0 : leftNs - graces * graceNs, t0Ns, t1Ns,
    runNs: t1Ns - t0Ns - shortNs, pollNs: PAUSE_NS + sleepTickNs + WAKE_NS / 4,
    shortNs, liveNs: t1Ns + sleepTickNs / 2 + WAKE_NS,
  };
}

function workersIn(figures: Leaves): number {
  let n = 0;
  while (figures.has(`workers.${n}.pid`)) n += 1;
  return n;
}

/** The instants at which the workers were started, and the recorder was back. */
function recordedRun(figures: Leaves, windowNs: Ns): readonly [Ns, Ns] {
  if (figures.has('workers.T0')) return [numberAt(figures, 'workers.T0'), numberAt(figures, 'workers.T1')];
  // whoever ran by itself began with the trace, which ended with it
  const spanNs = figures.has('trace.span_s') ? Math.round(numberAt(figures, 'trace.span_s') * NSEC_PER_SEC) : windowNs - 2 * PAUSE_NS;
  return [windowNs - spanNs, windowNs];
}
