/**
 * Every interleaving, one after the other: the dumb twin of `SourceSets`, and the search that is bounded
 * by preemptions. A preemption takes the CPU's turn from a strand that could have gone on; failures need
 * few of them, so all executions with none are tried first, then those with one, and so on: the first
 * failure found is one that is easy to follow.
 */
import type { ExploredMachine } from './explored-machine.ts';
import { lowest, sizeOf, type Coverage, type Ended, type Search } from './search.ts';
import { Op } from './step.ts';

const NO_STRAND = 31;

/** Every interleaving, each on its own. */
export function naive(): Search {
  return new DepthFirst('every interleaving', [Infinity]);
}

/** All executions with 0 preemptions, then with at most 1, up to at most `preemptions`. */
export function bounded(preemptions = 3): Search {
  return new DepthFirst(`at most ${preemptions} preemptions`, Array.from({ length: preemptions + 1 }, (_, n) => n));
}

/** All executions with at most `preemptions`, at once. */
export function boundedAt(preemptions: number): Search {
  return new DepthFirst(`at most ${preemptions} preemptions`, [preemptions]);
}

class DepthFirst implements Search {
  readonly name: string;
  readonly countsClasses = false;
  private readonly bounds: readonly number[];
  private bound = 0;
  /** Whether the bound has kept it from anything. */
  private wasBounded = false;
  private machine!: ExploredMachine;
  private ended!: Ended;
  /** By depth: how many strands could be tried, and how many have been. */
  private readonly width: number[] = [];
  private readonly tried: number[] = [];
  private startsDone = 0;
  private starts = 1;

  constructor(name: string, bounds: readonly number[]) {
    this.name = name;
    this.bounds = bounds;
  }

  run(starts: readonly ExploredMachine[], ended: Ended): Coverage {
    this.ended = ended;
    this.starts = starts.length * this.bounds.length;
    this.startsDone = 0;
    for (this.bound of this.bounds) {
      this.wasBounded = false;
      for (this.machine of starts) {
        if (!this.visit(NO_STRAND, 0)) return this.covered();
        this.startsDone++;
      }
      if (!this.wasBounded) break;
    }
    return this.covered();
  }

  share(): number {
    let share = 0;
    let part = 1;
    for (let depth = 0; depth < this.machine.length; depth++) {
      part /= this.width[depth]!;
      share += this.tried[depth]! * part;
    }
    return Math.min(1, (this.startsDone + share) / this.starts);
  }

  private covered(): Coverage {
    return this.wasBounded ? { kind: 'bounded', preemptions: this.bound } : { kind: 'exhaustive' };
  }

  /** All executions from here on, where `last` took the last step. False: stop. */
  private visit(last: number, preemptions: number): boolean {
    const { machine } = this;
    const depth = machine.length;
    const enabled = machine.enabled();
    if (enabled === 0 || machine.isEndless) return this.ended(machine);
    const lastCould = last !== NO_STRAND && goesOn(machine, last, enabled);
    this.width[depth] = sizeOf(enabled);
    this.tried[depth] = 0;
    for (let left = enabled; left !== 0; left &= left - 1) {
      const id = lowest(left);
      if (!this.follow(id, preemptions + (lastCould && id !== last ? 1 : 0))) return false;
      this.tried[depth]!++;
    }
    return true;
  }

  private follow(id: number, preemptions: number): boolean {
    if (preemptions > this.bound) {
      this.wasBounded = true;
      return true;
    }
    const { machine } = this;
    for (let way = machine.waysOf(id) - 1; way >= 0; way--) {
      machine.take(id, way);
      const goOn = this.visit(id, preemptions);
      machine.takeBack();
      if (!goOn) return false;
    }
    return true;
  }
}

/** Whether a strand would go on by itself: it can step, and not only by the end of its patience. */
export function goesOn(machine: ExploredMachine, id: number, enabled: number): boolean {
  return (enabled & (1 << id)) !== 0 && machine.strands[id]!.step.op !== Op.Asleep;
}
