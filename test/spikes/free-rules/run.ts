/** Starts the five threads of the spike, waits for them, and compares what was read with the truth. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { allocateShared } from '../../../shared/memory/wasm-memory.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import type { Ns } from '../../../shared/units.ts';
import type { FreeBoot } from './free-worker.ts';
import { SAMPLE, type ReaderFigures } from './reader-loop.ts';
import { freeMap, PARTICIPANTS, TASKS, WRITERS } from './records.ts';

const WORKER = new URL('../../../dist/test/spikes/free-rules/free-worker.js', import.meta.url);

interface WriterReport {
  /** Rows of (task, state, from, to). */
  readonly contexts: Float64Array;
  readonly sent: number;
  readonly received: number;
  readonly brokenPromises: number;
  readonly lateMessages: number;
}

export interface FreeFigures {
  readonly writers: readonly WriterReport[];
  readonly readers: readonly ReaderFigures[];
  /** Values that differ from the truth at tau, and among them those that the oracle called legal. */
  readonly untrue: number;
  readonly untrueButLegal: number;
  /** Values that the oracle called wrong though they are the truth at tau. */
  readonly trueButFlagged: number;
}

export type FreeOptions = Partial<Pick<FreeBoot, 'kind' | 'mutant' | 'faults' | 'limit' | 'step'>>;

export async function runFree(options: FreeOptions): Promise<FreeFigures> {
  if (!existsSync(WORKER)) throw new Error('threads run dist/: npm run build');
  const map = freeMap();
  const { limit, step } = { limit: 40_000, step: 60, ...options };
  const common = {
    kind: 'wasm', mutant: 'none', faults: {}, ...options, limit, step, end: limit * step + 10_000,
    shared: allocateShared(map.machine.map.bytes), layoutHash: map.machine.map.hash(),
  } satisfies Omit<FreeBoot, 'cpu'>;
  const reports = await runThreads(Array.from({ length: PARTICIPANTS }, (_, cpu) => ({ ...common, cpu })));
  const writers = reports.slice(0, WRITERS) as WriterReport[];
  const readers = reports.slice(WRITERS) as ReaderFigures[];
  return { writers, readers, ...compareWithTruth(writers, readers) };
}

/** The reports of all threads. If one fails, the others are stopped: they would wait for it for ever. */
async function runThreads(boots: readonly FreeBoot[]): Promise<unknown[]> {
  const workers = boots.map((workerData) => new Worker(WORKER, { workerData }));
  try {
    return await Promise.all(workers.map((worker, cpu) => reportOf(worker, cpu)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function reportOf(worker: Worker, cpu: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`thread ${cpu} ended with ${code} before it reported`)));
  });
}

function compareWithTruth(writers: readonly WriterReport[], readers: readonly ReaderFigures[]) {
  const truth = Array.from({ length: TASKS }, (_, task) => new Truth(task, writers));
  const count = { untrue: 0, untrueButLegal: 0, trueButFlagged: 0 };
  for (const { samples } of readers) {
    for (let i = 0; i < samples.length; i += SAMPLE) {
      const right = truth[samples[i]!]!.has(samples[i + 1]!, samples[i + 2]!, samples[i + 3]!);
      const legal = samples[i + 4] === 1;
      count.untrue += right ? 0 : 1;
      count.untrueButLegal += !right && legal ? 1 : 0;
      count.trueButFlagged += right && !legal ? 1 : 0;
    }
  }
  return count;
}

/** What a task really did, from the writers' logs of contexts and not from its vtime record. */
class Truth {
  private readonly contexts: number[][];
  /** Before each context: user and system time so far. */
  private readonly sums: [Ns, Ns][] = [];

  constructor(task: number, writers: readonly WriterReport[]) {
    this.contexts = writers.flatMap(({ contexts }) => rows(contexts)).filter((row) => row[0] === task).sort((a, b) => a[2]! - b[2]!);
    let [user, system] = [0, 0];
    for (const [, state, from, to] of this.contexts) {
      this.sums.push([user, system]);
      if (state === VtimeState.User) user += to! - from!;
      else system += to! - from!;
    }
  }

  has(tau: Ns, utime: Ns, stime: Ns): boolean {
    const i = this.lastFrom(tau);
    if (i < 0) return utime === 0 && stime === 0;
    const [, state, from, to] = this.contexts[i]!;
    const ran = Math.min(tau, to!) - from!;
    const [user, system] = this.sums[i]!;
    const inUser = state === VtimeState.User;
    return utime === user + (inUser ? ran : 0) && stime === system + (inUser ? 0 : ran);
  }

  /** Index of the last context that begins at or before `tau`. */
  private lastFrom(tau: Ns): number {
    let [low, high] = [-1, this.contexts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.contexts[middle]![2]! <= tau) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function rows(flat: Float64Array): number[][] {
  return Array.from({ length: flat.length / 4 }, (_, i) => [...flat.subarray(4 * i, 4 * i + 4)]);
}
