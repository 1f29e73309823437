/**
 * How long a program is quiet from each of its places on, worked out once: the sums of what comes
 * before the first operation that is not, or before the end of the pass over the phase.
 *
 *      Mark start   run 5us   syscall 2us   sem_post   run 1us   Mark end   PhaseEnd
 *      |------- 7 us and a call -------->| loud       |---- 1 us ------->| end of the pass
 *
 * Where a pass has nothing loud, all passes that are left are one multiplication, and if no phase has,
 * so are all passes over all phases. So the walk takes a few steps, however long the program goes on.
 */
import { LOOKAHEAD_PHASES } from '../../shared/limits.ts';
import type { UserRegs } from '../../shared/structs/task.ts';
import type { Ns } from '../../shared/units.ts';
import { Path, type Arch } from '../kernel/arch.ts';
import { OpKind, quietOf, type Quiet } from '../kernel/user.ts';
import { PHASE_END, attributesAt, type Program } from './program.ts';

/** Passes of an endless loop: more than any time has room for, and finite, so that no pass times it is no pass. */
const ENDLESS = 2 ** 53;

export class QuietStretches {
  private readonly program: Program;
  /** Where the stretch that begins here ends: at an operation that is loud, or at a PHASE_END. */
  private readonly stop: Int32Array;
  // what such a stretch is worth: ns of work, and how often a path is taken. One place more than the
  // program has holds a whole pass over all phases, the first excepted.
  private readonly work: Float64Array;
  private readonly gaps: Float64Array;
  private readonly calls: Float64Array;
  private readonly looks: Float64Array;
  private readonly guests: Float64Array;
  private readonly round: number;
  private readonly roundIsQuiet: boolean;

  constructor(program: Program, quiet: Quiet) {
    const { length } = program.kinds;
    this.program = program;
    this.round = length;
    this.stop = new Int32Array(length);
    this.work = new Float64Array(length + 1);
    this.gaps = new Float64Array(length + 1);
    this.calls = new Float64Array(length + 1);
    this.looks = new Float64Array(length + 1);
    this.guests = new Float64Array(length + 1);
    for (let at = length - 1; at >= 0; at--) this.measure(at, quiet);
    this.roundIsQuiet = this.measureRound();
  }

  /** See `User.quietFor`. */
  from(regs: UserRegs, costs: Pick<Arch, 'costOf'>, atMost: Ns): Ns {
    const { program: { kinds, a, b, c, loop }, stop, round } = this;
    const gap = costs.costOf(Path.UserGap);
    const call = costs.costOf(Path.SyscallEntry) + costs.costOf(Path.Syscall) + costs.costOf(Path.SyscallExit);
    const look = costs.costOf(Path.ReadCputime);
    const guest = costs.costOf(Path.GuestEntry);
    let { pc, phaseLoop, threadLoop } = regs;
    if (threadLoop === loop) return gap;
    let ns: Ns = 0;
    for (let phases = 0; phases < LOOKAHEAD_PHASES && ns < atMost; phases++) {
      if (kinds[pc] === OpKind.SetAttributes && attributesAt(this.program, pc, threadLoop) < 0) pc += 1;
      ns += this.worth(pc, gap, call, look, guest);
      const end = stop[pc]!;
      if (kinds[end] !== PHASE_END) return ns + gap;
      const again = a[end]! < 0 ? ENDLESS : a[end]! - phaseLoop - 1;
      const start = b[end]!;
      phaseLoop = 0;
      if (again > 0) {
        const pass = this.worth(start, gap, call, look, guest);
        if (stop[start] !== end) return ns + pass + gap;
        ns += again * pass;
      }
      pc = end + 1;
      if (c[end] === 0) continue;
      pc = 0;
      threadLoop += 1;
      if (threadLoop === loop) return ns + gap;
      if (this.roundIsQuiet) return ns + (loop < 0 ? ENDLESS : loop - threadLoop) * this.worth(round, gap, call, look, guest) + gap;
    }
    // phases may be empty, but whatever comes after them takes time
    return Math.max(1, ns);
  }

  private worth(at: number, gap: Ns, call: Ns, look: Ns, guest: Ns): Ns {
    return this.work[at]! + this.gaps[at]! * gap + this.calls[at]! * call + this.looks[at]! * look + this.guests[at]! * guest;
  }

  /** The stretch from `at`, given the one from the place behind it. */
  private measure(at: number, quiet: Quiet): void {
    const { kinds, a, b, c } = this.program;
    const kind = kinds[at]!;
    this.stop[at] = at;
    if (kind === PHASE_END || quietOf(kind, c[at]!) > quiet) return;
    this.stop[at] = this.stop[at + 1]!;
    this.add(at, at + 1, 1);
    if (kind === OpKind.Mark) return;
    const inUserMode = kind === OpKind.Run || kind === OpKind.RunUntil;
    if (inUserMode && a[at]! > 0) {
      this.work[at]! += a[at]!;
      return;
    }
    this.gaps[at]! += 1;
    if (inUserMode) return;
    this.calls[at]! += 1;
    if (kind === OpKind.Guest) this.guests[at]! += 1;
    if (kind === OpKind.Syscall || kind === OpKind.Guest) this.work[at]! += Math.max(1, a[at]!);
    if (kind === OpKind.ReadCputime) this.looks[at]! += b[at]!;
  }

  /** A pass over all phases after the first such pass. Returns whether nothing in it is loud. */
  private measureRound(): boolean {
    const { kinds, a, b } = this.program;
    let quiet = true;
    for (let at = 0; at < kinds.length; at++) {
      if (kinds[at] === OpKind.SetAttributes) quiet &&= attributesAt(this.program, at, 1) < 0;
      if (kinds[at] !== PHASE_END) continue;
      quiet &&= this.stop[b[at]!] === at;
      this.add(this.round, b[at]!, a[at]! < 0 ? ENDLESS : a[at]!);
    }
    return quiet;
  }

  private add(to: number, from: number, times: number): void {
    this.work[to]! += times * this.work[from]!;
    this.gaps[to]! += times * this.gaps[from]!;
    this.calls[to]! += times * this.calls[from]!;
    this.looks[to]! += times * this.looks[from]!;
    this.guests[to]! += times * this.guests[from]!;
  }
}
