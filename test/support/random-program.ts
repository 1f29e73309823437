/** Random small programs, and the dumb way to tell which of their executions are of one class. */
import fc from 'fast-check';
import type { Memory } from '../../shared/memory/memory.ts';
import { namedCells } from '../../src/explore/cells.ts';
import type { ExploredMachine } from '../../src/explore/explored-machine.ts';
import type { ModelCpu } from '../../src/explore/explored-memory.ts';
import { model, type Model } from '../../src/explore/model.ts';
import { conflict, NO_CELL } from '../../src/explore/step.ts';

const { plan, at } = namedCells({ x: 0, y: 0, z: 0 });
const CELLS = [at.x, at.y, at.z];

export const STRAIGHT = ['load', 'store', 'copy', 'add', 'cas', 'exchange'] as const;
export const ANYTHING = [...STRAIGHT, 'spin', 'spin-two', 'wait', 'wait-short', 'notify', 'choose', 'mask', 'unmask'] as const;
export interface Instruction {
  readonly op: (typeof ANYTHING)[number];
  readonly cell: number;
  readonly value: number;
}
export interface Program {
  readonly threads: readonly (readonly Instruction[])[];
  /** On thread 0. */
  readonly irq: readonly Instruction[];
  readonly firings: number;
  readonly watches: boolean;
}

/** `kinds`: what threads may do; the less they may spin and sleep, the fewer end stuck. */
export function programs(kinds: readonly Instruction['op'][], threads: number, length: number, irqs: boolean): fc.Arbitrary<Program> {
  const instruction = fc.record({ op: fc.constantFrom(...kinds), cell: fc.nat(2), value: fc.nat(2) });
  return fc.record({
    threads: fc.array(fc.array(instruction, { minLength: 1, maxLength: length }), { minLength: 2, maxLength: threads }),
    irq: irqs ? fc.array(instruction, { minLength: 1, maxLength: 2 }) : fc.constant([]),
    firings: irqs ? fc.integer({ min: 1, max: 2 }) : fc.constant(0),
    watches: fc.boolean(),
  });
}

export function modelOf({ threads, irq, firings, watches }: Program): Model {
  const irqs = [{ name: 'irq', max: firings, run: (memory: Memory, cpu: ModelCpu) => execute(irq, memory, cpu) }];
  return model({
    name: 'random-program',
    cells: plan,
    threads: threads.map((list, i) => ({
      name: `CPU${i}`,
      run: (memory: Memory, cpu: ModelCpu) => execute(list, memory, cpu),
      irqs: i === 0 && firings > 0 ? irqs : [],
    })),
    ...(watches ? { invariant: { cells: [at.x, at.y], holds: () => undefined } } : {}),
  });
}

type Act = (memory: Memory, cpu: ModelCpu, cell: number, value: number, last: number) => number | void;

const ACTS: Readonly<Record<Instruction['op'], Act>> = {
  load: (memory, _, cell) => memory.load(cell),
  store: (memory, _, cell, value) => memory.store(cell, value),
  copy: (memory, _, cell, __, last) => memory.store(cell, last + 1),
  add: (memory, _, cell, value) => memory.add(cell, value),
  cas: (memory, _, cell, value) => memory.cas(cell, value, value + 1),
  exchange: (memory, _, cell, value) => memory.exchange(cell, value),
  spin: (memory, _, cell, value) => {
    while (memory.load(cell) === value) memory.relax();
  },
  'spin-two': (memory, _, cell, value) => {
    const other = CELLS[(CELLS.indexOf(cell) + 1) % CELLS.length]!;
    while (memory.load(cell) + memory.load(other) === value) memory.relax();
  },
  wait: (memory, _, cell, value) => memory.wait(cell, value, Infinity).length,
  'wait-short': (memory, _, cell, value) => memory.wait(cell, value, 5).length,
  notify: (memory, _, cell, value) => memory.notify(cell, value),
  choose: (_, cpu) => cpu.choose('number', [0, 1]),
  mask: (_, cpu) => cpu.maskIrqs(),
  unmask: (_, cpu) => cpu.unmaskIrqs(),
};

function execute(list: readonly Instruction[], memory: Memory, cpu: ModelCpu): number[] {
  const seen: number[] = [];
  for (const { op, cell, value } of list) {
    const result = ACTS[op](memory, cpu, CELLS[cell]!, value, seen.at(-1) ?? 0);
    if (result !== undefined) seen.push(result);
  }
  return seen;
}

/**
 * What two executions of one class have in common: by event, what it did and saw, and how many events of
 * each strand it follows, found by looking at all pairs.
 */
export function classOf(machine: ExploredMachine): string {
  const { taken, length, strands } = machine;
  const follows: number[][] = [];
  const counts = strands.map(() => 0);
  const lines: string[] = [];
  for (let n = 0; n < length; n++) {
    const { strand, step, result, wokenBy } = taken[n]!;
    const mine = strands.map(() => 0);
    for (let m = 0; m < n; m++) {
      const other = taken[m]!;
      const depends = other.strand.cpu === strand.cpu || conflict(other.step, step) || m === wokenBy
        || (machine.isWatched(other.step) && machine.isWatched(step));
      if (depends) follows[m]!.forEach((count, s) => { mine[s] = Math.max(mine[s]!, count); });
    }
    mine[strand.id] = ++counts[strand.id]!;
    follows.push(mine);
    lines.push(`${strand.id}.${counts[strand.id]}: ${step.op} ${step.at} ${result} after ${mine.join()}`);
  }
  return lines.sort().join('\n');
}

/** What anybody can see of an execution's end. */
export function outcomeOf({ strands, cells, start }: ExploredMachine): string {
  const ends = strands.map(({ step }) => (step.at === NO_CELL ? step.outcomeText : `${step.op} ${step.at}`));
  return JSON.stringify([start.firings, ends, CELLS.map((cell) => cells.load(cell))]);
}

