/** Drives `User.next` as the kernel does, without a kernel: registers in an object, operations in a list. */
import type { UserRegs } from '../../shared/structs/task.ts';
import { OpKind, type Op, type User } from '../../src/kernel/user.ts';
import { RtAppUser } from '../../src/workload/rtapp-user.ts';
import type { Scenario } from '../../src/workload/scenario.ts';

/** What a scenario's tasks do, as the kernel would ask it. */
export const userOf = ({ programs }: Pick<Scenario, 'programs'>): User => new RtAppUser(programs);

/** The registers that a program uses; a plain object stands for the shared record. */
export const freshRegs = (): UserRegs => ({ pc: 0, threadLoop: 0, phaseLoop: 0 }) as UserRegs;

/** The next `count` operations, or up to Exit. */
export function walk(user: User, declaration: number, count: number, regs: UserRegs = freshRegs()): Op[] {
  const ops: Op[] = [];
  while (ops.length < count) {
    const op: Op = { kind: OpKind.Exit, a: 0, b: 0, c: 0, event: -1 };
    user.next(0, declaration, regs, op);
    ops.push(op);
    if (op.kind === OpKind.Exit) break;
  }
  return ops;
}

/** Event numbers of one pass over all phases, each phase once, of the operations that `wanted` wants. */
export function eventsOfOnePass(user: User, declaration: number, wanted: (op: Op) => boolean = () => true): number[] {
  const regs = freshRegs();
  const events: number[] = [];
  const op: Op = { kind: OpKind.Exit, a: 0, b: 0, c: 0, event: -1 };
  let phase = -1;
  let skipped = false;
  for (let i = 0; i < 100_000; i++) {
    user.next(0, declaration, regs, op);
    if (op.kind === OpKind.Exit) break;
    if (op.kind === OpKind.Mark && op.a === 0) {
      // back to the first phase: the pass is over; the same phase again: a further pass over it
      if (op.b < phase || regs.threadLoop > 0) break;
      skipped = op.b === phase;
      phase = op.b;
    }
    // a phase without end: nothing comes after it
    if (skipped && regs.phaseLoop > 2_000) break;
    if (!skipped && op.event >= 0 && wanted(op)) events.push(op.event);
  }
  return events;
}
