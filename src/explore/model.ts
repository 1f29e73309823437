/**
 * A model: some cells, the threads that share them, the interrupts that may come in between, and what
 * must be true. The threads are functions of `Memory`, so they are the shipped code itself.
 *
 *     const { plan, at } = namedCells({ seq: 0, utime: 0, stime: 0 });
 *     export const torn = model({
 *       name: 'seqcount',
 *       cells: plan,
 *       threads: [
 *         { name: 'writer', run: (memory) => update(memory, at) },
 *         { name: 'reader', run: (memory) => read(memory, at) },
 *       ],
 *       check: ({ results: [, seen] }) => (whole(seen) ? undefined : `torn: ${seen}`),
 *     });
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { BadModel } from './bad-model.ts';
import type { CellPlan } from './cells.ts';
import type { ExploredMemory, ModelCpu } from './explored-memory.ts';
import { STRANDS_MAX } from './limits.ts';

export interface Model<Threads extends readonly ModelThread[] = readonly ModelThread[]> {
  /** In kebab-case, without spaces: it is part of a replay line. */
  readonly name: string;
  readonly cells: CellPlan;
  /** What the cells hold when the threads begin; `chosen` has one option of each of `choices`. */
  setUp?(memory: Memory, chosen: Chosen): void;
  /** Things that are decided before the threads begin; each combination is explored. */
  readonly choices?: Readonly<Record<string, readonly unknown[]>>;
  /** One CPU each. */
  readonly threads: Threads;
  readonly invariant?: Invariant;
  /** Called at the end of each execution; says what is wrong. */
  check?(end: End<Threads>): string | undefined;
  /** Tests only: memory with accesses that are not atomic. */
  makeMemory?(plan: CellPlan): ExploredMemory;
  /** Steps after which an execution is called a livelock. */
  readonly stepsMax?: number;
}

export interface ModelThread {
  readonly name: string;
  run(memory: Memory, cpu: ModelCpu): unknown;
  /** They may fire between any two accesses of this thread, before the first and after the last. */
  readonly irqs?: readonly ModelIrq[];
}

/** An interrupt runs to its end before its thread goes on, and no other one fires meanwhile. */
export interface ModelIrq {
  readonly name: string;
  run(memory: Memory, cpu: ModelCpu): unknown;
  /** How often it fires at most, 1 where this is missing; fewer times are explored too. */
  readonly max?: number;
}

export type Chosen = Readonly<Record<string, unknown>>;

export interface Readable {
  load(at: number): number;
  loadLong(at: number): number;
}

/** What must be true after each step. */
export interface Invariant {
  /** Offsets of all cells that it reads. Their stores are explored in every order among each other. */
  readonly cells: readonly number[];
  /** Says what is wrong. */
  holds(cells: Readable): string | undefined;
}

export interface End<Threads extends readonly ModelThread[] = readonly ModelThread[]> {
  /** What each thread returned. */
  readonly results: { readonly [K in keyof Threads]: ReturnType<Threads[K]['run']> };
  /** What each firing of an interrupt returned, in the order of their declarations; undefined if it was masked to the end. */
  readonly fired: readonly unknown[];
  readonly memory: Memory;
  readonly chosen: Chosen;
}

/** One way in which a model may begin: an option of each choice, and how often each interrupt fires. */
export interface Start {
  readonly chosen: Chosen;
  /** By thread and interrupt, in the order in which they are declared. */
  readonly firings: readonly (readonly number[])[];
}

export function model<const Threads extends readonly ModelThread[]>(parts: Model<Threads>): Model<Threads> {
  const irqs = parts.threads.flatMap((thread) => thread.irqs ?? []);
  const names = [...parts.threads, ...irqs].map(({ name }) => name);
  if (parts.threads.length === 0) throw new BadModel(`${parts.name} has no threads`);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(parts.name)) throw new BadModel(`'${parts.name}' is no name in kebab-case`);
  if (new Set(names).size < names.length) throw new BadModel(`${parts.name}: two strands have one name (${names.join(', ')})`);
  const strands = parts.threads.length + irqs.reduce((sum, { max = 1 }) => sum + max, 0);
  if (strands > STRANDS_MAX) throw new BadModel(`${parts.name} has ${strands} strands, at most ${STRANDS_MAX}`);
  return parts;
}

/** All ways to begin, the one with the first options and no interrupts first. */
export function startsOf({ choices = {}, threads }: Model): Start[] {
  const chosen = productOf(Object.values(choices)).map((options) =>
    Object.fromEntries(Object.keys(choices).map((name, i) => [name, options[i]])));
  const firings = productOf(threads.map(({ irqs = [] }) => productOf(irqs.map(({ max = 1 }) => countTo(max)))));
  return chosen.flatMap((some) => firings.map((times) => ({ chosen: some, firings: times })));
}

/** 0 .. max */
function countTo(max: number): number[] {
  return Array.from({ length: max + 1 }, (_, n) => n);
}

/** Every way to take one of each list, the first of each first. */
function productOf<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((ways, list) => ways.flatMap((way) => list.map((item) => [...way, item])), [[]]);
}
