/**
 * One execution of each class, where a class is what differs only in the order of steps that do not
 * touch: dynamic partial-order reduction by source sets, with sleep sets (Abdulla, Aronsson, Jonsson and
 * Sagonas, POPL 2014).
 *
 * At each point a set of strands is wanted. It begins as one of them, and grows when a later step turns
 * out to race with what was done there: then somebody is wanted with whom that step comes first
 * (`Overtaking`). To want the racing strand itself, as older methods do, would lose classes: it may have
 * been set aside there, and then nobody would ever go that way.
 *
 *      depth   taken                wanted
 *        4     A: store seq 1       A            B's load could have come first: B is wanted at 4
 *        5     B: load seq          B
 *
 * A strand that has been tried is set aside (in the literature: it sleeps) while others are tried instead,
 * until one of them takes a step that conflicts with its own: up to there nothing would come out that has
 * not been seen. So no class is seen twice, whatever else is wanted.
 */
import type { ExploredMachine } from './explored-machine.ts';
import { Overtaking } from './overtaking.ts';
import { lowest, type Coverage, type Ended } from './search.ts';
import type { Strand } from './strand.ts';
import { TreeWalk } from './tree-walk.ts';

/** One execution of each class. */
export function exhaustive(): SourceSets {
  return new SourceSets('every class of interleavings', false);
}

/** The same by setting aside alone, which needs no idea of races: for comparison. */
export function sleepSets(): SourceSets {
  return new SourceSets('every class of interleavings, by sleep sets alone', true);
}

export class SourceSets extends TreeWalk {
  readonly name: string;
  readonly countsClasses = true;
  /** Executions given up because all who could step were set aside: they would have repeated something. */
  blocked = 0;
  /** Everybody is wanted everywhere. */
  private readonly everybody: boolean;
  private overtaking: Overtaking | undefined;
  /** Who stays aside at the point at which the next step arrives. */
  private stayAside = 0;

  constructor(name: string, everybody: boolean) {
    super();
    this.name = name;
    this.everybody = everybody;
  }

  run(starts: readonly ExploredMachine[], ended: Ended): Coverage {
    this.begin(starts.length, ended);
    this.blocked = 0;
    for (const machine of starts) {
      this.stayAside = 0;
      this.overtaking = this.everybody ? undefined : new Overtaking(machine, this.points);
      if (!this.walk(machine)) break;
    }
    return { kind: 'exhaustive' };
  }

  protected override arrive(depth: number): void {
    const { machine, points, stayAside } = this;
    const enabled = machine.enabled();
    const able = enabled & ~stayAside;
    points.enabled[depth] = enabled;
    points.aside[depth] = stayAside;
    if (able === 0 || machine.isEndless) this.leave(enabled);
    else points.wanted[depth] = this.everybody ? enabled : able & -able;
  }

  protected override beforeTake(strand: Strand): void {
    this.stayAside = this.undisturbed(this.points.aside[this.machine.length]!, strand);
    this.overtaking?.before(strand);
  }

  protected override afterTake(): void {
    this.overtaking?.after();
  }

  protected override beforeTakeBack(): void {
    this.overtaking?.undo();
  }

  /** Nobody can step, or only who is set aside, or it is enough. */
  private leave(enabled: number): void {
    this.overtaking?.atEnd();
    if (enabled === 0 || this.machine.isEndless) this.end();
    else this.blocked++;
  }

  /** Those of `aside` whose next step has nothing to do with that of `strand`. */
  private undisturbed(aside: number, strand: Strand): number {
    let bits = 0;
    for (let left = aside; left !== 0; left &= left - 1) {
      const id = lowest(left);
      if (!this.machine.conflict(this.machine.strands[id]!, strand)) bits |= 1 << id;
    }
    return bits;
  }
}
