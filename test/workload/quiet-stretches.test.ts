/** How long a program is quiet: by sums that were worked out before, and by asking it for one operation after the other. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { LOOKAHEAD_PHASES } from '../../shared/limits.ts';
import type { UserRegs } from '../../shared/structs/task.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { Path } from '../../src/kernel/arch.ts';
import { OpKind, Quiet, quietOf, type Op } from '../../src/kernel/user.ts';
import { PHASE_END, ProgramBuilder, type Program } from '../../src/workload/program.ts';
import { RtAppUser } from '../../src/workload/rtapp-user.ts';
import { freshRegs } from '../support/walk-program.ts';

/** Each path has a price that no sum of others has. */
const [GAP, ENTRY, CALL, EXIT, LOOK, GUEST] = [1, 10, 100, 1_000, 10_000, 100_000] as const;
const PRICES: Readonly<Record<number, number>> = {
  [Path.UserGap]: GAP, [Path.SyscallEntry]: ENTRY, [Path.Syscall]: CALL, [Path.SyscallExit]: EXIT, [Path.ReadCputime]: LOOK,
  [Path.GuestEntry]: GUEST,
};
const COSTS = { costOf: (path: Path): number => PRICES[path]! };
const WHOLE_CALL = GAP + ENTRY + CALL + EXIT;

type Operation = readonly [kind: number, a?: number, b?: number, c?: number];
interface Phase {
  readonly sets?: readonly [first: number, later: number];
  readonly passes: number;
  readonly ops: readonly Operation[];
}

function programOf(loop: number, phases: readonly Phase[]): Program {
  const out = new ProgramBuilder();
  phases.forEach(({ sets, passes, ops }, i) => {
    if (sets !== undefined) out.emit(OpKind.SetAttributes, ...sets);
    const start = out.position;
    out.emit(OpKind.Mark, 0, i);
    for (const [kind, a, b, c] of ops) out.emit(kind, a, b, c);
    out.emit(OpKind.Mark, 1, i);
    out.emit(PHASE_END, passes, start, i === phases.length - 1 ? 1 : 0);
  });
  return out.finish(loop);
}

const quietFor = (program: Program, quiet: Quiet, atMost = KTIME_MAX, regs: UserRegs = freshRegs()): number =>
  new RtAppUser([program]).quietFor(0, regs, quiet, COSTS, atMost);

/** Ops that the slow twin asks for before it takes the program for endless. */
const ENOUGH = 3_000;

function priceOf({ kind, a, b }: Op): number {
  switch (kind) {
    case OpKind.Mark: return 0;
    case OpKind.Run: case OpKind.RunUntil: return a > 0 ? a : GAP;
    case OpKind.Syscall: return WHOLE_CALL + Math.max(1, a);
    case OpKind.Guest: return WHOLE_CALL + GUEST + Math.max(1, a);
    case OpKind.ReadCputime: return WHOLE_CALL + b * LOOK;
    default: return WHOLE_CALL;
  }
}

/** The twin: Infinity for a program that has not become loud after very many operations. */
function slowly(program: Program, quiet: Quiet, from: UserRegs): number {
  const user = new RtAppUser([program]);
  const regs = { ...from } as UserRegs;
  const op: Op = { kind: OpKind.Exit, a: 0, b: 0, c: 0, event: -1 };
  let ns = 0;
  for (let i = 0; i < ENOUGH; i++) {
    user.next(0, 0, regs, op);
    if (quietOf(op.kind, op.c) > quiet) return ns + GAP;
    ns += priceOf(op);
  }
  return Infinity;
}

describe('an operation', () => {
  test.each<[string, Operation, Quiet, number]>([
    ['run', [OpKind.Run, 50], Quiet.Work, 50], ['runtime', [OpKind.RunUntil, 60], Quiet.Work, 60],
    ['run of no length', [OpKind.Run, 0], Quiet.Work, GAP], ['runtime of no length', [OpKind.RunUntil, 0], Quiet.Work, GAP],
    ['syscall', [OpKind.Syscall, 70], Quiet.Calls, WHOLE_CALL + 70],
    ['syscall of no length', [OpKind.Syscall, 0], Quiet.Calls, WHOLE_CALL + 1],
    ['guest', [OpKind.Guest, 90], Quiet.Calls, WHOLE_CALL + GUEST + 90],
    ['slack', [OpKind.SetSlack, 80], Quiet.Calls, WHOLE_CALL],
    ['look at CPU time', [OpKind.ReadCputime, 0, 3], Quiet.Looks, WHOLE_CALL + 3 * LOOK],
  ])('is quiet from its own level on, for as long as it takes: %s', (_, op, level, ns) => {
    const program = programOf(1, [{ passes: 1, ops: [op, [OpKind.Lock, 0]] }]);
    const wanted = [Quiet.Work, Quiet.Calls, Quiet.Looks].map((quiet) => (quiet >= level ? ns + GAP : GAP));
    expect([Quiet.Work, Quiet.Calls, Quiet.Looks].map((quiet) => quietFor(program, quiet))).toEqual(wanted);
  });

  const quiet: readonly string[] = ['Run', 'RunUntil', 'Syscall', 'SetSlack', 'Guest', 'ReadCputime', 'Mark'];
  test.each(Object.entries(OpKind).filter(([name]) => !quiet.includes(name)))(
    'that others notice, or that may give the CPU away, is never quiet: %s', (_, kind) => {
      const program = programOf(-1, [{ passes: -1, ops: [[OpKind.Run, 5], [kind, 0]] }]);
      expect(quietFor(program, Quiet.Looks)).toBe(5 + GAP);
    },
  );

  it('that looks at the adjusted pair takes a lock, so it is loud', () => {
    expect(quietFor(programOf(-1, [{ passes: -1, ops: [[OpKind.Run, 5], [OpKind.ReadCputime, 0, 2, 1]] }]), Quiet.Looks)).toBe(5 + GAP);
  });
});

describe('a program', () => {
  const [run, post]: [Operation, Operation] = [[OpKind.Run, 100], [OpKind.SemPost, 0]];
  const storm: readonly Operation[] = [[OpKind.Run, 1_000], [OpKind.Syscall, 1_000]];
  const pass = 2_000 + WHOLE_CALL;

  it('that never ends and is never loud is quiet beyond every time', () => {
    expect(quietFor(programOf(1, [{ passes: -1, ops: storm }]), Quiet.Calls)).toBeGreaterThanOrEqual(KTIME_MAX);
    expect(quietFor(programOf(-1, [{ passes: 3, ops: storm }, { passes: 1, ops: [run] }]), Quiet.Calls)).toBeGreaterThanOrEqual(KTIME_MAX);
  });

  it('is quiet for all passes of a phase, then up to what is loud in the next', () => {
    const program = programOf(1, [{ passes: 1_000, ops: storm }, { passes: 1, ops: [run, post] }]);
    expect(quietFor(program, Quiet.Calls)).toBe(1_000 * pass + 100 + GAP);
  });

  it('counts only the passes that are left', () => {
    const program = programOf(1, [{ passes: 10, ops: storm }, { passes: 1, ops: [post] }]);
    const regs = Object.assign(freshRegs(), { pc: 2, phaseLoop: 7 });
    expect(quietFor(program, Quiet.Calls, KTIME_MAX, regs)).toBe(pass - 1_000 + 2 * pass + GAP);
  });

  it('that is past its last loud operation is quiet up to the first one of the next pass', () => {
    const program = programOf(1, [{ passes: 2, ops: [run, post, run, run] }]);
    expect(quietFor(program, Quiet.Work, KTIME_MAX, Object.assign(freshRegs(), { pc: 3 }))).toBe(300 + GAP);
    expect(quietFor(program, Quiet.Work, KTIME_MAX, Object.assign(freshRegs(), { pc: 3, phaseLoop: 1 }))).toBe(200 + GAP);
  });

  it('is loud at its end, when all passes over all phases are done', () => {
    const program = programOf(50, [{ passes: 2, ops: [run] }, { passes: 1, ops: [run] }]);
    expect(quietFor(program, Quiet.Work)).toBe(50 * 300 + GAP);
    expect(quietFor(program, Quiet.Work, KTIME_MAX, Object.assign(freshRegs(), { pc: program.exit, threadLoop: 50 }))).toBe(GAP);
  });

  it('of no pass at all is loud at once', () => expect(quietFor(programOf(0, [{ passes: 1, ops: [run, post] }]), Quiet.Work)).toBe(GAP));

  it('is loud where a phase sets attributes, and passes where it need not', () => {
    const program = (sets: [number, number]): Program => programOf(-1, [{ passes: 1, ops: [run] }, { sets, passes: 1, ops: [run] }]);
    expect(quietFor(program([4, -1]), Quiet.Work)).toBe(100 + GAP);
    expect(quietFor(program([-1, 4]), Quiet.Work)).toBe(300 + GAP);
    expect(quietFor(program([-1, -1]), Quiet.Work)).toBeGreaterThanOrEqual(KTIME_MAX);
  });

  it('is not looked into further than asked, nor over more than so many phases', () => {
    const phases = Array.from({ length: 100 }, () => ({ passes: 1, ops: [run] }));
    const program = programOf(1, phases);
    expect(quietFor(program, Quiet.Work, 250)).toBe(300);
    expect(quietFor(program, Quiet.Work)).toBe(100 * LOOKAHEAD_PHASES);
  });

  it('takes time even after many empty phases', () => {
    const phases = Array.from({ length: 100 }, () => ({ passes: 1, ops: [] }));
    expect(quietFor(programOf(1, [...phases, { passes: 1, ops: [run] }]), Quiet.Work)).toBe(1);
  });
});

describe('any program, from any of its places', () => {
  const mostlyQuiet = fc.oneof(
    {
      weight: 15,
      arbitrary: fc.constantFrom(OpKind.Run, OpKind.RunUntil, OpKind.Syscall, OpKind.SetSlack, OpKind.Guest, OpKind.ReadCputime),
    },
    { weight: 2, arbitrary: fc.constantFrom(OpKind.Lock, OpKind.Sleep) },
  );
  const op = fc.tuple(mostlyQuiet, fc.nat(3), fc.nat(2), fc.nat(1));
  const sets = fc.option(fc.tuple(fc.constantFrom(-1, -1, 2), fc.constantFrom(-1, -1, 2)), { nil: undefined });
  const phase = fc.record({ sets, passes: fc.constantFrom(-1, 1, 1, 2, 3), ops: fc.array(op, { minLength: 1, maxLength: 4 }) });
  const program = fc.tuple(fc.constantFrom(-1, 1, 2, 3), fc.array(phase, { minLength: 1, maxLength: 4 }));

  it('is quiet for as long as its operations say, asked for one after the other', () => {
    let [loud, endless] = [0, 0];
    fc.assert(fc.property(program, fc.nat(40), fc.constantFrom(...Object.values(Quiet)), ([loop, phases], steps, quiet) => {
      const made = programOf(loop, phases as readonly Phase[]);
      const user = new RtAppUser([made]);
      const regs = freshRegs();
      const scratch: Op = { kind: OpKind.Exit, a: 0, b: 0, c: 0, event: -1 };
      for (let i = 0; i < steps; i++) user.next(0, 0, regs, scratch);
      const before = { ...regs };
      const [fast, slow] = [user.quietFor(0, regs, quiet, COSTS, KTIME_MAX), slowly(made, quiet, regs)];
      expect(regs).toEqual(before);
      if (slow === Infinity) expect(fast).toBeGreaterThanOrEqual(KTIME_MAX);
      else expect(fast).toBe(slow);
      if (slow === Infinity) endless += 1;
      else loud += 1;
    }), { numRuns: 2_000 });
    expect(Math.min(loud, endless)).toBeGreaterThan(50);
  });
});
