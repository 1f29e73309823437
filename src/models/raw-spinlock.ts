/**
 * Two CPUs take one lock twice each (`shared/sync/raw-spinlock.ts`): nobody is inside with another, neither
 * at one step of memory nor at one simulated instant, and holdings are numbered in the order of their stamps.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { rawSpinGeneration, rawSpinLock, rawSpinUnlock } from '../../shared/sync/raw-spinlock.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { MemoryMap } from '../../shared/memory/memory-map.ts';
import { long, spinlock, struct } from '../../shared/memory/struct.ts';
import { mappedCells } from '../explore/cells.ts';
import { model, type Model } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import type { Catalogued } from './catalogued.ts';
import { answered, heldBack, inPieces, withoutStores } from './tampered-memory.ts';

const Counted = struct('counted', { lock: spinlock('guards the count'), count: long('holdings') }, { writer: 'any cpu', lock: 'lock' });
const map = new MemoryMap();
const base = map.place(Counted, 1);
const LOCK = base + Counted.at.lock;
const COUNT = base + Counted.at.count;
/** Offset in the lock of its release stamp. */
const STAMP = LOCK + 8;

/** How long a holding takes. */
const INSIDE: Ns = 30;

interface Holding {
  readonly generation: number;
  readonly from: Ns;
  readonly to: Ns;
}

function hold(memory: Memory, cpu: CpuId, at: Ns): Holding {
  const from = rawSpinLock(memory, LOCK, cpu, at);
  const generation = rawSpinGeneration(memory, LOCK);
  memory.storeLong(COUNT, memory.loadLong(COUNT) + 1);
  const to = from + INSIDE;
  rawSpinUnlock(memory, LOCK, cpu, to);
  return { generation, from, to };
}

function holdOften(memory: Memory, cpu: CpuId, times: number): Holding[] {
  const holdings: Holding[] = [];
  // CPU 1's clock is a little ahead
  for (let now: Ns = 100 + 10 * cpu; holdings.length < times; now = holdings.at(-1)!.to) holdings.push(hold(memory, cpu, now));
  return holdings;
}

function spinlockModel(times: number, tamper: (memory: Memory) => Memory = (memory) => memory): Model {
  return model({
    name: 'raw-spinlock',
    cells: mappedCells(map),
    threads: [0, 1].map((cpu) => ({ name: `CPU${cpu}`, run: (memory: Memory) => holdOften(tamper(memory), cpu, times) })),
    check: ({ results, memory }) => wrongWith((results as Holding[][]).flat(), memory.loadLong(COUNT)),
  });
}

function wrongWith(holdings: Holding[], count: number): string | undefined {
  if (count !== holdings.length) return `${holdings.length} holdings, ${count} counted`;
  const inOrder = holdings.toSorted((a, b) => a.generation - b.generation);
  const early = inOrder.find(({ generation, from }, i) => generation !== i + 1 || (i > 0 && from < inOrder[i - 1]!.to));
  if (early === undefined) return undefined;
  return `holding ${early.generation} begins at ${early.from}, before its predecessor ends: ${JSON.stringify(inOrder)}`;
}

export const RAW_SPINLOCK: Catalogued = {
  id: 'raw-spinlock',
  says: 'Two CPUs, two holdings each: one at a time, in memory and in simulated time.',
  model: spinlockModel(2),
  mutants: [
    {
      id: 'look-then-take', says: 'the lock is looked at and taken in two steps',
      model: spinlockModel(1, (memory) => inPieces(memory, LOCK)),
    },
    {
      id: 'late-stamp', says: 'the stamp is stored after the lock is free',
      model: spinlockModel(1, (memory) => heldBack(memory, STAMP, LOCK)),
    },
    { id: 'no-stamp', says: 'a holder leaves no stamp', model: spinlockModel(1, (memory) => withoutStores(memory, STAMP)) },
    { id: 'deaf-taker', says: 'a taker goes on at its own clock', model: spinlockModel(1, (memory) => answered(memory, STAMP, () => 0)) },
  ],
  quick: exhaustive,
};
