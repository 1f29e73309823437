/**
 * Depth first through the tree of a model's executions. Executions may be thousands of steps long, so it
 * keeps where it is in arrays by depth, and needs no call stack.
 *
 *      arrive      who is to be tried here? Nobody: the execution ends here
 *      forward     the next of them takes its step, in one of the ways that there are
 *      back        it takes it back; when all its ways are done, it is set aside
 */
import type { ExploredMachine } from './explored-machine.ts';
import { Points } from './points.ts';
import { lowest, type Coverage, type Ended, type Search } from './search.ts';
import type { Strand } from './strand.ts';

const NOBODY = -1;

export abstract class TreeWalk implements Search {
  abstract readonly name: string;
  abstract readonly countsClasses: boolean;
  protected readonly points = new Points();
  protected machine!: ExploredMachine;
  private ended!: Ended;
  /** It goes back to its beginning, and need not be told why. */
  protected givesUp = false;
  private stopped = false;
  /** By depth: who is being tried, and in how many ways it can still go. */
  private readonly current: number[] = [];
  private readonly waysLeft: number[] = [];
  private walksDone = 0;
  private walks = 1;

  abstract run(starts: readonly ExploredMachine[], ended: Ended): Coverage;

  share(): number {
    return Math.min(1, (this.walksDone + this.points.share(this.machine.length)) / this.walks);
  }

  /** Says at `points` who can step, and who of them is to be tried, nobody where it ends. Calls `end` there. */
  protected abstract arrive(depth: number): void;
  protected beforeTake(_strand: Strand): void {}
  protected afterTake(): void {}
  protected beforeTakeBack(): void {}

  /** There will be so many walks. */
  protected begin(walks: number, ended: Ended): void {
    this.ended = ended;
    this.stopped = false;
    this.walks = walks;
    this.walksDone = 0;
  }

  /** All executions of the machine, which stands at its beginning, and will stand there again. False: it was told to stop. */
  protected walk(machine: ExploredMachine): boolean {
    this.machine = machine;
    this.enter(0);
    for (;;) {
      const id = this.stopped || this.givesUp ? NOBODY : this.next(machine.length);
      if (id !== NOBODY) this.forward(id);
      else if (machine.length > 0) this.back();
      else break;
    }
    this.walksDone++;
    return !this.stopped;
  }

  /** An execution has ended. */
  protected end(): void {
    if (!this.ended(this.machine)) this.stopped = true;
  }

  private enter(depth: number): void {
    const { points } = this;
    points.tried[depth] = 0;
    points.wanted[depth] = 0;
    this.waysLeft[depth] = 0;
    this.arrive(depth);
  }

  /** Who takes its step from here. */
  private next(depth: number): number {
    if (this.waysLeft[depth] === 0) {
      const left = this.points.wanted[depth]! & ~this.points.aside[depth]!;
      if (left === 0) return NOBODY;
      this.current[depth] = lowest(left);
      this.waysLeft[depth] = this.machine.waysOf(this.current[depth]!);
    }
    return this.current[depth]!;
  }

  private forward(id: number): void {
    const { machine } = this;
    const way = --this.waysLeft[machine.length]!;
    this.beforeTake(machine.strands[id]!);
    machine.take(id, way);
    this.afterTake();
    this.enter(machine.length);
  }

  private back(): void {
    const { machine, points } = this;
    this.beforeTakeBack();
    machine.takeBack();
    const depth = machine.length;
    if (this.waysLeft[depth] !== 0) return;
    points.aside[depth]! |= 1 << this.current[depth]!;
    points.tried[depth]!++;
  }
}
