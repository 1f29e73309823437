/** What an edge costs a writer of CPU time while others read it, each on a thread of its own, with nothing between two edges or looks. */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { allocateShared, type SharedWasmMemory } from '../../shared/memory/wasm-memory.ts';
import { CallQueue } from '../../shared/structs/cpu.ts';
import { WasmMemory } from '../../shared/memory/wasm-memory.ts';
import type { TaskId } from '../../shared/units.ts';
import { switchTo, World } from '../../src/models/cputime-world.ts';
import { machineCells } from '../../src/models/machine-cells.ts';
import { median } from './median.ts';
import type { WriterReport } from './writer-worker.ts';

const READERS_MAX = 3;
export const WRITER_CELLS = machineCells({ cpus: 1 + READERS_MAX, tasks: 2 + READERS_MAX });
/** CPU 0 runs it; the others read it. */
export const READ_TASK: TaskId = 1 + READERS_MAX;
/** A word that nobody else uses: 1 from the start on, 2 when all shall end. */
export const STAGE = WRITER_CELLS.map.at.callQueue + CallQueue.at.bell;

export interface WriterOrders {
  readonly shared: SharedWasmMemory;
  /** 0: the writer. */
  readonly id: number;
}

export interface WriterFigures {
  /** The writer's: ns of its thread's own CPU time an edge, and edges in a second that passed. */
  readonly nsAnEdge: number;
  readonly edges: number;
  /** All readers' looks in a second that passed, and of a hundred how many were overtaken. */
  readonly looks: number;
  readonly overtaken: number;
}

const ROUND_MS = 700;

/** CPU time of the calling thread, in ns, where the host tells. */
export function threadCpuNs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
  } catch {
    return performance.now() * 1e6;
  }
}

/** Median of the rounds, by the writer's cost. */
export async function measureWriter(readers: number, rounds: number): Promise<WriterFigures> {
  const figures: WriterFigures[] = [];
  for (let round = 0; round < rounds; round++) figures.push(await oneRound(readers));
  const middle = median(figures.map(({ nsAnEdge }) => nsAnEdge));
  return figures.find(({ nsAnEdge }) => nsAnEdge === middle)!;
}

async function oneRound(readers: number): Promise<WriterFigures> {
  const shared = allocateShared(WRITER_CELLS.map.map.bytes);
  const memory = new WasmMemory(shared);
  new World(WRITER_CELLS).setUp(memory, 0, Array.from({ length: 1 + readers }, () => 1), (cpu) => {
    cpu.rq.curr = cpu.idle;
    if (cpu.id !== 0) return;
    switchTo(cpu, READ_TASK);
    cpu.accounting.userEnter(cpu);
  });
  const workers = Array.from({ length: 1 + readers }, (_, id) =>
    new Worker(new URL('./writer-worker.js', import.meta.url), { workerData: { shared, id } satisfies WriterOrders }));
  await Promise.all(workers.map((worker) => new Promise((ready) => worker.once('message', ready))));
  const reports = workers.map((worker) => new Promise<WriterReport>((told) => worker.once('message', told)));
  memory.store(STAGE, 1);
  await new Promise((over) => setTimeout(over, ROUND_MS));
  memory.store(STAGE, 2);
  const [writer, ...others] = await Promise.all(reports);
  await Promise.all(workers.map((worker) => worker.terminate()));
  const looks = others.reduce((sum, { done }) => sum + done, 0);
  const retries = others.reduce((sum, report) => sum + report.retries, 0);
  return {
    nsAnEdge: writer!.cpuNs / writer!.done, edges: (writer!.done * 1e9) / writer!.wallNs,
    looks: (looks * 1e9) / writer!.wallNs, overtaken: looks === 0 ? 0 : (100 * retries) / looks,
  };
}
