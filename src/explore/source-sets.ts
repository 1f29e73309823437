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
import { Points } from './points.ts';
import { lowest, type Coverage, type Ended, type Search } from './search.ts';
import type { Strand } from './strand.ts';

/** One execution of each class. */
export function exhaustive(): SourceSets {
  return new SourceSets('every class of interleavings', false);
}

/** The same by setting aside alone, which needs no idea of races: for comparison. */
export function sleepSets(): SourceSets {
  return new SourceSets('every class of interleavings, by sleep sets alone', true);
}

export class SourceSets implements Search {
  readonly name: string;
  readonly countsClasses = true;
  /** Executions given up because all who could step were set aside: they would have repeated something. */
  blocked = 0;
  /** Everybody is wanted everywhere. */
  private readonly everybody: boolean;
  private machine!: ExploredMachine;
  private overtaking!: Overtaking;
  private readonly points = new Points();
  private ended!: Ended;
  private startsDone = 0;
  private starts = 1;

  constructor(name: string, everybody: boolean) {
    this.name = name;
    this.everybody = everybody;
  }

  run(starts: readonly ExploredMachine[], ended: Ended): Coverage {
    this.ended = ended;
    this.starts = starts.length;
    this.startsDone = 0;
    this.blocked = 0;
    for (this.machine of starts) {
      this.overtaking = new Overtaking(this.machine, this.points);
      if (!this.visit(0)) break;
      this.startsDone++;
    }
    return { kind: 'exhaustive' };
  }

  share(): number {
    return Math.min(1, (this.startsDone + this.points.share(this.machine.length)) / this.starts);
  }

  /** All classes from here on, but for those that begin with a strand that is set aside. False: stop. */
  private visit(aside: number): boolean {
    const { machine, points } = this;
    const depth = machine.length;
    const enabled = machine.enabled();
    const able = enabled & ~aside;
    points.enabled[depth] = enabled;
    if (able === 0 || machine.isEndless) return this.leave(enabled);
    points.aside[depth] = aside;
    points.wanted[depth] = this.everybody ? enabled : able & -able;
    points.tried[depth] = 0;
    return this.tryWanted(depth, aside);
  }

  /** Nobody can step, or only who is set aside, or it is enough. */
  private leave(enabled: number): boolean {
    if (!this.everybody) this.overtaking.atEnd();
    if (enabled === 0 || this.machine.isEndless) return this.ended(this.machine);
    this.blocked++;
    return true;
  }

  /** More of them may be wanted while this goes on. */
  private tryWanted(depth: number, asideAtFirst: number): boolean {
    const { wanted, tried } = this.points;
    let aside = asideAtFirst;
    for (let left = wanted[depth]! & ~aside; left !== 0; left = wanted[depth]! & ~aside) {
      const id = lowest(left);
      if (!this.follow(id, aside)) return false;
      aside |= 1 << id;
      tried[depth]!++;
    }
    return true;
  }

  private follow(id: number, aside: number): boolean {
    const { machine } = this;
    const strand = machine.strands[id]!;
    const stayAside = this.undisturbed(aside, strand);
    for (let way = machine.waysOf(id) - 1; way >= 0; way--) {
      if (!this.take(strand, way, stayAside)) return false;
    }
    return true;
  }

  private take(strand: Strand, way: number, aside: number): boolean {
    const { machine, overtaking, everybody } = this;
    if (!everybody) overtaking.before(strand);
    machine.take(strand.id, way);
    if (!everybody) overtaking.after();
    const goOn = this.visit(aside);
    if (!everybody) overtaking.undo();
    machine.takeBack();
    return goOn;
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
