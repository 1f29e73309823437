/**
 * Memory under exploration. A strand is a function of the results of its accesses, so its whole local
 * state is their log. To learn what it does next it is run from the start with the log fed back, and
 * thrown out by a token at the first access beyond it:
 *
 *      log            code                        memory
 *      [6]            load seq                    6, from the log
 *                     load utime                  beyond the log: this is what it does next; throws
 *
 * After the token the memory is dead: what `finally` and `catch` blocks still try throws again, and is
 * no step. Nothing here executes an access; `ExploredMachine` does.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId, Long, Word } from '../../shared/units.ts';
import { BadModel } from './bad-model.ts';
import { siteOfCaller } from './call-site.ts';
import type { CellPlan } from './cells.ts';
import { AFTERLIFE_MAX } from './limits.ts';
import { isEnd, NO_CELL, Op, Step, TRAITS, WAIT_RESULTS, WIDE } from './step.ts';

/** What a strand may ask of the CPU on which it is modelled, beside memory. */
export interface ModelCpu {
  /** One of several things that the world may do here; each is tried. Logged like a read. */
  choose<T>(what: string, options: readonly T[]): T;
  /** From here on no interrupt of the model fires on this CPU, until as many `unmaskIrqs` have followed. */
  maskIrqs(): void;
  unmaskIrqs(): void;
}

/** Code of a thread or an interrupt: synchronous, and a function of what memory and `cpu` give it, nothing else. */
export type StrandCode = (memory: Memory, cpu: ModelCpu) => unknown;

/** Not an Error, so that it costs nothing and nobody mistakes it for one. */
const TOKEN = Object.freeze({ token: 'the strand has come to the end of its log' });

const WORD = 1;
const LONG = 2;
const INSIDE_LONG = 3;

export class ExploredMemory implements Memory, ModelCpu {
  /** False: no interrupt is modelled on the strand's CPU, so masking them is no step. */
  interruptible = false;
  /** Where the code stands at each access, written down while this is set: it costs much. */
  sites: string[] | undefined;
  private readonly plan: CellPlan;
  /** By cell: the width with which it is accessed. */
  private readonly widths: Uint8Array;
  private log: readonly number[] = [];
  private cursor = 0;
  private relaxed = false;
  private pending: Step | undefined;
  private triedSince = 0;
  private running = false;

  constructor(plan: CellPlan) {
    this.plan = plan;
    this.widths = new Uint8Array(plan.bytes >> 2);
  }

  /** What `code` does when the results of its accesses so far were `log`. */
  stepAfter(code: StrandCode, log: readonly number[]): Step {
    if (this.running) throw new BadModel('code under exploration explores: the two would share one log');
    this.log = log;
    this.cursor = 0;
    this.relaxed = false;
    this.pending = undefined;
    this.triedSince = 0;
    this.running = true;
    try {
      return this.run(code);
    } finally {
      this.running = false;
    }
  }

  load(at: Word): number {
    return this.access(Op.Load, at, 0, 0);
  }
  store(at: Word, value: number): void {
    this.access(Op.Store, at, value | 0, 0);
  }
  add(at: Word, by: number): number {
    return this.access(Op.Add, at, by | 0, 0);
  }
  or(at: Word, bits: number): number {
    return this.access(Op.Or, at, bits | 0, 0);
  }
  and(at: Word, bits: number): number {
    return this.access(Op.And, at, bits | 0, 0);
  }
  exchange(at: Word, value: number): number {
    return this.access(Op.Exchange, at, value | 0, 0);
  }
  cas(at: Word, expected: number, value: number): number {
    return this.access(Op.Cas, at, value | 0, expected | 0);
  }

  loadLong(at: Long): number {
    return this.access(Op.LoadLong, at, 0, 0);
  }
  storeLong(at: Long, value: number): void {
    this.access(Op.StoreLong, at, this.integer(at, value), 0);
  }
  addLong(at: Long, by: number): number {
    return this.access(Op.AddLong, at, this.integer(at, by), 0);
  }
  exchangeLong(at: Long, value: number): number {
    return this.access(Op.ExchangeLong, at, this.integer(at, value), 0);
  }
  casLong(at: Long, expected: number, value: number): number {
    return this.access(Op.CasLong, at, this.integer(at, value), expected);
  }

  relax(): void {
    this.relaxed = true;
  }
  wait(at: Word, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    return WAIT_RESULTS[this.access(Op.Wait, at, timeoutMs, expected | 0)]!;
  }
  notify(at: Word, count: number): number {
    return this.access(Op.Notify, at, count, 0);
  }
  handOver(_record: number, _to: CpuId): void {}

  choose<T>(what: string, options: readonly T[]): T {
    return options[this.access(Op.Choose, NO_CELL, options.length, 0, what)]!;
  }
  maskIrqs(): void {
    if (this.interruptible) this.access(Op.MaskIrqs, NO_CELL, 0, 0);
  }
  unmaskIrqs(): void {
    if (this.interruptible) this.access(Op.UnmaskIrqs, NO_CELL, 0, 0);
  }

  /** One access: its result if it is in the log, else the end of this run. */
  protected access(op: Op, at: number, value: number, expected: number, label = ''): number {
    if (this.pending !== undefined) this.throwAgain();
    this.sites?.push(siteOfCaller(this.constructor.name));
    if (this.cursor < this.log.length) {
      this.relaxed = false;
      return this.log[this.cursor++]!;
    }
    if (at !== NO_CELL) this.checkCell(op, at);
    this.pending = new Step(op, at, value, expected, this.relaxed, label);
    throw TOKEN;
  }

  private run(code: StrandCode): Step {
    let end: Step;
    try {
      end = Step.end(Op.Done, code(this, this));
    } catch (thrown) {
      end = Step.end(Op.Thrown, thrown);
    }
    if (this.triedSince > AFTERLIFE_MAX) throw new BadModel(LOOPS);
    // the code may have caught the token, or thrown something else in a finally block: it stands where it stood
    const step: Step = this.pending ?? end;
    if (isEnd(step) && this.cursor < this.log.length) {
      throw new BadModel('a strand ended before its log did: it depends on something else than its accesses');
    }
    return step;
  }

  private throwAgain(): never {
    this.triedSince++;
    if (this.triedSince > AFTERLIFE_MAX) throw new BadModel(LOOPS);
    throw TOKEN;
  }

  /** An access to a cell that is none, or with two widths, is a bug of the code: thrown where it stands. */
  private checkCell(op: Op, at: number): void {
    const width = (TRAITS[op]! & WIDE) !== 0 ? LONG : WORD;
    const cell = at >> 2;
    if (at % (width * 4) !== 0 || !(cell >= 0 && cell + width <= this.widths.length)) {
      throw new RangeError(`byte ${at} of ${this.plan.bytes} is no ${width === LONG ? 'long' : 'word'}`);
    }
    this.claim(cell, width);
    if (width === LONG) this.claim(cell + 1, INSIDE_LONG);
  }

  private claim(cell: number, width: number): void {
    const known = this.widths[cell]!;
    if (known !== 0 && known !== width) throw new TypeError(`${this.plan.nameOf(cell)} is accessed as a word and as a long`);
    this.widths[cell] = width;
  }

  private integer(at: Long, value: number): number {
    if (Number.isSafeInteger(value)) return value + 0;
    throw new RangeError(`${this.plan.nameOf(at >> 2)} is to hold ${value}, which is no integer of 53 bits`);
  }
}

const LOOPS = `a strand that was thrown out went on for ${AFTERLIFE_MAX} accesses: it catches everything inside a loop`;
