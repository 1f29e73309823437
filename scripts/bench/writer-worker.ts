/** One thread of the bench of a writer: it crosses the kernel's edge without end, or looks at who does. */
import { parentPort, workerData } from 'node:worker_threads';
import { WasmMemory } from '../../shared/memory/wasm-memory.ts';
import { newTaskCputime, taskCputime } from '../../src/kernel/sched/cputime-read.ts';
import { World } from '../../src/models/cputime-world.ts';
import { READ_TASK, STAGE, threadCpuNs, WRITER_CELLS, type WriterOrders } from './writer.ts';

export interface WriterReport {
  /** Edges, or looks that came to their end. */
  readonly done: number;
  /** Passes that were thrown away. */
  readonly retries: number;
  /** What the thread had of a core, and the time that passed. */
  readonly cpuNs: number;
  readonly wallNs: number;
}

const { shared, id } = workerData as WriterOrders;
const memory = new WasmMemory(shared);
const { cpu, arch } = new World(WRITER_CELLS).kernel(memory, id);
/** Edges or looks between two looks at the stage. */
const BATCH = 1_000;
/** Batches before the start. */
const WARM_UP = 300;
/** A tick of 400 ns is charged at each fourth edge. */
const NS_AN_EDGE = 100;

const sample = newTaskCputime();

function edges(): void {
  for (let i = 0; i < BATCH; i += 2) {
    arch.clock += NS_AN_EDGE;
    cpu.accounting.userExit(cpu);
    arch.clock += NS_AN_EDGE;
    cpu.accounting.userEnter(cpu);
  }
}

function looks(): void {
  for (let i = 0; i < BATCH; i++) taskCputime(cpu, READ_TASK, 'complete', sample);
}

const batch = id === 0 ? edges : looks;
// until it is compiled
for (let i = 0; i < WARM_UP; i++) batch();
parentPort!.postMessage('ready');
while (memory.load(STAGE) === 0);
const [cpuBefore, before] = [threadCpuNs(), performance.now()];
let done = 0;
for (; memory.load(STAGE) !== 2; done += BATCH) batch();
parentPort!.postMessage({
  done, retries: cpu.passes.retries, cpuNs: threadCpuNs() - cpuBefore, wallNs: (performance.now() - before) * 1e6,
} satisfies WriterReport);
