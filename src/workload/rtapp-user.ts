/**
 * What a task does next: the third door, seen from the workload. It keeps nothing of its own and
 * allocates nothing; program counter and loop counters are the task's and travel with it.
 */
import type { UserRegs } from '../../shared/structs/task.ts';
import type { TaskId } from '../../shared/units.ts';
import { OpKind, type Op, type User } from '../kernel/user.ts';
import { PHASE_END, type Program } from './program.ts';

export class RtAppUser implements User {
  readonly #programs: readonly Program[];

  /** One program for each declaration, by number. */
  constructor(programs: readonly Program[]) {
    this.#programs = programs;
  }

  next(_task: TaskId, declaration: number, regs: UserRegs, op: Op): void {
    const program = this.#programs[declaration]!;
    let pc = regs.threadLoop === program.loop ? program.exit : regs.pc;
    // ends: a PhaseEnd leads to SetAttributes, Mark start or Exit, a skipped SetAttributes to Mark start
    for (;;) {
      const kind = program.kinds[pc]!;
      if (kind === PHASE_END) pc = turn(program, pc, regs);
      else if (kind === OpKind.SetAttributes && attributesAt(program, pc, regs) < 0) pc += 1;
      else break;
    }
    describe(program, pc, regs, op);
    regs.pc = pc === program.exit ? pc : pc + 1;
  }
}

/** The end of one pass over a phase: where the next one begins. */
function turn(program: Program, pc: number, regs: UserRegs): number {
  const done = regs.phaseLoop + 1;
  if (program.a[pc]! < 0 || done < program.a[pc]!) {
    regs.phaseLoop = done & 0x7fffffff;
    return program.b[pc]!;
  }
  regs.phaseLoop = 0;
  if (program.c[pc]! === 0) return pc + 1;
  // the count of an endless loop wraps around to 1: 0 would make it the first pass again
  regs.threadLoop = regs.threadLoop === 0x7fffffff ? 1 : regs.threadLoop + 1;
  return regs.threadLoop === program.loop ? program.exit : 0;
}

/** Which attributes a phase sets: what a phase inherits differs on the first pass over all phases. -1: none. */
const attributesAt = (program: Program, pc: number, regs: UserRegs): number =>
  regs.threadLoop === 0 ? program.a[pc]! : program.b[pc]!;

function describe(program: Program, pc: number, regs: UserRegs, op: Op): void {
  op.kind = program.kinds[pc]! as OpKind;
  op.a = op.kind === OpKind.SetAttributes ? attributesAt(program, pc, regs) : program.a[pc]!;
  op.b = op.kind === OpKind.SetAttributes ? 0 : program.b[pc]!;
  op.c = program.c[pc]!;
  op.event = program.events[pc]!;
}
