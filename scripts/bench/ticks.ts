/** Simulated time against host time of a machine that does nothing but tick. */
import { CpuPool } from '../../src/host/threads/cpu-pool.ts';
import { bootThreads, tickMachine } from './machines.ts';

const WARM_UP_NS = 20e9;
const ROUND_NS = 20e9;

/** Times real time, a figure for each round of 20 simulated seconds, after as many to warm up. */
export async function measureTicks(sync: 'free' | 'lockstep', rounds: number): Promise<number[]> {
  const machine = await bootThreads(tickMachine(4), { sync, memory: 'wasm' }, []);
  await machine.step(WARM_UP_NS);
  const figures: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await machine.step(ROUND_NS);
    figures.push(ROUND_NS / 1e6 / (performance.now() - began));
  }
  await machine.stop();
  await machine.close();
  await CpuPool.closeAll();
  return figures;
}
