/** Explored memory as a memory of one thread: each call is a strand of one step, executed at once. */
import type { Memory } from '../../shared/memory/memory.ts';
import type { CellPlan } from '../../src/explore/cells.ts';
import { ExploredMachine } from '../../src/explore/explored-machine.ts';
import { model, startsOf } from '../../src/explore/model.ts';
import { Op } from '../../src/explore/step.ts';

export function soloMemory(bytes: number): Memory {
  let held = new Map<number, readonly [value: number, wide: boolean]>();
  const cells: CellPlan = {
    bytes,
    nameOf: (cell) => `cell ${cell}`,
    fill: (memory) => held.forEach(([value, wide], at) => (wide ? memory.storeLong(at, value) : memory.store(at, value))),
  };
  const call = <T>(at: number, wide: boolean, run: (memory: Memory) => T): T => {
    const solo = model({ name: 'solo', cells, threads: [{ name: 'CPU0', run }] });
    const machine = new ExploredMachine(solo, startsOf(solo)[0]!);
    while (machine.enabled() !== 0) machine.take(0, 0);
    const { step } = machine.strands[0]!;
    if (step.op === Op.Thrown) throw step.outcome;
    held.set(at, [wide ? machine.cells.loadLong(at) : machine.cells.load(at), wide]);
    held = new Map(held);
    return step.outcome as T;
  };
  return {
    load: (at) => call(at, false, (m) => m.load(at)),
    store: (at, value) => call(at, false, (m) => m.store(at, value)),
    add: (at, by) => call(at, false, (m) => m.add(at, by)),
    or: (at, bits) => call(at, false, (m) => m.or(at, bits)),
    and: (at, bits) => call(at, false, (m) => m.and(at, bits)),
    exchange: (at, value) => call(at, false, (m) => m.exchange(at, value)),
    cas: (at, expected, value) => call(at, false, (m) => m.cas(at, expected, value)),
    loadLong: (at) => call(at, true, (m) => m.loadLong(at)),
    storeLong: (at, value) => call(at, true, (m) => m.storeLong(at, value)),
    addLong: (at, by) => call(at, true, (m) => m.addLong(at, by)),
    exchangeLong: (at, value) => call(at, true, (m) => m.exchangeLong(at, value)),
    casLong: (at, expected, value) => call(at, true, (m) => m.casLong(at, expected, value)),
    relax: () => {},
    wait: (at, expected, timeoutMs) => call(at, false, (m) => m.wait(at, expected, timeoutMs)),
    notify: (at, count) => call(at, false, (m) => m.notify(at, count)),
    handOver: () => {},
  };
}
