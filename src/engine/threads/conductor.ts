/**
 * What the coordinator decides beside being a participant: how far the machine may go. All of it is
 * done while the machine is parked, everything before the limit done and nothing after it begun, so
 * that it sees one consistent memory: the end of the run, the question whether anything can still
 * happen, pause and step.
 */
import type { CpuId, Ns, TaskId } from '../../../shared/units.ts';
import { END_CHECK_NS, endCheckAfter, type EndCheck } from '../end-check.ts';
import type { EndReason } from '../run.ts';
import { startOfNext, type Control } from './control.ts';
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

/**
 * What the main thread may ask of the coordinator. Each answer comes when the machine stands as asked.
 * A pause or step that the next question overtakes is answered at once, and so is one after the end.
 */
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
  /** Whether it is paused and has come to rest, and where. */
  private stands = false;
  private at: Ns = 0;
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
    this.goOnTo(Infinity);
  }

  pause(): Promise<Ns> {
    this.paused = true;
    this.moveLimit();
    return this.whenPaused();
  }

  step(ns?: Ns): Promise<Ns> {
    this.goOnTo(ns === undefined ? this.first() + 1 : this.reached() + ns);
    return this.whenPaused();
  }

  snapshot(): Snapshot {
    const { standings } = this.parts.control;
    if (!this.stands && this.ending === undefined) throw new Error('a machine that runs has no one state: pause it first');
    const participants = standings.map((standing, id) => {
      const { now, events } = standing;
      return { id, now, events, nextNs: startOfNext(standing) };
    });
    return { simulatedNs: this.at, participants };
  }

  stop(): Promise<Ending> {
    this.stopAsked = this.paused = true;
    this.moveLimit();
    return new Promise((resolve) => {
      if (this.parts.member.stopped) resolve(this.ending!);
      else this.endWaiters.push(resolve);
    });
  }

  private goOnTo(to: Ns): void {
    if (this.stopAsked) return;
    this.tellPaused();
    this.stepTo = to;
    this.paused = this.stands = false;
    this.moveLimit();
  }

  private whenPaused(): Promise<Ns> {
    return new Promise((resolve) => {
      if (this.stands || this.ending !== undefined) resolve(this.at);
      else this.pauseWaiters.push(resolve);
    });
  }

  /** The machine is parked: everything before the limit is done. */
  private decide(): void {
    if (this.stands && !this.stopAsked) return;
    const first = this.first();
    if (first >= this.nextCheck) {
      const reason = this.checkTheEnd(first);
      if (reason !== undefined) return this.end(reason);
    }
    if (first >= this.parts.endNs) return this.end('duration');
    if (this.paused) this.finishBegun(first);
    if (!this.paused && first < this.stepTo) this.moveLimit();
    else if (this.stopAsked) this.end('interrupted');
    else this.stand(first);
  }

  /** A pause comes where it comes: if somebody is ahead, all others go on to there, so that time is cut straight. */
  private finishBegun(first: Ns): void {
    const last = this.lastStart();
    if (last < first) return;
    this.stepTo = last + 1;
    this.paused = false;
  }

  /** Up to `first` nothing happens, so it stands where it was told to. */
  private stand(first: Ns): void {
    this.paused = this.stands = true;
    this.at = Math.min(first, this.stepTo);
    this.stepTo = Infinity;
    this.tellPaused();
  }

  private checkTheEnd(first: Ns): EndReason | undefined {
    this.nextCheck = endCheckAfter(first);
    return this.parts.endCheck.reason();
  }

  private end(reason: EndReason): void {
    const { endCheck, windows } = this.parts;
    const endNs = reason === 'duration' ? this.parts.endNs : Math.max(this.lastStart(), 0);
    this.ending = { reason, endNs, stuckTasks: endCheck.stuckTasks() };
    this.at = endNs;
    this.tellPaused();
    windows.stop(endNs);
  }

  private tellPaused(): void {
    for (const tell of this.pauseWaiters.splice(0)) tell(this.reached());
  }

  private reached(): Ns {
    return this.stands || this.ending !== undefined ? this.at : this.parts.control.window.reached;
  }

  private moveLimit(): void {
    const { control: { window }, windows, endNs } = this.parts;
    window.limit = this.paused ? 0 : Math.min(endNs, this.nextCheck, this.stepTo);
    if (!this.paused) windows.limitMoved();
  }

  /** Of the last event that anybody has begun; -1 before the first. */
  private lastStart(): Ns {
    return this.parts.control.standings.reduce((last, { lastStart }) => Math.max(last, lastStart), -1);
  }

  /** The first event that anybody has, messages in flight included. */
  private first(): Ns {
    return this.parts.control.standings.reduce((first, standing) => Math.min(first, startOfNext(standing)), Infinity);
  }
}
