/**
 * Native memory that lets each access happen at its turn of a schedule. A word of shared memory says
 * whose turn it is; whoever waits for its own sleeps on that word.
 *
 *      turn           CPU 0                       CPU 1
 *      7              store seq, turn 7 -> 8      (sleeps on the word)
 *      8              (waits for 9)               load seq, turn 8 -> 9
 *
 * The accesses are the native memory's own, and so are their results. Only sleeps are in two halves:
 * nobody can see whether a thread sleeps yet, so what comes after could be too early for it. `wait`
 * itself is asked, without patience, whether it would sleep; the sleep is then on a word that is stored
 * to by nobody, and who wakes it calls `notify` until all who have begun to sleep are awake.
 */
import type { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { ModelCpu, StrandCode } from '../../src/explore/explored-memory.ts';
import { NO_CELL, Op, TRAITS, WAIT_RESULTS, WaitResult, WIDE } from '../../src/explore/step.ts';
import { SLEEPS } from '../../src/explore/strand.ts';

export interface Turn {
  readonly strand: number;
  readonly cpu: number;
  /** Which way it goes, where it chooses; else 0. */
  readonly way: number;
  /** Its strand sleeps, and has slept long enough. */
  readonly timesOut: boolean;
}

/** One execution, as far as it is chosen. */
export interface Run {
  /** Number of the model's start. */
  readonly start: number;
  readonly turns: readonly Turn[];
  /** Strands that sleep when nobody has a turn left. */
  readonly asleep: readonly number[];
  /** Those that somebody accesses. */
  readonly cells: readonly Cell[];
}

export interface Cell {
  readonly at: number;
  readonly isLong: boolean;
}

/** A turn that never comes: some other thread went another way. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

const TURN = 8;
const NEVER = 16;
const PATIENCE_MS = 20_000;

export class Baton {
  static readonly bytes = 64;
  private readonly memory: AtomicsMemory;

  constructor(memory: AtomicsMemory) {
    this.memory = memory;
  }

  await(turn: number): void {
    for (let now = this.memory.load(TURN); now !== turn; now = this.memory.load(TURN)) {
      if (now > turn) throw new Stuck(`turn ${turn} has passed, it is turn ${now}`);
      if (this.memory.wait(TURN, now, PATIENCE_MS) === 'timed-out') throw new Stuck(`turn ${turn} does not come, it is turn ${now}`);
    }
  }

  pass(turn: number): void {
    this.memory.store(TURN, turn + 1);
    this.memory.notify(TURN, Infinity);
  }

  /** Lets others have the core. */
  nap(): void {
    this.memory.wait(NEVER, 0, 1);
  }
}

/** What an access is, and what came of it. */
export function accountOf(op: Op, at: number, value: number, expected: number, result: number): string {
  return `${OP_NAMES[op]} ${[at, value, expected].map(exactly).join(' ')}: ${exactly(result)}`;
}
const OP_NAMES = Object.keys(Op);

/** Of a word's operand what is left of it in 32 bits; patience and a number of sleepers are no words. A long has no -0. */
function operand(op: Op, value: number): number {
  return op < Op.Wait && (TRAITS[op]! & WIDE) === 0 ? value | 0 : value + 0;
}

export function exactly(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Thrown out of code that wants to do more than the schedule has turns for. */
const NO_TURN = Object.freeze({ token: 'no turn is left for this strand' });
/** What is known of the outcome of a strand that has not ended. */
export const UNFINISHED = '...';

/** One CPU of a model on a thread: the thread's code, and that of interrupts where the schedule has them. */
export class InTurn implements Memory, ModelCpu {
  /** By turn, for those of this CPU: what was done. */
  readonly accounts: [turn: number, account: string][] = [];
  /** By strand, for those of this CPU that began. */
  readonly outcomes: [strand: number, outcome: string][] = [];
  private readonly native: Memory;
  /** At twice the offset of a word: what its sleepers sleep on, and how many they are. */
  private readonly pillow: Memory;
  private readonly baton: Baton;
  private readonly firstTurn: number;
  private readonly run: Run;
  private readonly codes: readonly StrandCode[];
  private readonly cpu: number;
  /** The turns of this CPU, and how many are behind it. */
  private readonly mine: readonly number[];
  private done = 0;
  /** Who executes: the thread has the number of its CPU. */
  private strand: number;
  private readonly interruptible: boolean;

  constructor(
    memories: { readonly native: Memory; readonly pillow: Memory; readonly baton: Baton },
    firstTurn: number, run: Run, codes: readonly StrandCode[], cpu: number, interruptible: boolean,
  ) {
    this.native = memories.native;
    this.pillow = memories.pillow;
    this.baton = memories.baton;
    this.firstTurn = firstTurn;
    this.run = run;
    this.codes = codes;
    this.cpu = cpu;
    this.strand = cpu;
    this.interruptible = interruptible;
    this.mine = [...run.turns.keys()].filter((i) => run.turns[i]!.cpu === cpu);
  }

  /** Takes all turns of this CPU. Those for which its code has no step pass without one. */
  takeAll(): void {
    this.execute(this.cpu);
    for (let turn = this.mine[this.done]; turn !== undefined; turn = this.mine[this.done]) this.leaveTo(this.run.turns[turn]!.strand);
  }

  load(at: number): number {
    return this.access(Op.Load, at, 0, 0, () => this.native.load(at));
  }
  store(at: number, value: number): void {
    this.access(Op.Store, at, value, 0, () => this.native.store(at, value));
  }
  add(at: number, by: number): number {
    return this.access(Op.Add, at, by, 0, () => this.native.add(at, by));
  }
  or(at: number, bits: number): number {
    return this.access(Op.Or, at, bits, 0, () => this.native.or(at, bits));
  }
  and(at: number, bits: number): number {
    return this.access(Op.And, at, bits, 0, () => this.native.and(at, bits));
  }
  exchange(at: number, value: number): number {
    return this.access(Op.Exchange, at, value, 0, () => this.native.exchange(at, value));
  }
  cas(at: number, expected: number, value: number): number {
    return this.access(Op.Cas, at, value, expected, () => this.native.cas(at, expected, value));
  }

  loadLong(at: number): number {
    return this.access(Op.LoadLong, at, 0, 0, () => this.native.loadLong(at));
  }
  storeLong(at: number, value: number): void {
    this.access(Op.StoreLong, at, value, 0, () => this.native.storeLong(at, value));
  }
  addLong(at: number, by: number): number {
    return this.access(Op.AddLong, at, by, 0, () => this.native.addLong(at, by));
  }
  exchangeLong(at: number, value: number): number {
    return this.access(Op.ExchangeLong, at, value, 0, () => this.native.exchangeLong(at, value));
  }
  casLong(at: number, expected: number, value: number): number {
    return this.access(Op.CasLong, at, value, expected, () => this.native.casLong(at, expected, value));
  }

  /** The schedule says when it is worth to go on. */
  relax(): void {}
  handOver(): void {}

  wait(at: number, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    const begun = this.access(Op.Wait, at, timeoutMs, expected, () => {
      if (this.native.wait(at, expected, 0) === 'not-equal') return WaitResult.NotEqual;
      this.pillow.add(2 * at + 4, 1);
      return SLEEPS;
    });
    return begun === SLEEPS ? this.sleep(at, expected, timeoutMs) : WAIT_RESULTS[begun]!;
  }

  notify(at: number, count: number): number {
    return this.access(Op.Notify, at, count, 0, () => {
      const asleep = this.pillow.load(2 * at + 4);
      if (count < asleep) throw new Stuck(`one of ${asleep} sleepers is woken: which of them began first, native memory cannot tell`);
      this.wake(2 * at, asleep);
      this.pillow.store(2 * at + 4, 0);
      return asleep;
    });
  }

  choose<T>(_what: string, options: readonly T[]): T {
    return options[this.access(Op.Choose, NO_CELL, options.length, 0, ({ way }) => way)]!;
  }
  maskIrqs(): void {
    if (this.interruptible) this.access(Op.MaskIrqs, NO_CELL, 0, 0, () => 0);
  }
  unmaskIrqs(): void {
    if (this.interruptible) this.access(Op.UnmaskIrqs, NO_CELL, 0, 0, () => 0);
  }

  private access(op: Op, at: number, value: number, expected: number, perform: (turn: Turn) => number | void): number {
    const n = this.comeToTurn();
    this.baton.await(this.firstTurn + n);
    const result = perform(this.run.turns[n]!) ?? 0;
    this.accounts.push([n, accountOf(op, at, operand(op, value), operand(op, expected), result)]);
    this.pass();
    return result;
  }

  /** The turn at which the strand takes its next step; interrupts that come first are executed. */
  private comeToTurn(): number {
    for (let turn = this.mine[this.done]; turn !== undefined; turn = this.mine[this.done]) {
      const { strand } = this.run.turns[turn]!;
      if (strand === this.strand) return turn;
      if (this.strand !== this.cpu) throw NO_TURN;
      this.leaveTo(strand);
    }
    throw NO_TURN;
  }

  /** The next turn is another strand's: it begins, or has ended sooner than it was to. */
  private leaveTo(strand: number): void {
    if (strand !== this.cpu && !this.outcomes.some(([known]) => known === strand)) return this.execute(strand);
    this.baton.await(this.firstTurn + this.mine[this.done]!);
    this.pass();
  }

  private pass(): void {
    this.baton.pass(this.firstTurn + this.mine[this.done++]!);
  }

  private wake(at: number, asleep: number): void {
    let awake = this.pillow.notify(at, asleep);
    for (let naps = 0; awake < asleep; awake += this.pillow.notify(at, asleep - awake)) {
      if (naps++ > PATIENCE_MS) throw new Stuck(`of ${asleep} sleepers ${awake} can be woken`);
      this.baton.nap();
    }
  }

  private sleep(at: number, expected: number, timeoutMs: number): 'ok' | 'timed-out' {
    const next = this.run.turns[this.mine[this.done] ?? -1];
    if (next === undefined && this.run.asleep.includes(this.strand)) throw NO_TURN;
    if (next !== undefined && next.strand !== this.strand) throw new Stuck('a sleeping thread cannot be interrupted');
    if (next?.timesOut !== true) {
      if (this.pillow.wait(2 * at, 0, PATIENCE_MS) === 'ok') return 'ok';
      throw new Stuck(`nobody wakes who sleeps on byte ${at}`);
    }
    this.access(Op.Asleep, at, timeoutMs, expected, () => {
      this.pillow.add(2 * at + 4, -1);
      return WaitResult.TimedOut;
    });
    return 'timed-out';
  }

  private execute(strand: number): void {
    const before = this.strand;
    this.strand = strand;
    this.outcomes.push([strand, this.outcomeOf(this.codes[strand]!)]);
    this.strand = before;
  }

  private outcomeOf(code: StrandCode): string {
    try {
      return JSON.stringify(code(this, this)) ?? '-';
    } catch (thrown) {
      if (thrown instanceof Stuck) throw thrown;
      return thrown === NO_TURN ? UNFINISHED : String(thrown);
    }
  }
}
