/**
 * How far a window of `free` goes (rules 1, 2 and 5 of docs/adr/0004-free-rules.md).
 *
 *      A        smallest next event of all participants, messages in flight included
 *      g        earliest instant at which anybody may send: nothing can arrive before g + L
 *      horizon  min(g + L, A + Q, limit)
 *
 *      CPU 0     A=100 ----- 130 ------------- 190 . . . . . . . . .|
 *      CPU 1            120 (g: it may send) - - - - - - - - - - - -|- 121 + L
 *      CPU 2                                                        |      next event: not before the horizon,
 *                                                                   |      so CPU 2 sleeps on
 *
 * Whoever has an event before the horizon takes part. A is published as `reached`: whatever anybody has
 * to do before it is done.
 */
import { WindowMode } from '../../../shared/structs/window.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import type { Control } from './control.ts';
import type { Opening, WindowPolicy } from './windows.ts';

export class FreePolicy implements WindowPolicy {
  private readonly ipiDelayNs: Ns;
  private readonly skewNs: Ns;

  /** L and Q. */
  constructor(ipiDelayNs: Ns, skewNs: Ns) {
    this.ipiDelayNs = ipiDelayNs;
    this.skewNs = skewNs;
  }

  open({ window, standings }: Control, limit: Ns, opening: Opening): void {
    let first = KTIME_MAX;
    let sends = KTIME_MAX;
    for (let i = 0; i < standings.length; i++) {
      const standing = standings[i]!;
      const { announced } = standing;
      first = Math.min(first, announced, standing.nextTime);
      sends = Math.min(sends, announced, standing.orderedFrom);
    }
    const horizon = Math.min(sends + this.ipiDelayNs, first + this.skewNs, limit);
    opening.count = 0;
    for (let i = 0; i < standings.length; i++) {
      const standing = standings[i]!;
      if (Math.min(standing.announced, standing.nextTime) < horizon) opening.who[opening.count++] = i;
    }
    window.reached = first;
    window.horizon = horizon;
    window.mode = WindowMode.Run;
  }
}
