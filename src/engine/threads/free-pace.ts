/**
 * A participant in a window of `free`. Local events run up to the horizon unasked, and so do reading
 * ones: what they find is what memory holds, and the promises of others say how much of it is certain.
 * An interacting event at t starts only when everybody has come to t - L, so that events L or more
 * apart run in the order of time; closer ones race, and memory decides. Who may not start yet does not
 * wait: it arrives, and takes part in the next window.
 *
 * The promise is this CPU's word that it stores nothing stamped earlier. It is raised only after an
 * event's last store, and never beyond the horizon, since a message may come from there on.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { EventKind } from '../../../shared/memory/guards.ts';
import type { Standing } from '../../../shared/structs/window.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { Participant } from '../../machine/participant.ts';
import type { Control } from './control.ts';
import type { Pace } from './pace.ts';

export interface FreeRules {
  /** L: shortest way of a message. */
  readonly ipiDelayNs: Ns;
  /** Q: how far one CPU may be ahead of another. */
  readonly skewNs: Ns;
  /** `fresh`: a reading event at t, too, waits until everybody has come to t. */
  readonly reads: 'racing' | 'fresh';
}

export class FreePace implements Pace {
  private readonly control: Control;
  private readonly own: Standing;
  private readonly id: CpuId;
  private readonly rules: FreeRules;
  private readonly fresh: boolean;
  private horizon: Ns = 0;
  private base: Ns = 0;
  private number = 0;

  constructor(control: Control, id: CpuId, rules: FreeRules) {
    this.control = control;
    this.own = control.standings[id]!;
    this.id = id;
    this.rules = rules;
    this.fresh = rules.reads === 'fresh';
  }

  begin(): void {
    const { window } = this.control;
    this.horizon = window.horizon;
    this.base = window.reached;
    this.number = window.number;
  }

  mayStart(participant: Participant): boolean {
    const { time } = participant.next;
    if (time >= this.horizon) return false;
    const kind = participant.kindOfNext();
    if (kind === EventKind.Local) return true;
    if (kind === EventKind.Reading) return !this.fresh || this.othersReached(time);
    return this.othersReached(time - this.rules.ipiDelayNs);
  }

  starts({ next, id }: Participant): void {
    const { promise } = this.own;
    if (next.time >= promise) return;
    throw new KernelBug(`participant ${id} begins an event at ${next.time} and has promised none before ${promise}`);
  }

  ended({ next }: Participant): void {
    this.own.promise = Math.min(next.time, this.horizon);
  }

  sent(due: Ns): void {
    const { horizon, id } = this;
    if (due >= horizon) return;
    throw new KernelBug(`participant ${id} sends a message due at ${due}, before the horizon ${horizon}: its lookahead promised too much`);
  }

  /** Everybody has come to the window's base, also who takes no part in it and so raises no promise. */
  promiseOf(cpu: CpuId): Ns {
    return Math.max(this.control.standings[cpu]!.promise, this.control.window.reached);
  }

  publishOrdered(participant: Participant, standing: Standing): void {
    const { time } = participant.next;
    standing.orderedFrom = participant.quietUntil(EventKind.Reading, time + this.rules.skewNs);
  }

  /** Whether nobody else will store anything stamped before `t`. Who takes no part has nothing before the horizon. */
  private othersReached(t: Ns): boolean {
    if (this.base >= t) return true;
    const { standings } = this.control;
    for (let i = 0; i < standings.length; i++) {
      if (i === this.id) continue;
      const other = standings[i]!;
      if (other.turn === this.number && other.promise < t) return false;
    }
    return true;
  }
}
