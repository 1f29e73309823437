/**
 * Where else a step could have come: at which earlier points somebody is to be tried who was not, so that
 * the step comes before something that it came after.
 *
 * The rule is that of source sets: a step that races with an event could come first. Let what need not
 * follow the event go on without it, up to the step; whoever can begin that is a candidate. More rules
 * are needed because steps can also keep each other from happening, and conflict nowhere:
 *
 *      a spin has ended                it could have ended by another store: `Spins`
 *      an interrupt has its CPU        the thread's next step could have come before it began
 *      interrupts are masked           one that never fires could have fired before
 *      a sleeper is woken              it could have timed out before
 *
 * They may want more than is necessary, never less.
 */
import type { ExploredMachine } from './explored-machine.ts';
import { HappensBefore } from './happens-before.ts';
import type { Points } from './points.ts';
import { Spins } from './spins.ts';
import { conflict, type Step } from './step.ts';
import type { Strand } from './strand.ts';

export class Overtaking {
  private readonly machine: ExploredMachine;
  private readonly points: Points;
  private readonly order: HappensBefore;
  private readonly spins: Spins;
  /** Sleeps with a time-out that somebody else ended. */
  private readonly cutShort: CutShort[] = [];

  constructor(machine: ExploredMachine, points: Points) {
    this.machine = machine;
    this.points = points;
    this.order = new HappensBefore(machine);
    this.spins = new Spins(machine, this.order);
  }

  /** The strand is about to take a step. */
  before(strand: Strand): void {
    this.look(strand);
    this.order.push(strand);
    this.spins.push(strand);
  }

  /** It has taken it. */
  after(): void {
    const event = this.machine.length - 1;
    const { woken, wokenFrom } = this.machine.taken[event]!;
    for (let i = 0; i < woken.length; i++) {
      if (wokenFrom[i]!.value === Infinity) continue;
      this.points.wantAll(event, 1 << woken[i]!.id);
      this.cutShort.push({ event, sleeper: woken[i]!, step: wokenFrom[i]! });
    }
  }

  /** It is about to be taken back. */
  undo(): void {
    const event = this.machine.length - 1;
    while (this.cutShort.at(-1)?.event === event) this.cutShort.pop();
    this.spins.pop();
    this.order.pop();
  }

  /** Nothing more will come: steps that never came may have come earlier. */
  atEnd(): void {
    for (const strand of this.machine.strands) {
      if (strand.cpu.interruptible && !strand.ended) this.look(strand);
    }
    for (const sleep of this.cutShort) {
      if (this.couldBeLonger(sleep)) this.points.wantOneOf(sleep.event, this.order.initialsAfter(sleep.event));
    }
  }

  private look(strand: Strand): void {
    const { order } = this;
    order.look(strand);
    for (const event of order.races) {
      if (!this.waitedFor(event, strand)) this.overtake(event, strand);
    }
    if (strand.cpu.interruptible) {
      const event = this.heldBackBy(strand);
      if (event >= 0) this.overtake(event, strand);
    }
    for (const event of this.spins.endedInstead(strand)) this.overtake(event, strand);
  }

  private overtake(event: number, strand: Strand): void {
    this.points.wantOneOf(event, this.order.initialsAfter(event, strand));
  }

  /** Whether the strand could do nothing before this event, and could step right after it. */
  private waitedFor(event: number, strand: Strand): boolean {
    const { enabled } = this.points;
    const bit = 1 << strand.id;
    return (enabled[event]! & bit) === 0 && (enabled[event + 1]! & bit) !== 0 && this.order.lastEventOf(strand) < event;
  }

  /**
   * The event on the strand's own CPU, of another strand, than which its next step could have been
   * earlier: the latest where it could step, or else the first since its own last one. -1: none.
   */
  private heldBackBy(strand: Strand): number {
    const { machine, order } = this;
    let first = -1;
    for (let event = order.lastOnCpu(strand); event >= 0 && machine.taken[event]!.strand !== strand; event = order.beforeOnCpu(event)) {
      if ((this.points.enabled[event]! & (1 << strand.id)) !== 0) return event;
      first = event;
    }
    return strand.isIrq ? -1 : first;
  }

  /** Whether something has come since that a longer sleep would have had to follow. */
  private couldBeLonger({ event, sleeper, step }: CutShort): boolean {
    const { machine, order } = this;
    for (let k = event + 1; k < machine.length; k++) {
      const other = machine.taken[k]!;
      if (!order.isBefore(event, k) && (other.strand.cpu === sleeper.cpu || conflict(other.step, step))) return true;
    }
    return false;
  }
}

interface CutShort {
  /** The event that ended it. */
  readonly event: number;
  readonly sleeper: Strand;
  /** Its step in the sleep: the time-out. */
  readonly step: Step;
}
