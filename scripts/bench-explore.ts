/**
 * `npm run bench:explore`: how fast the explorer is on this host, by a record of two fields under a
 * sequence count whose writer keeps the count in a local. Counts are exact, and checked; times are a
 * median with its best and worst.
 */
import { availableParallelism, cpus as hostCpus } from 'node:os';
import type { Memory } from '../shared/memory/memory.ts';
import { namedCells } from '../src/explore/cells.ts';
import { naive } from '../src/explore/depth-first.ts';
import { explore } from '../src/explore/explore.ts';
import { ExploredMemory } from '../src/explore/explored-memory.ts';
import { model, type Model } from '../src/explore/model.ts';
import { random } from '../src/explore/random.ts';
import type { Search } from '../src/explore/search.ts';
import { exhaustive } from '../src/explore/source-sets.ts';
import { Op } from '../src/explore/step.ts';
import { spread } from './bench/median.ts';
import { helpIfAsked } from './usage.ts';

helpIfAsked(`npm run bench:explore

How many executions a second the explorer gets through on this host: a median with its best and worst.`);

const ROUNDS = 5;

const { plan, at } = namedCells({ seq: 0, a: 0, b: 0 });

/** With plain loads the race detector looks at each execution; where all is atomic it need not. */
class PlainLoads extends ExploredMemory {
  override load(cell: number): number {
    return this.access(cell === at.seq ? Op.Load : Op.PlainLoad, cell, 0, 0);
  }
}

function write(memory: Memory, updates: number): void {
  for (let k = 1; k <= updates; k++) {
    memory.store(at.seq, 2 * k - 1);
    memory.store(at.a, k);
    memory.store(at.b, 10 * k);
    memory.store(at.seq, 2 * k);
  }
}

function read(memory: Memory): readonly [number, number] {
  for (;;) {
    const seq = memory.load(at.seq);
    if ((seq & 1) !== 0) memory.relax();
    else {
      const pair = [memory.load(at.a), memory.load(at.b)] as const;
      if (memory.load(at.seq) === seq) return pair;
    }
  }
}

function seqlock(updates: number, readers: number, plain = false): Model {
  return model({
    name: 'two-fields',
    cells: plan,
    threads: [
      { name: 'writer', run: (memory: Memory): unknown => write(memory, updates) },
      ...Array.from({ length: readers }, (_, i) => ({ name: `reader-${i}`, run: read as (memory: Memory) => unknown })),
    ],
    ...(plain ? { makeMemory: (cells) => new PlainLoads(cells) } : {}),
    check: ({ results: [, ...pairs] }) => (pairs.some((pair) => isTorn(pair as readonly number[])) ? 'torn' : undefined),
  });
}

function isTorn([a, b]: readonly number[]): boolean {
  return b !== 10 * a!;
}

interface Row {
  readonly name: string;
  readonly model: Model;
  readonly search: () => Search;
  /** Executions that there are; a search that finds others is no benchmark. */
  readonly executions: number;
  /** How often in one round. */
  readonly times: number;
}

const ROWS: readonly Row[] = [
  { name: 'naive, 1 writer x 2 updates, 1 reader', model: seqlock(2, 1), search: naive, executions: 14_076, times: 4 },
  { name: 'the same, detector on', model: seqlock(2, 1, true), search: naive, executions: 14_076, times: 1 },
  { name: 'classes, 1 writer x 3 updates, 1 reader', model: seqlock(3, 1), search: exhaustive, executions: 7_731, times: 4 },
  { name: 'the same, detector on', model: seqlock(3, 1, true), search: exhaustive, executions: 7_731, times: 1 },
  { name: 'classes, 1 writer x 2 updates, 2 readers', model: seqlock(2, 2), search: exhaustive, executions: 146_689, times: 1 },
  {
    name: 'at random, 1 writer x 2 updates, 2 readers', model: seqlock(2, 2),
    search: () => random({ executions: 20_000 }), executions: 20_000, times: 1,
  },
];

/** Host milliseconds for all executions of a row. */
function measure({ name, model: made, search, executions, times }: Row): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) {
    const report = explore(made, search(), { countAll: true });
    if (report.executions !== executions) throw new Error(`${name}: ${report.executions} executions, and there are ${executions}`);
  }
  return Number(process.hrtime.bigint() - start) / 1e6 / times;
}

console.log(`node ${process.version}, ${hostCpus()[0]!.model}, ${availableParallelism()} cores; median of ${ROUNDS} (best to worst)\n`);
for (const row of ROWS) {
  const rounds = Array.from({ length: ROUNDS }, () => measure(row));
  const rate = spread(rounds.map((ms) => row.executions / ms), 'thousand/s');
  console.log(`${row.name.padEnd(44)} ${rate}, all ${row.executions} in ${spread(rounds, 'ms')}`);
}
