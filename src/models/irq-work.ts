/**
 * Two CPUs queue one irq_work of a third (`src/kernel/irq/irq-work.ts`), each after it has stored what the
 * work is to find: a run finds it, whoever's claim it was, and the work is never on the list twice.
 */
import { CallQueue, CpuState, IrqWork } from '../../shared/structs/cpu.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import type { CpuId } from '../../shared/units.ts';
import { model, type Model } from '../explore/model.ts';
import { everyStateWithin } from '../explore/state-walk.ts';
import { irqWorkBegin, irqWorkClaim, irqWorkEnd } from '../kernel/irq/irq-work.ts';
import type { Catalogued } from './catalogued.ts';
import { machineCells } from './machine-cells.ts';
import { tampered } from './tampered-memory.ts';

const { map, plan } = machineCells({ cpus: 3 });
const RUNNER: CpuId = 0;
const STATE = map.at.cpu;
const FLAGS = STATE + CpuState.at.irqWorkFlags + 4 * IrqWork.NohzFullKick;
const cell = (cpu: CpuId, field: keyof typeof CallQueue.at): number => map.at.callQueue + cpu * CallQueue.bytes + CallQueue.at[field];
/** What the work is to find, by who stored it; how often it was queued; whether it is on the list. */
const wantOf = (cpu: CpuId): number => cell(cpu, 'asleep');
const QUEUED = cell(RUNNER, 'bell');
const LISTED = cell(RUNNER, 'starved');

/** Queues the work as often, each time for a new reason. Returns whether it ever found it on the list. */
function queue(memory: Memory, id: CpuId, times: number): boolean {
  let twice = false;
  for (let n = 1; n <= times; n++) {
    memory.store(wantOf(id), n);
    if (!irqWorkClaim(memory, STATE, IrqWork.NohzFullKick)) continue;
    twice ||= memory.exchange(LISTED, 1) === 1;
    memory.add(QUEUED, 1);
  }
  return twice;
}

/** Runs it whenever it was queued, until it has found everything. */
function run(memory: Memory, wanted: readonly number[]): void {
  for (let runs = 0, seen: number[] = []; !wanted.every((n, i) => seen[i] === n); runs++) {
    while (memory.load(QUEUED) === runs) memory.relax();
    memory.store(LISTED, 0);
    irqWorkBegin(memory, STATE, IrqWork.NohzFullKick);
    seen = wanted.map((_, i) => memory.load(wantOf(i + 1)));
    irqWorkEnd(memory, STATE, IrqWork.NohzFullKick);
  }
}

function works(name: string, times: readonly number[], tamper = { queuer: (m: Memory) => m, runner: (m: Memory) => m }): Model {
  return model({
    name,
    cells: plan,
    threads: [
      { name: 'runner', run: (memory: Memory) => run(tamper.runner(memory), times) },
      ...times.map((n, i) => ({ name: `CPU${i + 1}`, run: (memory: Memory) => queue(tamper.queuer(memory), i + 1, n) })),
    ],
    check: ({ results }) => (results.includes(true) ? 'the work was put on the list while it was on it' : undefined),
  });
}

const same = (memory: Memory): Memory => memory;
/** It may be queued again only when it has ended. */
const lateBegin = (memory: Memory): Memory => {
  let begin = (): void => undefined;
  return tampered(memory, {
    and: (at, bits) => {
      if (at !== FLAGS) return memory.and(at, bits);
      begin = () => void memory.and(at, bits);
      return 0;
    },
    cas: (at, expected, value) => {
      if (at === FLAGS) begin();
      return memory.cas(at, expected, value);
    },
  });
};
/** The end wipes both flags away, whatever has come meanwhile. */
const wipedEnd = (memory: Memory): Memory => tampered(memory, {
  cas: (at, expected, value) => (at === FLAGS ? memory.exchange(at, 0) : memory.cas(at, expected, value)),
});
/** The flag is looked at and set in two steps. */
const claimInPieces = (memory: Memory): Memory => tampered(memory, {
  or: (at, bits) => {
    if (at !== FLAGS) return memory.or(at, bits);
    const old = memory.load(at);
    memory.store(at, old | bits);
    return old;
  },
});

export const IRQ_WORK: Catalogued = {
  id: 'irq-work',
  says: 'Two CPUs queue one work, one of them twice: a run finds what each has stored, and it is never on the list twice.',
  model: works('irq-work', [1, 2]),
  mutants: [
    {
      id: 'claim-in-pieces', says: 'the flag is looked at and set in two steps',
      model: works('irq-work', [1, 1], { queuer: claimInPieces, runner: same }),
    },
    {
      id: 'late-begin', says: 'the work may be queued again only when it has ended',
      model: works('irq-work', [1, 1], { queuer: same, runner: lateBegin }),
    },
    {
      id: 'wiped-end', says: 'the end of a run wipes the flag of the next one away',
      model: works('irq-work', [1, 2], { queuer: same, runner: wipedEnd }),
    },
  ],
  quick: () => everyStateWithin(2),
  thorough: () => everyStateWithin(3),
};
