/**
 * What a task does next: the third door, seen from the workload. It keeps nothing of its own and
 * allocates nothing; program counter and loop counters are the task's and travel with it.
 */
import type { UserRegs } from '../../shared/structs/task.ts';
import type { Ns, TaskId } from '../../shared/units.ts';
import type { Arch } from '../kernel/arch.ts';
import { OpKind, Quiet, type Op, type User } from '../kernel/user.ts';
import { PHASE_END, attributesAt, type Program } from './program.ts';
import { QuietStretches } from './quiet-stretches.ts';

export class RtAppUser implements User {
  readonly #programs: readonly Program[];
  /** By declaration, then by `Quiet`. */
  readonly #stretches: readonly (readonly QuietStretches[])[];

  /** One program for each declaration, by number. */
  constructor(programs: readonly Program[]) {
    this.#programs = programs;
    const levels = Object.values(Quiet);
    this.#stretches = programs.map((program) => levels.map((quiet) => new QuietStretches(program, quiet)));
  }

  next(_task: TaskId, declaration: number, regs: UserRegs, op: Op): void {
    const program = this.#programs[declaration]!;
    let pc = regs.threadLoop === program.loop ? program.exit : regs.pc;
    // ends: a PhaseEnd leads to SetAttributes, Mark start or Exit, a skipped SetAttributes to Mark start
    for (;;) {
      const kind = program.kinds[pc]!;
      if (kind === PHASE_END) pc = turn(program, pc, regs);
      else if (kind === OpKind.SetAttributes && attributesAt(program, pc, regs.threadLoop) < 0) pc += 1;
      else break;
    }
    describe(program, pc, regs, op);
    regs.pc = pc === program.exit ? pc : pc + 1;
  }

  quietFor(declaration: number, regs: UserRegs, quiet: Quiet, costs: Pick<Arch, 'costOf'>, atMost: Ns): Ns {
    return this.#stretches[declaration]![quiet]!.from(regs, costs, atMost);
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

function describe(program: Program, pc: number, regs: UserRegs, op: Op): void {
  op.kind = program.kinds[pc]! as OpKind;
  op.a = op.kind === OpKind.SetAttributes ? attributesAt(program, pc, regs.threadLoop) : program.a[pc]!;
  op.b = op.kind === OpKind.SetAttributes ? 0 : program.b[pc]!;
  op.c = program.c[pc]!;
  op.event = program.events[pc]!;
}
