/** Models whose executions are repeated on real threads: small protocols of the shipped functions, and programs of every access. */
import { layOutMachine } from '../../shared/machine-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { MessageKind } from '../../shared/structs/cpu.ts';
import { sendCsd, sleepOnBell, takeAll } from '../../shared/sync/call-queue.ts';
import { rawSpinLock, rawSpinUnlock } from '../../shared/sync/raw-spinlock.ts';
import { readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd } from '../../shared/sync/seqcount.ts';
import { mappedCells, namedCells } from '../../src/explore/cells.ts';
import { Draws } from '../../src/explore/draws.ts';
import type { ModelCpu } from '../../src/explore/explored-memory.ts';
import { model, type Model } from '../../src/explore/model.ts';

/** What is cut to 32 bits shows. */
const BIG = 2 ** 40;
/** A lock is its owner, its generation and its stamp, side by side. */
const { plan, at } = namedCells({ seq: 0, word: 0, lock: 0 }, { stamp: 0, utime: BIG, stime: 10 * BIG });

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

function lockedUpdate(memory: Memory, cpu: number, now: number): number {
  const mine = rawSpinLock(memory, at.lock, cpu, now);
  update(memory);
  rawSpinUnlock(memory, at.lock, cpu, mine + 5);
  return mine;
}

const seqcount = model({
  name: 'seqcount',
  cells: plan,
  threads: [
    { name: 'writer', run: (memory) => [update(memory), update(memory)].length },
    { name: 'reader', run: read },
    { name: 'other reader', run: read },
  ],
});

export const smallSeqcount = model({
  name: 'small-seqcount',
  cells: plan,
  threads: [{ name: 'writer', run: update }, { name: 'reader', run: read }],
});

const lockedWriters = model({
  name: 'locked-writers',
  cells: plan,
  threads: [
    { name: 'writer', run: (memory) => lockedUpdate(memory, 0, BIG) },
    { name: 'other writer', run: (memory) => lockedUpdate(memory, 1, BIG + 3) },
    { name: 'reader', run: read },
  ],
});

const machine = layOutMachine({ cpus: 2, tasks: 2, syncObjects: 1, sharedTimers: 1, csdPool: 1 });
const COORDINATOR = 2;

/** One slot: its second message waits until the first was taken. */
function send(memory: Memory, from: number, messages: number): void {
  for (let n = 0; n < messages; n++) sendCsd(memory, machine, from, COORDINATOR, MessageKind.Reschedule, BIG + n, -n, 7, n, n, () => {});
}

function receive(memory: Memory, messages: number): readonly number[][] {
  const got: number[][] = [];
  while (got.length < messages) {
    if (takeAll(memory, machine, COORDINATOR, (...message) => got.push(message)) === 0) sleepOnBell(memory, machine, COORDINATOR, Infinity);
  }
  return got;
}

const callQueue = model({
  name: 'call-queue',
  cells: mappedCells(machine.map),
  threads: [
    { name: 'CPU0', run: (memory) => send(memory, 0, 2) },
    { name: 'CPU1', run: (memory) => send(memory, 1, 1) },
    { name: 'coordinator', run: (memory) => receive(memory, 3) },
  ],
});

/** All sleep on one word: woken together, or by themselves, or too late to fall asleep at all. */
export const sleepers = model({
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
const WORD_CELLS = [at.seq, at.lock, at.word];
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

export const PROTOCOLS: readonly Model[] = [seqcount, lockedWriters, callQueue, sleepers, interrupted];
export const PROGRAMS: readonly Model[] = Array.from({ length: 8 }, (_, n) => program(n));
export const ALL: readonly Model[] = [smallSeqcount, ...PROTOCOLS, ...PROGRAMS];
