/**
 * Every state of a model, and not every way to it: what is to come depends on what the cells hold, on what each strand has been told,
 * and on who waits for what. So an execution that comes to a state which an earlier one has left in every way ends there.
 *
 *      A: store x 1                 B: load y = 0
 *      B: load y = 0                A: store x 1
 *                  \                /
 *                   x 1, A has stored, B has 0: all that comes next is the same
 *
 * With a bound on preemptions it also depends on who took the last step, if he goes on, and on how many preemptions are left: whoever
 * comes with no more of them than have been there need not go on.
 *
 * What an execution is judged by must not lie behind such a state. So where an invariant is broken nothing ends early; a model with
 * accesses that are not atomic is searched like `DepthFirst`, since a race lies in the way.
 */
import { Contents } from './contents.ts';
import { DepthFirst } from './depth-first.ts';
import type { ExploredMachine } from './explored-machine.ts';
import { STATES_KNOWN_MAX, STRANDS_MAX } from './limits.ts';
import { QuietCells } from './quiet-cells.ts';
import { StateTable } from './state-table.ts';
import { Op } from './step.ts';
import type { Strand } from './strand.ts';

const ENDLESS = 0x7fff_ffff;
/** Of a row: contents, who has news, who goes on; then each strand's step. */
const STEPS_AT = 3;

/** Every state: as much as `naive` and `exhaustive` cover. */
export function everyState(): StateWalk {
  return new StateWalk('every state', [Infinity]);
}

/** Every state to which at most `preemptions` lead: as much as `boundedAt` covers. */
export function everyStateWithin(preemptions: number): StateWalk {
  return new StateWalk(`at most ${preemptions} preemptions`, [preemptions]);
}

/** The same with none, then with at most 1, up to at most `preemptions`: as much as `bounded` covers. */
export function fewestFirst(preemptions = 3): StateWalk {
  return new StateWalk(`at most ${preemptions} preemptions`, Array.from({ length: preemptions + 1 }, (_, n) => n));
}

export class StateWalk extends DepthFirst {
  /** States that were met. */
  states = 0;
  private merges = false;
  private contents = new Contents();
  private quiet!: QuietCells;
  private table = new StateTable(0);
  private row = new Int32Array(0);
  /** By depth: number of what the cells hold. */
  private readonly holds: number[] = [];
  /** By cell that has changed: what it held at the start. */
  private readonly initial = new Map<number, number>();

  protected override walk(machine: ExploredMachine): boolean {
    this.merges = machine.model.makeMemory === undefined;
    this.contents = new Contents();
    this.initial.clear();
    this.quiet = new QuietCells(machine);
    this.row = new Int32Array(STEPS_AT + machine.strands.length);
    for (;;) {
      this.givesUp = false;
      this.table = new StateTable(this.row.length);
      const goesOn = super.walk(machine);
      if (!this.givesUp) return goesOn;
      this.states -= this.table.size;
    }
  }

  protected override isQuiet(strand: Strand): boolean {
    return this.merges && this.quiet.isQuiet(strand);
  }

  protected override hasBeenHere(depth: number): boolean {
    const { machine, table } = this;
    this.holds[depth] = depth === 0 ? 0 : this.contentsAt(depth);
    if (depth > 0) {
      const { step, strand } = machine.taken[depth - 1]!;
      if (this.quiet.note(step, strand.id)) this.givesUp = true;
      if (this.lastGoesOn[depth]! && this.isQuiet(strand)) return false;
    }
    if (!this.merges || machine.broken !== undefined) return false;
    if (table.size === STATES_KNOWN_MAX) table.clear();
    this.describe(depth);
    const before = table.size;
    const known = table.meet(this.row, this.bound === Infinity ? ENDLESS : this.bound - this.preemptions[depth]!);
    this.states += table.size - before;
    return known;
  }

  private contentsAt(depth: number): number {
    const { step, changed, old } = this.machine.taken[depth - 1]!;
    const before = this.holds[depth - 1]!;
    if (!changed) return before;
    const { at } = step;
    if (!this.initial.has(at)) this.initial.set(at, old);
    return this.contents.after(before, at, this.machine.valueAt(step), this.initial.get(at)!);
  }

  private describe(depth: number): void {
    const { machine, row } = this;
    const { strands } = machine;
    row[0] = this.holds[depth]!;
    row[1] = machine.withNews();
    row[2] = this.bound < Infinity && this.lastGoesOn[depth]! ? machine.taken[depth - 1]!.strand.id + 1 : 0;
    for (let i = 0; i < strands.length; i++) {
      const { step } = strands[i]!;
      row[STEPS_AT + i] = step.op === Op.Asleep ? step.number * STRANDS_MAX - machine.sleepersBefore(strands[i]!) : step.number;
    }
  }
}
