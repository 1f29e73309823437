/**
 * Two CPUs take their ticks at once, and the do_timer duty changes hands (`src/kernel/time/jiffies.ts`):
 * each period is counted once, and whoever reads jiffies with the instant of their last boundary finds two
 * that belong together.
 */
import { JiffiesPage, TICK_DO_TIMER_NONE } from '../../shared/structs/global.ts';
import { ClocksourceId, ShadowTimekeeper } from '../../shared/structs/timekeeper.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { readSeqcountBegin, readSeqcountRetry } from '../../shared/sync/seqcount.ts';
import type { CpuId, Jiffies, Ns } from '../../shared/units.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { setTickDoTimerCpu, tickDoTimerCpu, tickDoUpdateJiffies64, tickSchedDoTimer } from '../kernel/time/jiffies.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { answered, heldBack, inPieces, isOdd } from './tampered-memory.ts';

const { map, plan } = machineCells();
const TICK: Ns = 4_000_000;
const LOCK = map.at.jiffies + JiffiesPage.at.lock;
const SEQ = map.at.jiffies + JiffiesPage.at.seq;
const JIFFIES = map.at.jiffies + JiffiesPage.at.jiffies;
const LAST = map.at.jiffies + JiffiesPage.at.lastJiffiesUpdate;
const NEXT = map.at.jiffies + JiffiesPage.at.tickNextPeriod;

type Pair = readonly [jiffies: Jiffies, last: Ns];

/** A CPU's ticks; before all but the first it drops the duty, if that is its own. */
function tick(memory: Memory, id: CpuId, ticks: readonly number[]): void {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: TICK });
  ticks.forEach((n, i) => {
    if (i > 0 && tickDoTimerCpu(cpu) === id) setTickDoTimerCpu(cpu, TICK_DO_TIMER_NONE);
    arch.clock = n * TICK;
    tickSchedDoTimer(cpu, arch.clock);
  });
}

function read(memory: Memory): Pair {
  for (;;) {
    const start = readSeqcountBegin(memory, SEQ);
    const pair: Pair = [memory.loadLong(JIFFIES), memory.loadLong(LAST)];
    if (!readSeqcountRetry(memory, SEQ, start)) return pair;
  }
}

/** A CPU finds that nobody has done his duty. */
function rescue(memory: Memory, id: CpuId, ticks: readonly number[]): void {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: TICK });
  for (const n of ticks) {
    arch.clock = n * TICK;
    tickDoUpdateJiffies64(cpu, arch.clock);
  }
}

interface Parts {
  /** Of each CPU: the periods in which its ticks come. */
  readonly ticks?: readonly (readonly number[])[];
  readonly reader?: boolean;
  /** What a CPU does with its ticks. */
  readonly does?: typeof tick;
  readonly tamper?: (memory: Memory) => Memory;
}

function jiffies(name: string, { ticks = [[1], [2]], reader = false, does = tick, tamper = (memory) => memory }: Parts = {}): Model {
  const cpus = ticks.map((periods, id): ModelThread => ({ name: `CPU${id}`, run: (memory: Memory) => does(tamper(memory), id, periods) }));
  const last = Math.max(...ticks.flat());
  return model({
    name,
    cells: plan,
    choices: { duty: [0, 1, TICK_DO_TIMER_NONE] },
    setUp: (memory, { duty }) => {
      JiffiesPage.view(memory, map.at.jiffies).tickNextPeriod = TICK;
      JiffiesPage.view(memory, map.at.jiffies).tickDoTimerCpu = duty as CpuId;
      // no tick is long enough for the timekeeper to move
      const timekeeper = ShadowTimekeeper.view(memory, map.at.shadowTimekeeper);
      timekeeper.clocksource = ClocksourceId.Tsc;
      timekeeper.cycleInterval = 100 * TICK;
    },
    threads: [...cpus, ...(reader ? [{ name: 'reader', run: (memory: Memory) => read(memory) }] : [])],
    check: ({ results, memory }) => {
      const pairs: Pair[] = [[memory.loadLong(JIFFIES), memory.loadLong(LAST)], ...(reader ? [results.at(-1) as Pair] : [])];
      const wrong = pairs.find(([count, boundary]) => boundary !== count * TICK || count > last);
      if (wrong !== undefined) return `${wrong[0]} jiffies, the last at ${wrong[1]}`;
      const next = memory.loadLong(NEXT);
      return next === pairs[0]![1] + TICK ? undefined : `the next period begins at ${next}, after ${pairs[0]![1]}`;
    },
  });
}

/** Both CPUs move jiffies for the same tick. */
const same = (tamper: (memory: Memory) => Memory): Model =>
  jiffies('jiffies-reader', { ticks: [[1], [1]], reader: true, does: rescue, tamper });

/** What the look under the lock finds is what the look before it found. */
function lookingOnce(memory: Memory): Memory {
  let first = 0;
  return answered(memory, NEXT, (nth, load) => {
    if (nth === 0) first = load();
    return first;
  });
}

export const JIFFIES_TICKS: Catalogued = {
  id: 'jiffies',
  says: 'Two CPUs take two ticks each, and drop the duty in between, whoever had it: each period is counted once.',
  model: jiffies('jiffies', { ticks: [[1, 2], [1, 2]] }),
  mutants: [],
  quick: exhaustive,
};

export const JIFFIES_READER: Catalogued = {
  id: 'jiffies-reader',
  says: 'Two CPUs take a tick each while another reads: jiffies and the instant of the last one belong together.',
  model: jiffies('jiffies-reader', { reader: true }),
  mutants: [
    { id: 'look-then-take', says: 'the lock is looked at and taken in two steps', model: same((memory) => inPieces(memory, LOCK)) },
    { id: 'no-second-look', says: 'a CPU that has the lock does not look again whether jiffies are due', model: same(lookingOnce) },
    { id: 'late-odd', says: 'the count becomes odd after the first store', model: same((memory) => heldBack(memory, SEQ, LAST, isOdd)) },
    {
      id: 'early-even', says: 'the count becomes even before jiffies are stored',
      model: same((memory) => heldBack(memory, JIFFIES, SEQ)),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};
