/**
 * Which step of an execution happens before which: by the order on its CPU, by conflict over a cell, and
 * by waking. Two steps that are not so ordered could as well have come the other way round.
 *
 * Each event has a clock: by CPU, how many events had been when the last event of that CPU happened
 * that this one must follow (its number + 1), 0 for none. All clocks lie in one array, a row an event;
 * the row beyond the last event is that of the step which is being looked at.
 */
import type { ExploredMachine } from './explored-machine.ts';
import type { Strand } from './strand.ts';
import { conflict, NO_CELL, QUEUES, READS, TRAITS, WRITES, type Step } from './step.ts';

const NONE = -1;

export class HappensBefore {
  /** Events that the step looked at conflicts with, and that nothing orders before it: latest first. */
  readonly races: number[] = [];
  private readonly machine: ExploredMachine;
  private readonly cpus: number;
  private clocks: Int32Array;
  /** By CPU, cell, and strand: its last event. */
  private readonly lastOfCpu: Int32Array;
  private readonly lastOfCell: Int32Array;
  private readonly lastOfStrand: Int32Array;
  /** Last event that stored into a cell of the invariant: all of those are ordered. */
  private lastWatched = NONE;
  /** By event: the one before it of its CPU, cell, strand, and of those that the invariant watches. */
  private readonly onCpu: number[] = [];
  private readonly onCell: number[] = [];
  private readonly onStrand: number[] = [];
  private readonly onWatched: number[] = [];
  /** Scratch: by CPU, its first event of a stretch. */
  private readonly firstOfCpu: Int32Array;

  constructor(machine: ExploredMachine) {
    this.machine = machine;
    this.cpus = machine.cpus.length;
    this.clocks = new Int32Array(64 * this.cpus);
    this.lastOfCpu = new Int32Array(this.cpus).fill(NONE);
    this.lastOfCell = new Int32Array(machine.versions.length).fill(NONE);
    this.lastOfStrand = new Int32Array(machine.strands.length).fill(NONE);
    this.firstOfCpu = new Int32Array(this.cpus);
  }

  /** Number of the strand's last event, or -1. */
  lastEventOf(strand: Strand): number {
    return this.lastOfStrand[strand.id]!;
  }

  /** Number of the last event of the strand's CPU, or -1; `before` one of its events, the one before that. */
  lastOnCpu(strand: Strand): number {
    return this.lastOfCpu[strand.cpu.id]!;
  }
  beforeOnCpu(event: number): number {
    return this.onCpu[event]!;
  }

  /** Whether `event` happens before `later`, which may be the step looked at (the number after the last). */
  isBefore(event: number, later: number): boolean {
    return this.clocks[later * this.cpus + this.machine.taken[event]!.strand.cpu.id]! > event;
  }

  /** Looks at the strand's next step: what happens before it, and with what it races. */
  look(strand: Strand): void {
    const n = this.machine.length;
    const { cpus } = this;
    if ((n + 1) * cpus > this.clocks.length) this.grow();
    this.clocks.fill(0, n * cpus, (n + 1) * cpus);
    const own = this.lastOfCpu[strand.cpu.id]!;
    if (own !== NONE) this.join(own);
    if (strand.wokenBy >= 0) this.join(strand.wokenBy);
    this.races.length = 0;
    if (strand.step.at !== NO_CELL) this.meet(strand);
    this.clocks[n * cpus + strand.cpu.id] = n + 1;
  }

  /** The step looked at is about to be taken. */
  push(strand: Strand): void {
    const n = this.machine.length;
    const { id, cpu, step } = strand;
    this.onCpu[n] = this.lastOfCpu[cpu.id]!;
    this.lastOfCpu[cpu.id] = n;
    this.onStrand[n] = this.lastOfStrand[id]!;
    this.lastOfStrand[id] = n;
    this.onWatched[n] = this.lastWatched;
    if (step.at === NO_CELL) return;
    this.onCell[n] = this.lastOfCell[step.at >> 2]!;
    this.lastOfCell[step.at >> 2] = n;
    if (this.machine.isWatched(step)) this.lastWatched = n;
  }

  /** The last event is about to be taken back. */
  pop(): void {
    const n = this.machine.length - 1;
    const { strand: { id, cpu }, step } = this.machine.taken[n]!;
    this.lastOfCpu[cpu.id] = this.onCpu[n]!;
    this.lastOfStrand[id] = this.onStrand[n]!;
    this.lastWatched = this.onWatched[n]!;
    if (step.at !== NO_CELL) this.lastOfCell[step.at >> 2] = this.onCell[n]!;
  }

  /**
   * The strands that could come first if `event` did not: whose first step after it follows neither
   * `event` nor another such step, as bits. `strand`: the step that is looked at is one of them.
   */
  initialsAfter(event: number, strand?: Strand): number {
    const n = this.machine.length;
    const last = strand === undefined ? n - 1 : n;
    const none = n + 1;
    const { firstOfCpu } = this;
    firstOfCpu.fill(none);
    let seen = 0;
    let first = 0;
    for (let k = event + 1; k <= last; k++) {
      if (k < n && this.isBefore(event, k)) continue;
      const who = k < n ? this.machine.taken[k]!.strand : strand!;
      const bit = 1 << who.id;
      if ((seen & bit) === 0 && !this.followsAny(k)) first |= bit;
      seen |= bit;
      if (firstOfCpu[who.cpu.id] === none) firstOfCpu[who.cpu.id] = k;
    }
    return first;
  }

  private followsAny(event: number): boolean {
    const row = event * this.cpus;
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      if (this.clocks[row + cpu]! > this.firstOfCpu[cpu]!) return true;
    }
    return false;
  }

  /** From the latest on, the events with which the step conflicts; one that another has brought along is no race. */
  private meet(strand: Strand): void {
    const { step, cpu } = strand;
    let ofCell = this.lastOfCell[step.at >> 2]!;
    let watched = this.machine.isWatched(step) ? this.lastWatched : NONE;
    while (ofCell !== NONE || watched !== NONE) {
      const event = Math.max(ofCell, watched);
      const { strand: other, step: theirs } = this.machine.taken[event]!;
      if (other.cpu !== cpu && (event === watched || conflict(theirs, step))) this.meetEvent(event);
      if (event === ofCell) ofCell = ordersAllBefore(theirs, step) ? NONE : this.onCell[event]!;
      if (event === watched) watched = NONE;
    }
  }

  private meetEvent(event: number): void {
    if (!this.isBefore(event, this.machine.length)) this.races.push(event);
    this.join(event);
  }

  /** The step looked at follows `event`, and so all that this one follows. */
  private join(event: number): void {
    const { clocks, cpus } = this;
    const mine = this.machine.length * cpus;
    const theirs = event * cpus;
    for (let cpu = 0; cpu < cpus; cpu++) {
      if (clocks[theirs + cpu]! > clocks[mine + cpu]!) clocks[mine + cpu] = clocks[theirs + cpu]!;
    }
  }

  private grow(): void {
    const more = new Int32Array(2 * this.clocks.length + this.cpus);
    more.set(this.clocks);
    this.clocks = more;
  }
}

/** Whether all earlier events of the cell with which `step` conflicts happen before `event`, so that one need not look at them. */
function ordersAllBefore(event: Step, step: Step): boolean {
  const [theirs, mine] = [TRAITS[event.op]!, TRAITS[step.op]!];
  const overValue = (mine & (READS | WRITES)) === 0 || (theirs & WRITES) !== 0;
  const overQueue = (mine & QUEUES) === 0 || (theirs & QUEUES) !== 0;
  return overValue && overQueue;
}
