/**
 * Cells that one strand alone uses, or that nobody changes, as far as has been seen. Where a strand goes on with a step on such a cell,
 * nobody need come before it: he may as well come after it, and there are no more preemptions then.
 *
 *      A: store seq 1        A: store seq 1
 *      B: load seq           A: store own 5        the same, since `own` is A's alone
 *      A: store own 5        B: load seq
 *
 * Whether a cell is one of these is learnt on the way. If it turns out not to be, what was left out may matter, and all is searched
 * again. Nothing is missed by that: of all executions in which a second strand comes to the cell, up to there one was gone through.
 */
import type { ExploredMachine } from './explored-machine.ts';
import { NO_CELL, Op, PLAIN, QUEUES, TRAITS, WRITES, type Step } from './step.ts';
import type { Strand } from './strand.ts';

const UNUSED = 0;
const SEVERAL = -1;

export class QuietCells {
  private readonly machine: ExploredMachine;
  /** By cell: who uses it, from 1; whether anybody changes it; and whether it is neither one's own nor constant. */
  private readonly users: Int32Array;
  private readonly stored: Uint8Array;
  private readonly shared: Uint8Array;

  constructor(machine: ExploredMachine) {
    const cells = machine.versions.length;
    this.machine = machine;
    this.users = new Int32Array(cells);
    this.stored = new Uint8Array(cells);
    this.shared = new Uint8Array(cells);
  }

  /** Its next step; where interrupts fire one may keep it from ever taking that, and it is to be seen that it has not. */
  isQuiet({ step, cpu }: Strand): boolean {
    if (cpu.interruptible) return false;
    const traits = TRAITS[step.op]!;
    if (step.at === NO_CELL || step.relaxed || step.op === Op.Wait || (traits & (QUEUES | PLAIN)) !== 0) return false;
    return this.shared[step.at >> 2] === 0 && !this.machine.isWatched(step);
  }

  /** Somebody has taken the step. True: its cell is not quiet any more. */
  note({ op, at }: Step, by: number): boolean {
    if (at === NO_CELL) return false;
    const cell = at >> 2;
    if (this.shared[cell] !== 0) return false;
    if (this.users[cell] === UNUSED) this.users[cell] = by + 1;
    else if (this.users[cell] !== by + 1) this.users[cell] = SEVERAL;
    if ((TRAITS[op]! & (WRITES | QUEUES)) !== 0) this.stored[cell] = 1;
    if (this.users[cell] !== SEVERAL || this.stored[cell] === 0) return false;
    this.shared[cell] = 1;
    return true;
  }
}
