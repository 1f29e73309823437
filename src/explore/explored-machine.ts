/**
 * A model at one point of one execution: cells, strands, and the steps that led here. A search moves it
 * one step forward (`take`) or back (`takeBack`), each in constant time: a strand's state is its log, and
 * a cell's old value is all that a step destroys.
 *
 * A strand can step unless it has ended, sleeps without a time-out, spins (nothing that it read has
 * changed since its last `relax`), or its CPU is another's: an interrupt runs to its end before the
 * thread goes on, and begins only while it is not masked.
 */
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { BadModel } from './bad-model.ts';
import { Behaviour } from './behaviour.ts';
import { ExploredMemory } from './explored-memory.ts';
import { STEPS_MAX } from './limits.ts';
import type { Invariant, Model, Readable, Start } from './model.ts';
import { perform } from './perform.ts';
import { conflict, NO_CELL, Op, PLAIN, READS, TRAITS, WaitResult, WIDE, WRITES, type Step } from './step.ts';
import { ExploredCpu, NOBODY, READ_LENGTH, SLEEPS, Strand, StepTaken } from './strand.ts';

export class ExploredMachine {
  readonly model: Model;
  readonly start: Start;
  readonly cpus: readonly ExploredCpu[];
  /** The threads first, in the order of their CPUs. */
  readonly strands: readonly Strand[];
  readonly cells: PlainMemory;
  /** By cell: how often its value has changed. */
  readonly versions: Int32Array;
  /** The steps that led here: the first `length`. */
  readonly taken: StepTaken[] = [];
  length = 0;
  /** Steps ever taken. */
  steps = 0;
  /** Steps among `taken` that are not atomic. */
  plainSteps = 0;
  /** What the invariant had to say first, after step number `brokenAt`. */
  broken: string | undefined;
  brokenAt = 0;
  private sleepers: readonly Strand[] = NOBODY;
  /** By cell: 1 where the invariant reads. */
  private readonly watched: Uint8Array;
  private readonly stepsMax: number;

  constructor(model: Model, start: Start) {
    this.model = model;
    this.start = start;
    this.stepsMax = model.stepsMax ?? STEPS_MAX;
    this.cells = new PlainMemory(model.cells.bytes);
    model.cells.fill?.(this.cells);
    model.setUp?.(this.cells, start.chosen);
    this.versions = new Int32Array(model.cells.bytes >> 2);
    this.watched = new Uint8Array(model.cells.bytes >> 2);
    for (const at of model.invariant?.cells ?? []) this.watched[at >> 2] = 1;
    this.cpus = model.threads.map(({ name }, id) => new ExploredCpu(id, name, start.firings[id]!.some((times) => times > 0)));
    this.strands = strandsOf(model, start, this.cpus);
    if (model.invariant !== undefined) this.askInvariant(model.invariant);
  }

  /** The strands that can take a step, as bits. */
  enabled(): number {
    let bits = 0;
    for (let i = 0; i < this.strands.length; i++) {
      if (this.canStep(this.strands[i]!)) bits |= 1 << i;
    }
    return bits;
  }

  /** How many ways there are to take the strand's next step: more than one where it chooses. */
  waysOf(id: number): number {
    const { step } = this.strands[id]!;
    return step.op === Op.Choose ? step.value : 1;
  }

  /** Whether it is too long an execution to be one that ends. */
  get isEndless(): boolean {
    return this.length >= this.stepsMax;
  }

  /** Strand `id`, which can, takes its next step, in way `way`. */
  take(id: number, way: number): void {
    const strand = this.strands[id]!;
    const { step, cpu } = strand;
    const taken = this.begin(strand);
    if (step.relaxed) strand.readsFrom = strand.readCount;
    const result = step.at === NO_CELL ? this.decide(cpu, step, way) : this.access(taken, step);
    taken.result = result;
    if (result === SLEEPS && step.op === Op.Wait) strand.step = step.asleep!;
    else strand.goOn(result);
    if (strand.isIrq) cpu.interrupt = strand.ended ? undefined : strand;
  }

  /** Undoes the last step. */
  takeBack(): void {
    const taken = this.taken[--this.length]!;
    const { strand, step } = taken;
    strand.cpu.interrupt = taken.interrupt;
    if (step.at === NO_CELL) this.undecide(strand.cpu, step);
    else this.undo(taken, step);
    if (taken.result === SLEEPS && step.op === Op.Wait) strand.step = step;
    else strand.goBack(step);
    strand.readsFrom = taken.readsFrom;
    strand.readCount = taken.readCount;
    strand.wokenBy = taken.wokenBy;
    if (this.length < this.brokenAt) this.broken = undefined;
  }

  /** Whether it may matter to anybody in which order two strands take their next steps. */
  conflict(a: Strand, b: Strand): boolean {
    return a.cpu === b.cpu || this.conflictOfSteps(a.step, b.step);
  }

  /** The same for two steps of different CPUs. */
  conflictOfSteps(a: Step, b: Step): boolean {
    return conflict(a, b) || (this.isWatched(a) && this.isWatched(b));
  }

  /** Whether the step stores into a cell of the invariant. */
  isWatched(step: Step): boolean {
    return step.at !== NO_CELL && this.watched[step.at >> 2] !== 0 && (TRAITS[step.op]! & WRITES) !== 0;
  }

  canStep(strand: Strand): boolean {
    const { step, cpu } = strand;
    if (step.op >= Op.Done) return false;
    if (cpu.interruptible && !hasItsCpu(strand)) return false;
    if (step.relaxed) return this.hasNews(strand);
    return step.op !== Op.Asleep || step.value !== Infinity;
  }

  /** The strands of which a cell that they read since their last `relax` has changed, as bits. */
  withNews(): number {
    let bits = 0;
    for (let i = 0; i < this.strands.length; i++) {
      if (!this.strands[i]!.ended && this.hasNews(this.strands[i]!)) bits |= 1 << i;
    }
    return bits;
  }

  /** How many fell asleep before the strand, which sleeps, and sleep on. */
  sleepersBefore(strand: Strand): number {
    return this.sleepers.indexOf(strand);
  }

  /** Whether a cell that the strand read since its last `relax` has changed. */
  private hasNews({ reads, readsFrom, readCount }: Strand): boolean {
    for (let i = readsFrom; i < readCount; i += READ_LENGTH) {
      if (this.versions[reads[i]!] !== reads[i + 1]) return true;
    }
    return false;
  }

  /** What the step's cell holds. */
  valueAt({ op, at }: Step): number {
    return (TRAITS[op]! & WIDE) !== 0 ? this.cells.longs[at >> 3]! : this.cells.words[at >> 2]!;
  }

  private begin(strand: Strand): StepTaken {
    const taken = (this.taken[this.length++] ??= new StepTaken());
    this.steps++;
    taken.strand = strand;
    taken.step = strand.step;
    taken.changed = false;
    taken.readsFrom = strand.readsFrom;
    taken.readCount = strand.readCount;
    taken.wokenBy = strand.wokenBy;
    taken.interrupt = strand.cpu.interrupt;
    taken.sleepers = undefined;
    taken.woken = NOBODY;
    strand.wokenBy = -1;
    return taken;
  }

  /** A step that touches no cell. */
  private decide(cpu: ExploredCpu, step: Step, way: number): number {
    if (step.op === Op.MaskIrqs) cpu.masks++;
    if (step.op === Op.UnmaskIrqs) cpu.masks--;
    return way;
  }

  private undecide(cpu: ExploredCpu, step: Step): void {
    if (step.op === Op.MaskIrqs) cpu.masks--;
    if (step.op === Op.UnmaskIrqs) cpu.masks++;
  }

  private access(taken: StepTaken, step: Step): number {
    const { op, at } = step;
    const traits = TRAITS[op]!;
    const cell = at >> 2;
    taken.old = this.valueAt(step);
    const result = op >= Op.Wait ? this.queue(taken, step) : perform(this.cells, step);
    if ((traits & WRITES) !== 0) this.noteStore(taken, cell);
    if ((traits & READS) !== 0) taken.strand.noteRead(cell, this.versions[cell]!, this.length - 1);
    if ((traits & PLAIN) !== 0) this.plainSteps++;
    return result;
  }

  private undo(taken: StepTaken, step: Step): void {
    if ((TRAITS[step.op]! & PLAIN) !== 0) this.plainSteps--;
    if (taken.changed) {
      if ((TRAITS[step.op]! & WIDE) !== 0) this.cells.longs[step.at >> 3] = taken.old;
      else this.cells.words[step.at >> 2] = taken.old;
      this.versions[step.at >> 2]!--;
    }
    if (taken.sleepers === undefined) return;
    this.sleepers = taken.sleepers;
    taken.woken.forEach((sleeper, i) => sleeper.sleepOn(taken.wokenFrom[i]!));
  }

  private noteStore(taken: StepTaken, cell: number): void {
    if (this.valueAt(taken.step) === taken.old) return;
    taken.changed = true;
    this.versions[cell]!++;
    if (this.watched[cell] !== 0) this.askInvariant(this.model.invariant!);
  }

  private askInvariant(invariant: Invariant): void {
    if (this.broken !== undefined) return;
    this.broken = invariant.holds(this.watchedOnly);
    this.brokenAt = this.length;
  }

  /** What the invariant may see: were it to look elsewhere, the search would not know which orders matter to it. */
  private readonly watchedOnly: Readable = {
    load: (at) => this.cells.load(this.mustWatch(at)),
    loadLong: (at) => this.cells.loadLong(this.mustWatch(at)),
  };

  private mustWatch(at: number): number {
    if (this.watched[at >> 2] !== 0) return at;
    throw new BadModel(`the invariant of ${this.model.name} reads ${this.model.cells.nameOf(at >> 2)}, which is none of its cells`);
  }

  /** `wait`, its time-out, and `notify`. */
  private queue(taken: StepTaken, step: Step): number {
    if (step.op === Op.Wait && taken.old !== step.expected) return WaitResult.NotEqual;
    taken.sleepers = this.sleepers;
    if (step.op === Op.Notify) return this.wake(taken, step);
    if (step.op === Op.Wait) {
      this.sleepers = [...this.sleepers, taken.strand];
      return SLEEPS;
    }
    this.sleepers = this.sleepers.filter((sleeper) => sleeper !== taken.strand);
    return WaitResult.TimedOut;
  }

  /** Wakes those that have slept longest. */
  private wake(taken: StepTaken, { at, value }: Step): number {
    taken.woken = this.sleepers.filter(({ step }) => step.at === at).slice(0, value);
    taken.wokenFrom = taken.woken.map(({ step }) => step);
    this.sleepers = this.sleepers.filter((sleeper) => !taken.woken.includes(sleeper));
    for (const sleeper of taken.woken) sleeper.wake(this.length - 1);
    return taken.woken.length;
  }
}

/** An interrupt that has begun has its CPU to itself; else the thread has it, or one that may begin. */
function hasItsCpu(strand: Strand): boolean {
  const { interrupt, masks } = strand.cpu;
  if (interrupt !== undefined) return interrupt === strand;
  return !strand.isIrq || (masks === 0 && strand.earlier?.ended !== false);
}

function strandsOf({ threads, cells, makeMemory }: Model, { firings }: Start, cpus: readonly ExploredCpu[]): Strand[] {
  const memory = makeMemory?.(cells) ?? new ExploredMemory(cells);
  const strands = threads.map(({ name, run }, id) =>
    new Strand(id, name, cpus[id]!, new Behaviour(name, run, memory, cpus[id]!.interruptible)));
  threads.forEach(({ irqs = [] }, id) => irqs.forEach(({ name, run }, kind) => {
    const behaviour = new Behaviour(name, run, memory, true);
    let earlier: Strand | undefined;
    for (let n = 0; n < firings[id]![kind]!; n++) {
      earlier = new Strand(strands.length, name, cpus[id]!, behaviour, { earlier });
      strands.push(earlier);
    }
  }));
  return strands;
}
