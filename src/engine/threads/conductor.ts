/**
 * What the coordinator decides beside being a participant: how far the machine may go. All of it is
 * done while the machine is parked, everything before the limit done and nothing after it begun, so
 * that it sees one consistent memory: the end of the run, the question whether anything can still
 * happen, pause and step.
 */
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { END_CHECK_NS, endCheckAfter, type EndCheck } from '../end-check.ts';
import type { EndReason } from '../run.ts';
import type { Control } from './control.ts';
import type { Member } from './member.ts';
import type { Windows } from './windows.ts';

/** How a run ended. */
export interface Ending {
  readonly reason: EndReason;
  readonly endNs: Ns;
  /** Tasks that nothing can wake any more. */
  readonly stuckTasks: readonly TaskId[];
}

/** Where everybody stands while the machine is parked. */
export interface Snapshot {
  /** Everything before this instant is done. */
  readonly simulatedNs: Ns;
  readonly participants: readonly {
    readonly id: CpuId;
    readonly now: Ns;
    /** Start of its next event; KTIME_MAX when there is none. */
    readonly nextNs: Ns;
    readonly events: number;
  }[];
}

/** What the main thread may ask of the coordinator. Each answer comes when the machine stands as asked. */
export interface MachineControl {
  start(): void;
  /** The instant up to which everything is done. */
  pause(): Promise<Ns>;
  /** Goes on by so much simulated time, or through the next instant at which anything happens; then pauses. */
  step(ns?: Ns): Promise<Ns>;
  /** @throws if the machine is not paused */
  snapshot(): Snapshot;
  /** Ends the run where it is, or says how it has ended. */
  stop(): Promise<Ending>;
}

export interface ConductorParts {
  readonly control: Control;
  readonly member: Member;
  readonly windows: Windows;
  readonly endCheck: EndCheck;
  /** No event begins at this instant or later. */
  readonly endNs: Ns;
}

/** Longest sleep on the bell: the event loop gets its turn after it. */
const LONGEST_SLEEP_MS = 5;

export class Conductor implements MachineControl {
  private readonly parts: ConductorParts;
  private nextCheck: Ns = END_CHECK_NS;
  private paused = true;
  private stepTo: Ns = Infinity;
  private stopAsked = false;
  private ending: Ending | undefined;
  private readonly pauseWaiters: ((at: Ns) => void)[] = [];
  private readonly endWaiters: ((ending: Ending) => void)[] = [];

  constructor(parts: ConductorParts) {
    this.parts = parts;
  }

  /** Until the run is over. */
  async conduct(giveWay: () => Promise<void>): Promise<Ending> {
    const { member, control: { window } } = this.parts;
    while (!member.stopped) {
      member.turn(LONGEST_SLEEP_MS);
      if (window.parked === 1) this.decide();
      await giveWay();
    }
    for (const tell of this.endWaiters) tell(this.ending!);
    return this.ending!;
  }

  start(): void {
    this.paused = false;
    this.moveLimit();
  }

  pause(): Promise<Ns> {
    this.paused = true;
    this.moveLimit();
    return this.whenPaused();
  }

  step(ns?: Ns): Promise<Ns> {
    const first = this.first();
    this.stepTo = ns === undefined ? first + 1 : this.parts.control.window.reached + ns;
    this.start();
    return this.whenPaused();
  }

  snapshot(): Snapshot {
    const { window, standings } = this.parts.control;
    if (window.parked === 0 && this.ending === undefined) throw new Error('a machine that runs has no one state: pause it first');
    const participants = standings.map(({ now, nextTime, events }, id) => ({ id, now, events, nextNs: nextTime }));
    return { simulatedNs: window.reached, participants };
  }

  stop(): Promise<Ending> {
    this.stopAsked = true;
    this.moveLimit();
    return new Promise((resolve) => {
      if (this.parts.member.stopped) resolve(this.ending!);
      else this.endWaiters.push(resolve);
    });
  }

  private whenPaused(): Promise<Ns> {
    return new Promise((resolve) => this.pauseWaiters.push(resolve));
  }

  /** The machine is parked: everything before the limit is done. */
  private decide(): void {
    const first = this.first();
    if (this.stopAsked) return this.end('interrupted');
    if (first >= this.parts.endNs) return this.end('duration');
    if (first >= this.nextCheck) {
      const reason = this.checkTheEnd(first);
      if (reason !== undefined) return this.end(reason);
    }
    if (first >= this.stepTo) {
      this.paused = true;
      this.stepTo = Infinity;
    }
    if (this.paused) this.tellPaused();
    else this.moveLimit();
  }

  private checkTheEnd(first: Ns): EndReason | undefined {
    this.nextCheck = endCheckAfter(first);
    return this.parts.endCheck.reason();
  }

  private end(reason: EndReason): void {
    const { control: { standings }, endCheck, windows } = this.parts;
    const lastStart = standings.reduce((last, standing) => Math.max(last, standing.lastStart), 0);
    const endNs = reason === 'duration' ? this.parts.endNs : lastStart;
    this.ending = { reason, endNs, stuckTasks: endCheck.stuckTasks() };
    this.tellPaused();
    windows.stop(endNs);
  }

  private tellPaused(): void {
    for (const tell of this.pauseWaiters.splice(0)) tell(this.parts.control.window.reached);
  }

  private moveLimit(): void {
    const { control: { window }, windows, endNs } = this.parts;
    const stands = this.paused || this.stopAsked;
    window.limit = stands ? 0 : Math.min(endNs, this.nextCheck, this.stepTo);
    if (!stands) windows.limitMoved();
  }

  /** The first event that anybody has, messages in flight included. */
  private first(): Ns {
    return this.parts.control.standings.reduce((first, { nextTime, announced }) => Math.min(first, nextTime, announced), Infinity);
  }
}
