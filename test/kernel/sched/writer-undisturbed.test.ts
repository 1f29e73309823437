/**
 * A reader never delays a writer: what a CPU does to shared memory at its edges is the same, access for access, whether nobody looks
 * meanwhile or three do at each of its accesses.
 */
import { expect, test } from 'vitest';
import { AtomicsMemory } from '../../../shared/memory/atomics-memory.ts';
import { ObservedMemory } from '../../../shared/memory/observed-memory.ts';
import { NR_CPUSTAT } from '../../../shared/structs/cpu.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { kcpustatCpuFetch } from '../../../src/kernel/sched/kcpustat-read.ts';
import { newTaskCputime, taskCputime, taskGtime } from '../../../src/kernel/sched/cputime-read.ts';
import { switchTo, World, type Edge } from '../../../src/models/cputime-world.ts';
import { machineCells } from '../../../src/models/machine-cells.ts';

const CELLS = machineCells({ cpus: 2, tasks: 3 });
const T = 2;
const SINCE = 300;
/** Each kind of edge, often enough for charges in between. */
const EDGES: readonly Edge[] = Array.from({ length: 12 }, (_, i): Edge[] => [
  [SINCE + 500 * i + 100, (cpu) => cpu.accounting.userExit(cpu)],
  [SINCE + 500 * i + 150, (cpu) => cpu.accounting.guestEnter(cpu)],
  [SINCE + 500 * i + 250, (cpu) => cpu.accounting.guestExit(cpu)],
  [SINCE + 500 * i + 300, (cpu) => switchTo(cpu, cpu.idle)],
  [SINCE + 500 * i + 400, (cpu) => switchTo(cpu, T)],
  [SINCE + 500 * i + 450, (cpu) => cpu.accounting.userEnter(cpu)],
]).flat();

interface Counted {
  /** By cell and kind: how often the writer was there. */
  readonly accesses: ReadonlyMap<string, number>;
  /** Looks that came to their end, and those that would have had to wait. */
  readonly looks: number;
  readonly waits: number;
}

function writeWith(readers: number): Counted {
  const memory = new AtomicsMemory(new SharedArrayBuffer(CELLS.map.map.bytes));
  const world = new World(CELLS);
  world.setUp(memory, SINCE, [EDGES[0]![0], KTIME_MAX], (cpu) => {
    cpu.rq.curr = cpu.idle;
    if (cpu.id === 0) switchTo(cpu, T);
    if (cpu.id === 0) cpu.accounting.userEnter(cpu);
  });
  const windows = Array.from({ length: readers }, () => new ObservedMemory(memory, CELLS.map.map));
  const accesses = new Map<string, number>();
  let [looks, waits] = [0, 0];
  const writer = new ObservedMemory(memory, CELLS.map.map, (struct, field, op, at) => {
    const name = `${op} ${struct}.${field} at ${at}`;
    accesses.set(name, (accesses.get(name) ?? 0) + 1);
    for (const window of windows) {
      if (window.unlessItWaits(() => look(world, window))) looks += 1;
      else waits += 1;
    }
  });
  world.run(writer, 0, EDGES);
  return { accesses, looks, waits };
}

/** By each reader that goes without a lock. */
function look(world: World, memory: ObservedMemory): void {
  world.look(memory, 1, [SINCE], (cpu) => {
    taskCputime(cpu, T, 'linux', newTaskCputime());
    taskCputime(cpu, T, 'complete', newTaskCputime());
    taskGtime(cpu, T, 'complete', newTaskCputime());
    kcpustatCpuFetch(cpu, 0, 'complete', new Float64Array(NR_CPUSTAT), 0);
  });
}

test('no access of a writer depends on how many readers there are', () => {
  const [alone, watched, crowded] = [0, 1, 3].map(writeWith);
  expect(alone!.looks).toBe(0);
  expect(watched!.looks).toBeGreaterThan(500);
  expect(watched!.waits).toBeGreaterThan(500);
  expect([crowded!.looks, crowded!.waits]).toEqual([3 * watched!.looks, 3 * watched!.waits]);
  expect(alone!.accesses.size).toBeGreaterThan(20);
  expect(watched!.accesses).toEqual(alone!.accesses);
  expect(crowded!.accesses).toEqual(alone!.accesses);
});
