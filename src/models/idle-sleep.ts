/**
 * A CPU's sleep ends and the next begins while another CPU asks how long it has slept (`src/kernel/time/idle-sleep.ts`):
 * no answer falls, and none is more than was slept.
 */
import { IdleSleep } from '../../shared/structs/cpu.ts';
import { ClocksourceId, Timekeeper } from '../../shared/structs/timekeeper.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { Ns } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import type { Decisions } from '../kernel/decisions.ts';
import { getCpuSleepTime, newIdleTimes, tickNohzStartIdle, tickNohzStopIdle } from '../kernel/time/idle-sleep.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { MODEL_SOURCES, modelCpu } from './model-arch.ts';
import { heldBack, isOdd } from './tampered-memory.ts';

const { map, plan } = machineCells();
const TICK: Ns = 4_000_000;
const SEQ = map.at.idleSleep + IdleSleep.at.seq;
const SUM = map.at.idleSleep + IdleSleep.at.sleeptime;
/** How far the sleeper has come: a cell that nobody else uses here. */
const PROMISE = map.at.loadavg;

/** It sleeps from `BEGINS` to `ENDS` and from `AGAIN` on; the reader's clock stands beyond. */
const BEGINS: Ns = 100;
const ENDS: Ns = 120;
const AGAIN: Ns = 150;
const READS: readonly Ns[] = [155, 160];

interface Parts {
  readonly decisions?: Partial<Decisions>;
  readonly readers?: number;
  readonly tamper?: (memory: Memory) => Memory;
}

function sleep(memory: Memory, decisions: Partial<Decisions>): void {
  const { cpu, arch } = modelCpu(memory, 0, { map, tickNs: TICK, decisions });
  const at = (clock: Ns, what: () => void): void => {
    memory.storeLong(PROMISE, clock);
    arch.clock = clock;
    what();
  };
  at(ENDS, () => tickNohzStopIdle(cpu, ENDS));
  at(AGAIN, () => tickNohzStartIdle(cpu));
}

/** What each of two looks finds. */
function read(memory: Memory, decisions: Partial<Decisions>): Ns[] {
  const { cpu, arch } = modelCpu(memory, 1, { map, tickNs: TICK, decisions, promiseOf: () => memory.loadLong(PROMISE) });
  return READS.map((clock) => {
    const times = newIdleTimes();
    arch.clock = clock;
    getCpuSleepTime(cpu, 0, times);
    return times.idle;
  });
}

function sleeps(name: string, { decisions = {}, readers = 1, tamper = (memory) => memory }: Parts = {}): Model {
  return model({
    name,
    cells: plan,
    setUp: (memory) => {
      const timekeeper = Timekeeper.view(memory, map.at.timekeeper);
      timekeeper.clocksource = ClocksourceId.Tsc;
      timekeeper.mult = MODEL_SOURCES[ClocksourceId.Tsc]!.mult | 0;
      const record = IdleSleep.view(memory, map.at.idleSleep);
      record.active = 1;
      record.entrytime = BEGINS;
      memory.storeLong(PROMISE, ENDS);
    },
    threads: [
      { name: 'sleeper', run: (memory: Memory) => sleep(tamper(memory), decisions) },
      ...Array.from({ length: readers }, (_, i) => ({ name: `reader-${i}`, run: (memory: Memory) => read(memory, decisions) })),
    ],
    check: ({ results, memory }) => {
      const [, ...seen] = results as [void, ...Ns[][]];
      const sum = memory.loadLong(SUM);
      if (sum !== ENDS - BEGINS) return `it slept ${ENDS - BEGINS} ns and booked ${sum}`;
      return seen.map(wrongWith).find((says) => says !== undefined);
    },
  });
}

/** By the sleeper's own clock it had slept so long at most. */
function wrongWith(seen: readonly Ns[]): string | undefined {
  const most = ENDS - BEGINS;
  if (seen.some((ns) => ns > most)) return `saw ${seen.join(', then ')} ns of sleep, and there were ${most}`;
  return seen[1]! < seen[0]! ? `saw ${seen[0]} ns of sleep, then ${seen[1]}` : undefined;
}

export const IDLE_SLEEP: Catalogued = {
  id: 'idle-sleep',
  says: 'A sleep ends and the next begins while another CPU asks twice how long it was: no answer falls, none is too much.',
  model: sleeps('idle-sleep'),
  mutants: [
    {
      id: 'no-retry', says: 'B-20: a reader takes the fields one by one',
      model: sleeps('idle-sleep', { decisions: { skipIdleRetry: true } }),
    },
    {
      id: 'reader-writes', says: 'B-21: a reader ends the sleep, in another CPU’s record',
      model: sleeps('idle-sleep', { decisions: { readerMovesSleep: true } }),
    },
    {
      id: 'late-odd', says: 'the count becomes odd after the sum',
      model: sleeps('idle-sleep', { tamper: (memory) => heldBack(memory, SEQ, SUM, isOdd) }),
    },
    {
      id: 'early-even', says: 'the count becomes even before the sum is stored',
      model: sleeps('idle-sleep', { tamper: (memory) => heldBack(memory, SUM, SEQ) }),
    },
  ],
  quick: () => everyStateWithin(2),
};

export const IDLE_SLEEP_READERS: Catalogued = {
  id: 'idle-sleep-readers',
  says: 'The same with two readers: neither disturbs the other.',
  model: sleeps('idle-sleep-readers', { readers: 2 }),
  mutants: [],
  quick: () => everyStateWithin(1),
  thorough: () => everyStateWithin(2),
};
