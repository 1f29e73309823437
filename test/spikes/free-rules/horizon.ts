/**
 * How far a participant may go: rules 1 and 2 of `free`. Nobody commands; each reads what the
 * others have promised.
 *
 *      sender                                 receiver
 *      event at t sends, due t + L            horizon: nextInteracting[sender] + L
 *      pushes the message
 *      nextInteracting = later                takes its messages
 *
 * All that follows from the promises of others is loaded *before* the messages are taken: who sees
 * the later promise finds the message, who sees the earlier one stops before it is due. That holds
 * for a promise of one's own that follows from theirs, too: loaded after, it leaves out the answer
 * to a message that has just come.
 */
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import { IPI_DELAY, SKEW, type FreeViews } from './records.ts';

export interface Horizon {
  /** Events before this may run: no message can be due earlier, and nobody is more than Q behind. */
  until: Ns;
  /** The smallest promise of the others: up to there everything is done. */
  others: Ns;
  /** None of the others sends before this. */
  quiet: Ns;
}

export function loadHorizon({ participants }: FreeViews, self: CpuId, into: Horizon): void {
  let least = participants[self]!.promise;
  let others = KTIME_MAX;
  let quiet = KTIME_MAX;
  for (let cpu = 0; cpu < participants.length; cpu += 1) {
    if (cpu === self) continue;
    const participant = participants[cpu]!;
    quiet = Math.min(quiet, participant.nextInteracting);
    others = Math.min(others, participant.promise);
  }
  least = Math.min(least, others);
  into.until = Math.min(plus(quiet, IPI_DELAY), plus(least, SKEW));
  into.others = others;
  into.quiet = quiet;
}

export function raisePromise({ participants }: FreeViews, self: CpuId, to: Ns): void {
  const own = participants[self]!;
  if (to > own.promise) own.promise = to;
}

export function raiseNextInteracting({ participants }: FreeViews, self: CpuId, to: Ns): void {
  const own = participants[self]!;
  if (to > own.nextInteracting) own.nextInteracting = to;
}

export function plus(time: Ns, span: Ns): Ns {
  return Math.min(KTIME_MAX, time + span);
}
