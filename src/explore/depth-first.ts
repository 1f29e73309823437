/**
 * Every interleaving, one after the other: the dumb twin of `SourceSets`, and the search that is bounded
 * by preemptions. A preemption takes the turn from a strand that could have gone on; failures need few of
 * them, so all executions with none are tried first, then those with one, and so on: the first failure
 * found is one that is easy to follow.
 */
import type { ExploredMachine } from './explored-machine.ts';
import type { Coverage, Ended, Search } from './search.ts';
import { Op } from './step.ts';
import type { Strand } from './strand.ts';
import { TreeWalk } from './tree-walk.ts';

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

export class DepthFirst extends TreeWalk {
  readonly name: string;
  readonly countsClasses = false;
  protected bound = 0;
  private readonly bounds: readonly number[];
  /** Whether the bound has kept it from anything. */
  private wasBounded = false;
  /** By depth: preemptions so far; whether whoever took the last step can go on. */
  protected readonly preemptions: number[] = [];
  protected readonly lastGoesOn: boolean[] = [];

  constructor(name: string, bounds: readonly number[]) {
    super();
    this.name = name;
    this.bounds = bounds;
  }

  run(starts: readonly ExploredMachine[], ended: Ended): Coverage {
    this.begin(starts.length * this.bounds.length, ended);
    for (this.bound of this.bounds) {
      this.wasBounded = false;
      for (const machine of starts) {
        if (!this.walk(machine)) return this.covered();
      }
      if (!this.wasBounded) break;
    }
    return this.covered();
  }

  protected override arrive(depth: number): void {
    const { machine, points } = this;
    const enabled = machine.enabled();
    points.enabled[depth] = enabled;
    points.aside[depth] = 0;
    this.preemptions[depth] = this.preemptionsAt(depth);
    const last = depth === 0 ? 0 : machine.taken[depth - 1]!.strand.id;
    this.lastGoesOn[depth] = depth > 0 && goesOn(machine, last, enabled);
    if (this.hasBeenHere(depth)) return;
    if (enabled === 0 || machine.isEndless) return this.end();
    if (this.lastGoesOn[depth]! && this.isQuiet(machine.strands[last]!)) {
      points.wanted[depth] = 1 << last;
      return;
    }
    const mayPreempt = !this.lastGoesOn[depth] || this.preemptions[depth]! < this.bound;
    points.wanted[depth] = mayPreempt ? enabled : 1 << last;
    if (points.wanted[depth] !== enabled) this.wasBounded = true;
  }

  /** Whether all that comes from here has been seen. */
  protected hasBeenHere(_depth: number): boolean {
    return false;
  }

  /** Whether it comes to the same if others take steps before its next one, or after it. */
  protected isQuiet(_strand: Strand): boolean {
    return false;
  }

  private preemptionsAt(depth: number): number {
    if (depth < 2) return 0;
    const { taken } = this.machine;
    const preempted = this.lastGoesOn[depth - 1]! && taken[depth - 1]!.strand !== taken[depth - 2]!.strand;
    return this.preemptions[depth - 1]! + (preempted ? 1 : 0);
  }

  private covered(): Coverage {
    return this.wasBounded ? { kind: 'bounded', preemptions: this.bound } : { kind: 'exhaustive' };
  }
}

/** Whether a strand would go on by itself: it can step, and not only by the end of its patience. */
export function goesOn(machine: ExploredMachine, id: number, enabled: number): boolean {
  return (enabled & (1 << id)) !== 0 && machine.strands[id]!.step.op !== Op.Asleep;
}
