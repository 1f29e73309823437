/** What an event costs where two CPUs cross the kernel's edge without end. */
import { layOutMachine } from '../../shared/machine-map.ts';
import { AtomicsMemory } from '../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { WasmMemory, allocateShared } from '../../shared/memory/wasm-memory.ts';
import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { CpuPool } from '../../src/host/threads/cpu-pool.ts';
import { machineSetupOf, shapeOf } from '../../src/setup.ts';
import { bootThreads, stormMachine } from './machines.ts';

export interface StormMachine {
  readonly engine: 'inline' | 'free' | 'lockstep';
  readonly over: 'plain' | 'wasm' | 'atomics';
}

const WARM_UP_NS = 1e9;
const ROUND_NS = 1e9;

/** Host ns for each event of all CPUs together, a figure for each round of a simulated second. */
export function measureStorm({ engine, over }: StormMachine, rounds: number): Promise<number[]> {
  return engine === 'inline' ? Promise.resolve(inline(over, rounds)) : threads(engine, over === 'atomics' ? over : 'wasm', rounds);
}

function inline(over: StormMachine['over'], rounds: number): number[] {
  const scenario = stormMachine();
  const setup = { ...machineSetupOf(scenario, WARM_UP_NS + rounds * ROUND_NS), consumers: [] };
  const engine = new InlineEngine(over === 'plain' ? setup : { ...setup, over: nativeMemory(over) });
  const runTo = (end: number): void => { while (engine.now < end && engine.run(1_000) === undefined); };
  runTo(WARM_UP_NS);
  return Array.from({ length: rounds }, (_, round) => {
    const [began, before] = [performance.now(), engine.events];
    runTo(WARM_UP_NS + (round + 1) * ROUND_NS);
    return ((performance.now() - began) * 1e6) / (engine.events - before);
  });

  function nativeMemory(kind: 'wasm' | 'atomics'): Memory {
    const shared = allocateShared(layOutMachine(shapeOf(scenario)).map.bytes);
    return kind === 'wasm' ? new WasmMemory(shared) : new AtomicsMemory(shared.buffer);
  }
}

async function threads(sync: 'free' | 'lockstep', memory: 'wasm' | 'atomics', rounds: number): Promise<number[]> {
  const machine = await bootThreads(stormMachine(), { sync, memory }, []);
  await machine.step(WARM_UP_NS);
  const figures: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [began, before] = [performance.now(), machine.progress().events];
    await machine.step(ROUND_NS);
    figures.push(((performance.now() - began) * 1e6) / (machine.progress().events - before));
  }
  await machine.stop();
  await machine.close();
  await CpuPool.closeAll();
  return figures;
}
