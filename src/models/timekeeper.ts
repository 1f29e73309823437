/**
 * The timekeeper (`src/kernel/time/timekeeping.ts`, `timekeeping-update.ts`, `timekeeping-fast.ts`): CPUs move the clocks
 * on, or change the counter under them, while others read. A reader is told its own time by that counter, or the time of
 * a writer that is ahead of it, and no other; and whoever may not wait does not.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import { ClocksourceId, ShadowTimekeeper, Timekeeper, TkFast } from '../../shared/structs/timekeeper.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { model, type Model, type ModelThread } from '../explore/model.ts';
import { exhaustive } from '../explore/source-sets.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { ktimeGet } from '../kernel/time/timekeeping.ts';
import { ktimeGetMonoFastNs } from '../kernel/time/timekeeping-fast.ts';
import { changeClocksource, timekeepingInit, updateWallTime } from '../kernel/time/timekeeping-update.ts';
import type { KernelCpu } from '../kernel/kernel-cpu.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { modelCpu } from './model-arch.ts';
import { answered, heldBack, inPieces, isOdd, withoutStores } from './tampered-memory.ts';

const { map, plan } = machineCells();
const TICK: Ns = 4_000_000;
const TK = map.at.timekeeper;
const LOCK = TK + Timekeeper.at.lock;
const SEQ = TK + Timekeeper.at.seq;
const FAST_SEQ = map.at.tkFast + TkFast.at.seq;
const SHADOW_BASE = map.at.shadowTimekeeper + ShadowTimekeeper.at.baseNs;

type Tamper = (memory: Memory) => Memory;
const untouched: Tamper = (memory) => memory;

/** A CPU at `clock` does something. */
function at<T>(memory: Memory, id: CpuId, clock: Ns, what: (cpu: KernelCpu) => T): T {
  const { cpu, arch } = modelCpu(memory, id, { map, tickNs: TICK });
  arch.clock = clock;
  return what(cpu);
}

/** The tsc is read, from 0 on. */
function setUp(memory: Memory): void {
  at(memory, 0, 0, (cpu) => {
    timekeepingInit(cpu);
    changeClocksource(cpu, ClocksourceId.Tsc);
  });
}

interface Parts {
  readonly threads: readonly ModelThread[];
  /** What reads may come to; in order for each reader. */
  readonly times: readonly Ns[];
  /** The threads that read. */
  readonly readers: readonly number[];
  /** Where the clocks stand when all is over. */
  readonly ends: Ns;
}

function timekeeper(name: string, { threads, times, readers, ends }: Parts): Model {
  return model({
    name,
    cells: plan,
    setUp,
    threads,
    check: ({ results, fired, memory }) => {
      const seen = readers.map((reader) => results[reader] as Ns[]);
      const strange = [...seen, fired.filter((value) => value !== undefined) as Ns[]].flat().find((value) => !times.includes(value));
      if (strange !== undefined) return `a reader is told ${strange}; it may be told ${times.join(' or ')}`;
      const back = seen.find((reads) => reads.some((value, i) => i > 0 && value < reads[i - 1]!));
      if (back !== undefined) return `steps back: ${back.join(', ')}`;
      const base = memory.loadLong(TK + Timekeeper.at.baseNs);
      return base === ends ? undefined : `the clocks stand at ${base} in the end, not at ${ends}`;
    },
  });
}

const writer = (id: CpuId, clocks: readonly Ns[], tamper: Tamper): ModelThread => ({
  name: `CPU${id}`,
  run: (memory: Memory) => { for (const clock of clocks) at(tamper(memory), id, clock, updateWallTime); },
});

const reader = (id: CpuId, clock: Ns, reads: (cpu: KernelCpu) => Ns, tamper: Tamper): ModelThread => ({
  name: `reader${id}`,
  run: (memory: Memory) => at(tamper(memory), id, clock, (cpu) => [reads(cpu), reads(cpu)]),
});

/** One CPU's ticks, another CPU's reads in the midst of the second tick. */
function seqcount(tamper: Tamper = untouched, readerTamper: Tamper = untouched): Model {
  return timekeeper('timekeeper', {
    threads: [writer(0, [TICK, 2 * TICK], tamper), reader(1, 1.5 * TICK, ktimeGet, readerTamper)],
    times: [1.5 * TICK, 2 * TICK], readers: [1], ends: 2 * TICK,
  });
}

/** Two CPUs find that a tick is over. */
function writers(tamper: Tamper = untouched): Model {
  return timekeeper('timekeeper-writers', {
    threads: [writer(0, [TICK], tamper), writer(1, [2 * TICK], tamper)],
    times: [], readers: [], ends: 2 * TICK,
  });
}

/** A tick; an interrupt of the same CPU reads the fast clock in the midst of it, and so does another CPU. */
function fast(tamper: Tamper = untouched, reads = ktimeGetMonoFastNs): Model {
  const ticking = writer(0, [2 * TICK], tamper);
  return timekeeper('timekeeper-fast', {
    threads: [
      { ...ticking, irqs: [{ name: 'nmi', run: (memory: Memory) => at(memory, 0, 2 * TICK, reads) }] },
      reader(1, 1.5 * TICK, reads, untouched),
    ],
    times: [1.5 * TICK, 2 * TICK], readers: [1], ends: 2 * TICK,
  });
}

/** The counter is changed for another, which stands elsewhere and is half as fast. */
function change(tamper: Tamper = untouched): Model {
  const changing: ModelThread = {
    name: 'CPU0',
    run: (memory: Memory) => at(tamper(memory), 0, TICK, (cpu) => changeClocksource(cpu, ClocksourceId.Hpet)),
  };
  return timekeeper('timekeeper-change', {
    threads: [changing, reader(1, 1.5 * TICK, ktimeGet, untouched)],
    times: [1.5 * TICK], readers: [1], ends: TICK,
  });
}

/** The second look finds what the first one found. */
const lookingOnce: Tamper = (memory) => {
  let even: number | undefined;
  return answered(memory, SEQ, (_, load) => {
    if (even !== undefined) return even;
    const seq = load();
    if ((seq & 1) === 0) even = seq;
    return seq;
  });
};

const BASE = TK + Timekeeper.at.baseNs;
const CYCLE_LAST = TK + Timekeeper.at.cycleLast;
const CLOCKSOURCE = TK + Timekeeper.at.clocksource;

export const TIMEKEEPER: Catalogued = {
  id: 'timekeeper',
  says: 'A CPU moves the clocks on twice while another reads twice: each read is its own time, or that of the writer if it is ahead.',
  model: seqcount(),
  mutants: [
    {
      id: 'late-odd', says: 'the count becomes odd after the new counter is stored',
      model: seqcount((memory) => heldBack(memory, SEQ, CYCLE_LAST, isOdd)),
    },
    {
      id: 'early-even', says: 'the count becomes even before the new base is stored',
      model: seqcount((memory) => heldBack(memory, BASE, SEQ, (ns) => ns > TICK)),
    },
    { id: 'no-retry', says: 'a reader does not look at the count again', model: seqcount(untouched, lookingOnce) },
  ],
  quick: exhaustive,
};

export const TIMEKEEPER_WRITERS: Catalogued = {
  id: 'timekeeper-writers',
  says: 'Two CPUs move the clocks on at once: no tick is lost or counted twice.',
  model: writers(),
  mutants: [
    { id: 'look-then-take', says: 'the lock is looked at and taken in two steps', model: writers((memory) => inPieces(memory, LOCK)) },
    {
      id: 'no-shadow', says: 'what is worked out does not get into the shadow',
      model: writers((memory) => withoutStores(memory, SHADOW_BASE)),
    },
  ],
  quick: exhaustive,
};

export const TIMEKEEPER_FAST: Catalogued = {
  id: 'timekeeper-fast',
  says: 'A CPU moves the clocks on; an interrupt of its own and another CPU read the fast clock meanwhile: no read waits, none is strange.',
  model: fast(),
  mutants: [
    {
      id: 'late-turn', says: 'readers are turned away from a copy that is half new already',
      model: fast((memory) => heldBack(memory, FAST_SEQ, map.at.tkFast + TkFast.at.cycleLast, isOdd)),
    },
    { id: 'waits', says: 'the interrupt reads the clock that waits for the writer', model: fast(untouched, ktimeGet) },
  ],
  quick: () => everyStateWithin(2),
  thorough: exhaustive,
};

export const TIMEKEEPER_CHANGE: Catalogued = {
  id: 'timekeeper-change',
  says: 'A CPU changes the clock source while another reads twice: it is told its own time, by the old counter or by the new one.',
  model: change(),
  mutants: [
    {
      id: 'late-odd', says: 'the count becomes odd after the new source is stored',
      model: change((memory) => heldBack(memory, SEQ, CLOCKSOURCE, isOdd)),
    },
    {
      id: 'early-even', says: 'the count becomes even before the new counter is stored',
      model: change((memory) => heldBack(memory, CYCLE_LAST, SEQ)),
    },
  ],
  quick: exhaustive,
};
