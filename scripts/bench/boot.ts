/** How long a machine on threads takes to its first tick, and what memory it holds then. */
import { Event } from '../../shared/events.ts';
import { CpuPool } from '../../src/host/threads/cpu-pool.ts';
import { bootThreads, tickMachine } from './machines.ts';

export interface BootFigures {
  /** From the start of the process. */
  readonly coldMs: number;
  /** A second machine in the same process, on threads that are up. */
  readonly warmMs: number;
  readonly rssMb: number;
}

export async function bootHere(cpus: number): Promise<BootFigures> {
  // performance.now() begins with the process
  const coldMs = await firstTickAt(cpus);
  const rssMb = process.memoryUsage.rss() / 2 ** 20;
  const called = performance.now();
  const warmMs = (await firstTickAt(cpus)) - called;
  await CpuPool.closeAll();
  return { coldMs, warmMs, rssMb };
}

/** The instant at which the main thread hears of the first tick. */
async function firstTickAt(cpus: number): Promise<number> {
  let heard: (at: number) => void;
  const first = new Promise<number>((resolve) => { heard = resolve; });
  const onEvent = (id: number): void => { if (id === Event.tick) heard(performance.now()); };
  const machine = await bootThreads(tickMachine(cpus), { sync: 'free', memory: 'wasm' }, [{ interests: [Event.tick], onEvent }]);
  const over = machine.run({});
  const at = await first;
  await machine.stop();
  await over;
  await machine.close();
  return at;
}
