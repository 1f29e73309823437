/**
 * A participant in a window of lockstep: local events before the bound or, when it is its turn, all
 * of them, one after the other as the inline engine would. A message that it sends ends its turn where
 * the receiver may begin.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { EventKind } from '../../../shared/memory/guards.ts';
import { WindowMode, type Standing } from '../../../shared/structs/window.ts';
import { KTIME_MAX, type CpuId, type Ns } from '../../../shared/units.ts';
import type { Participant } from '../../machine/participant.ts';
import type { Cuts } from '../cuts.ts';
import type { RankOf } from '../event-order.ts';
import type { Control } from './control.ts';
import { isBefore, newBound, soften } from './lockstep-policy.ts';
import type { Pace } from './pace.ts';

export class LockstepPace implements Pace {
  private readonly control: Control;
  private readonly own: Standing;
  private readonly rankOf: RankOf;
  /** A cut stops a CPU inside an event: its promise is finite meanwhile, and its lookahead ends at the next event. */
  private readonly cuts: Cuts | undefined;
  private readonly bound = newBound();
  private turn = false;

  constructor(control: Control, id: CpuId, rankOf: RankOf, cuts: Cuts | undefined) {
    this.control = control;
    this.own = control.standings[id]!;
    this.rankOf = rankOf;
    this.cuts = cuts;
  }

  begin(): void {
    const { bound, control: { window } } = this;
    bound.time = window.horizon;
    bound.class = window.horizonClass;
    bound.cpu = window.horizonCpu;
    bound.origin = window.horizonOrigin;
    bound.n = window.horizonN;
    this.turn = window.mode === WindowMode.Turn;
  }

  mayStart(participant: Participant): boolean {
    const { bound } = this;
    if (this.turn) soften(bound, this.control.window.limit);
    if (!isBefore(participant.next, participant.id, bound, this.rankOf)) return false;
    if (this.turn || !this.isOrdered(participant)) return true;
    const { id, next: { time } } = participant;
    throw new KernelBug(`participant ${id} has an ordered event at ${time}, before ${bound.time}: its lookahead promised too much`);
  }

  starts({ next }: Participant): void {
    if (this.cuts !== undefined) this.own.promise = next.time;
  }

  /** With cuts a turn is one event: what another thread has done in it may have moved every bound. */
  ended(): void {
    if (this.cuts === undefined) return;
    this.own.promise = KTIME_MAX;
    soften(this.bound, 0);
  }

  sent(due: Ns): void {
    soften(this.bound, due);
  }

  promiseOf(cpu: CpuId): Ns {
    return this.control.standings[cpu]!.promise;
  }

  publishOrdered(participant: Participant, standing: Standing): void {
    const { time } = participant.next;
    const ordered = this.isOrdered(participant);
    standing.nextOrdered = ordered ? 1 : 0;
    standing.orderedFrom = ordered ? time : this.quietUntil(participant, time);
  }

  /** After a local event comes another one at the earliest a ns later. */
  private quietUntil(participant: Participant, time: Ns): Ns {
    if (time === KTIME_MAX) return KTIME_MAX;
    if (this.cuts !== undefined) return time + 1;
    return Math.max(time + 1, participant.quietUntil(EventKind.Local, KTIME_MAX));
  }

  private isOrdered(participant: Participant): boolean {
    const { next, id } = participant;
    if (next.time === KTIME_MAX) return false;
    return participant.nextIsOrdered() || (this.cuts?.willCut(id, next.class) ?? false);
  }
}
