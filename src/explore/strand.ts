/** What the explorer knows of each CPU of a model, and of each strand of execution on it. */
import type { Behaviour } from './behaviour.ts';
import { isEnd, WaitResult, type Step } from './step.ts';

/** A thread of the model runs on a CPU of its own, and so do the interrupts of that thread. */
export class ExploredCpu {
  readonly id: number;
  readonly name: string;
  /** False: no interrupt can fire here, and masks do not matter. */
  readonly interruptible: boolean;
  /** The interrupt that has begun and not ended: nothing else runs here. */
  interrupt: Strand | undefined;
  /** How often interrupts are masked. */
  masks = 0;

  constructor(id: number, name: string, interruptible: boolean) {
    this.id = id;
    this.name = name;
    this.interruptible = interruptible;
  }
}

/** A thread, or one firing of an interrupt. */
export class Strand {
  /** Its number: a bit of each set of strands, and a digit of a schedule. */
  readonly id: number;
  readonly name: string;
  readonly cpu: ExploredCpu;
  readonly behaviour: Behaviour;
  readonly isIrq: boolean;
  /** The firing of the same interrupt that comes before this one. */
  readonly earlier: Strand | undefined;
  /** What it does next. */
  step: Step;
  /** The results of its accesses. */
  readonly log: number[] = [];
  /** What it has read: cell, version, number of the event, and so on; since its last `relax` from `readsFrom` on. */
  readonly reads: number[] = [];
  readsFrom = 0;
  readCount = 0;
  /** Number of the event by which it was woken from a sleep, if it has done nothing since; else -1. */
  wokenBy = -1;

  constructor(id: number, name: string, cpu: ExploredCpu, behaviour: Behaviour, irq?: { earlier: Strand | undefined }) {
    this.id = id;
    this.name = name;
    this.cpu = cpu;
    this.behaviour = behaviour;
    this.isIrq = irq !== undefined;
    this.earlier = irq?.earlier;
    this.step = behaviour.first;
  }

  get ended(): boolean {
    return isEnd(this.step);
  }

  noteRead(cell: number, version: number, event: number): void {
    this.reads[this.readCount++] = cell;
    this.reads[this.readCount++] = version;
    this.reads[this.readCount++] = event;
  }

  /** Its step had this result. */
  goOn(result: number): void {
    this.log.push(result);
    this.step = this.behaviour.after(this.step, result, this.log);
  }

  /** Undoes `goOn`. */
  goBack(to: Step): void {
    this.log.pop();
    this.step = to;
  }

  /** Its sleep was ended by event number `by`. */
  wake(by: number): void {
    this.wokenBy = by;
    this.goOn(WaitResult.Ok);
  }

  /** Undoes `wake`, back to its step in that sleep. */
  sleepOn(asleep: Step): void {
    this.wokenBy = -1;
    this.goBack(asleep);
  }
}

/** One step that was taken, and all that is needed to take it back. */
export class StepTaken {
  strand!: Strand;
  step!: Step;
  /** What is in the log; of a strand that fell asleep `SLEEPS`, and nothing is in the log. */
  result = 0;
  /** What the cell held before. */
  old = 0;
  /** Whether it holds something else now. */
  changed = false;
  readsFrom = 0;
  readCount = 0;
  wokenBy = -1;
  interrupt: Strand | undefined;
  /** Who slept before, where that changed. */
  sleepers: readonly Strand[] | undefined;
  /** Those of them that it woke, and their steps before. */
  woken: readonly Strand[] = NOBODY;
  wokenFrom: readonly Step[] = [];
}

/** Numbers that describe one read. */
export const READ_LENGTH = 3;
/** Result of a `wait` that has begun. */
export const SLEEPS = -1;
export const NOBODY: readonly Strand[] = [];
