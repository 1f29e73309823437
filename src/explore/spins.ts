/**
 * Spins that could have ended otherwise. What ends a spin is whichever store comes first of several that
 * may have nothing to do with each other, so no order between two steps shows what is possible:
 *
 *      A                   B                C                  or else
 *      load x = 0
 *      load y = 0
 *      relax
 *                          store x 1                           C: store y 1
 *      load x = 1                                              A: load x = 0
 *                                           store y 1          B: store x 1
 *
 * In the left execution B's store cannot come after A's load, for it ended A's spin. C's could have ended
 * it, were C first: so C is to be tried where B was, although its store conflicts with nothing here.
 */
import type { ExploredMachine } from './explored-machine.ts';
import type { HappensBefore } from './happens-before.ts';
import { TRAITS, WRITES, type Step } from './step.ts';
import { READ_LENGTH, type Strand } from './strand.ts';

const NONE: readonly number[] = [];

export class Spins {
  private readonly machine: ExploredMachine;
  private readonly order: HappensBefore;
  /** Those of this execution, oldest first, that are worth a thought. */
  private readonly ended: EndedSpin[] = [];

  constructor(machine: ExploredMachine, order: HappensBefore) {
    this.machine = machine;
    this.order = order;
  }

  /** The strand is about to take a step. */
  push(strand: Strand): void {
    if (!strand.step.relaxed) return;
    const spin = this.spinOf(strand);
    if (spin !== undefined) this.ended.push(spin);
  }

  /** The last event is about to be taken back. */
  pop(): void {
    if (this.ended.at(-1)?.event === this.machine.length - 1) this.ended.pop();
  }

  /**
   * The events that ended a spin which the step that `order` looks at, of this strand, could have ended
   * instead; and, if that step ends its own spin, which an event since then could have.
   */
  endedInstead(strand: Strand): readonly number[] {
    if (this.ended.length === 0 && !strand.step.relaxed) return NONE;
    const n = this.machine.length;
    const others = this.ended.filter((spin) => this.couldEnd(spin, n, strand, strand.step));
    const own = strand.step.relaxed ? this.spinOf(strand) : undefined;
    if (own !== undefined && this.couldHaveEnded(own)) others.push(own);
    return others.map(({ endedBy }) => endedBy);
  }

  private couldHaveEnded(spin: EndedSpin): boolean {
    for (let k = spin.endedBy + 1; k < spin.event; k++) {
      const { strand, step } = this.machine.taken[k]!;
      if (this.couldEnd(spin, k, strand, step)) return true;
    }
    return false;
  }

  /** Whether event `k` stores where the spin looks, and does not follow what ended it. */
  private couldEnd({ spinner, cells, endedBy }: EndedSpin, k: number, by: Strand, step: Step): boolean {
    return by !== spinner && (TRAITS[step.op]! & WRITES) !== 0 && cells.includes(step.at >> 2) && !this.order.isBefore(endedBy, k);
  }

  /** The spin that the strand's next step ends; undefined if it matters to nobody what ended it. */
  private spinOf(strand: Strand): EndedSpin | undefined {
    const { machine } = this;
    const { reads, readsFrom, readCount } = strand;
    const cells: number[] = [];
    let endedBy = Infinity;
    for (let i = readsFrom; i < readCount; i += READ_LENGTH) {
      cells.push(reads[i]!);
      endedBy = Math.min(endedBy, this.firstNews(reads[i]!, reads[i + 2]!));
    }
    if (endedBy >= machine.length) return undefined;
    const by = machine.taken[endedBy]!;
    const matters = by.strand !== strand && (by.strand.cpu === strand.cpu || machine.conflictOfSteps(by.step, strand.step));
    return matters ? { event: machine.length, spinner: strand, cells, endedBy } : undefined;
  }

  /** The first event after `read` that changed the cell. */
  private firstNews(cell: number, read: number): number {
    const { taken, length } = this.machine;
    for (let k = read + 1; k < length; k++) {
      if (taken[k]!.changed && taken[k]!.step.at >> 2 === cell) return k;
    }
    return Infinity;
  }
}

/** A spin, by the event that came after it and the one that ended it. */
interface EndedSpin {
  readonly event: number;
  readonly spinner: Strand;
  /** Where it looks. */
  readonly cells: readonly number[];
  readonly endedBy: number;
}
