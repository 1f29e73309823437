/** Models whose executions are repeated on real threads: all of the catalogue, what none of these does, and programs of every access. */
import type { Memory } from '../../shared/memory/memory.ts';
import { readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd } from '../../shared/sync/seqcount.ts';
import { namedCells } from '../../src/explore/cells.ts';
import { Draws } from '../../src/explore/draws.ts';
import type { ModelCpu } from '../../src/explore/explored-memory.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { CATALOGUE } from '../../src/models/catalogue.ts';

/** What is cut to 32 bits shows. */
const BIG = 2 ** 40;
const { plan, at } = namedCells({ seq: 0, word: 0, other: 0 }, { stamp: 0, utime: BIG, stime: 10 * BIG });

function update(memory: Memory): void {
  writeSeqcountBegin(memory, at.seq);
  memory.addLong(at.utime, 1);
  memory.storeLong(at.stime, 10 * memory.loadLong(at.utime));
  writeSeqcountEnd(memory, at.seq);
}

function read(memory: Memory): readonly [number, number] {
  for (;;) {
    const seq = readSeqcountBegin(memory, at.seq);
    const utime = memory.loadLong(at.utime);
    const stime = memory.loadLong(at.stime);
    if (!readSeqcountRetry(memory, at.seq, seq)) return [utime, stime];
  }
}

const smallSeqcount = model({
  name: 'small-seqcount',
  cells: plan,
  threads: [{ name: 'writer', run: update }, { name: 'reader', run: read }],
});

/** All sleep on one word: woken together, or by themselves, or too late to fall asleep at all. */
const sleepers = model({
  name: 'sleepers',
  cells: plan,
  threads: [
    { name: 'patient', run: (memory) => [memory.wait(at.word, 0, Infinity), memory.load(at.word)] },
    { name: 'impatient', run: (memory) => [memory.wait(at.word, 0, 5), memory.load(at.word)] },
    { name: 'waker', run: (memory) => [memory.notify(at.word, 2), memory.exchange(at.word, 1), memory.notify(at.word, 2)] },
  ],
});

function tick(memory: Memory, cpu: ModelCpu): number {
  return memory.addLong(at.utime, cpu.choose('ns', [BIG, -1]));
}

const interrupted = model({
  name: 'interrupted',
  cells: plan,
  setUp: (memory, { first }) => memory.store(at.word, Number(first)),
  choices: { first: [3, -3] },
  threads: [
    {
      name: 'writer',
      run: (memory, cpu) => {
        memory.add(at.word, 1);
        cpu.maskIrqs();
        update(memory);
        cpu.unmaskIrqs();
        return memory.load(at.word);
      },
      irqs: [{ name: 'tick', max: 2, run: tick }, { name: 'ipi', run: (memory) => memory.exchange(at.word, 9) }],
    },
    { name: 'reader', run: read },
  ],
});

const WORDS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x5555_5555, 2 ** 31, 2 ** 32 + 5, -(2 ** 31) - 1];
const LONGS = [0, 1, -1, BIG, -BIG - 3, 2 ** 31, 2 ** 32, 2 ** 47 + 1];
const WORD_CELLS = [at.seq, at.other, at.word];
const LONG_CELLS = [at.stamp, at.utime];
const WORD_OPS = ['load', 'store', 'add', 'or', 'and', 'exchange', 'cas', 'cas'] as const;
const LONG_OPS = ['load', 'store', 'add', 'exchange', 'cas', 'cas'] as const;
const LENGTH = 12;

/** A straight line of accesses, drawn; a swap expects what was last seen, or something else. */
function execute(memory: Memory, draws: Draws): number[] {
  const seen: number[] = [];
  const one = <T>(list: readonly T[]): T => list[draws.below(list.length)]!;
  for (let i = 0; i < LENGTH; i++) {
    const last = seen.at(-1) ?? 0;
    const hit = draws.below(3) > 0;
    if (draws.below(3) > 0) wordAccess(memory, one(WORD_OPS), one(WORD_CELLS), one(WORDS), hit ? last | 0 : one(WORDS), seen);
    else longAccess(memory, one(LONG_OPS), one(LONG_CELLS), one(LONGS), hit ? last : one(LONGS), seen);
  }
  return seen;
}

function wordAccess(memory: Memory, op: (typeof WORD_OPS)[number], cell: number, value: number, expected: number, seen: number[]): void {
  if (op === 'store') memory.store(cell, value);
  else if (op === 'load') seen.push(memory.load(cell));
  else if (op === 'cas') seen.push(memory.cas(cell, expected, value));
  else seen.push(memory[op](cell, value));
}

function longAccess(memory: Memory, op: (typeof LONG_OPS)[number], cell: number, value: number, expected: number, seen: number[]): void {
  if (op === 'store') memory.storeLong(cell, value);
  else if (op === 'load') seen.push(memory.loadLong(cell));
  else if (op === 'add') seen.push(memory.addLong(cell, value));
  else if (op === 'exchange') seen.push(memory.exchangeLong(cell, value));
  else seen.push(memory.casLong(cell, expected, value));
}

function program(n: number): Model {
  return model({
    name: `program-${n}`,
    cells: plan,
    threads: [0, 1, 2].map((cpu) => ({ name: `CPU${cpu}`, run: (memory: Memory) => execute(memory, new Draws(n, cpu)) })),
  });
}

export interface Repeated {
  /** By it a thread finds the model. */
  readonly id: string;
  readonly model: Model;
}

const itself = (model: Model): Repeated => ({ id: model.name, model });

export const SMALL_SEQCOUNT = itself(smallSeqcount);
export const SLEEPERS = itself(sleepers);
export const INTERRUPTED = itself(interrupted);
export const PROGRAMS: readonly Repeated[] = Array.from({ length: 8 }, (_, n) => itself(program(n)));
/** But for those that access cells plainly: such accesses are none of the shipped memory's. */
export const SHIPPED: readonly Repeated[] = CATALOGUE.filter(({ model }) => model.makeMemory === undefined);
/** Bugs planted in them: some of their executions end with somebody asleep, or at odds with himself. */
export const MUTANTS: readonly Repeated[] = CATALOGUE.flatMap(({ id, mutants }) =>
  mutants.map((mutant) => ({ id: `${id}/${mutant.id}`, model: mutant.model }))).filter(({ model }) => model.makeMemory === undefined);
export const ALL: readonly Repeated[] = [SMALL_SEQCOUNT, SLEEPERS, INTERRUPTED, ...PROGRAMS, ...SHIPPED, ...MUTANTS];
