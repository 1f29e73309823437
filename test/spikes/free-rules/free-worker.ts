/** A thread of the spike. Runs as `dist/test/spikes/free-rules/free-worker.js`: build first. */
import { parentPort, workerData } from 'node:worker_threads';
import { AtomicsMemory } from '../../../shared/memory/atomics-memory.ts';
import { WasmMemory, type SharedWasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { KTIME_MAX } from '../../../shared/units.ts';
import { raiseNextInteracting, raisePromise } from './horizon.ts';
import { Reader } from './reader-loop.ts';
import type { ReaderMutant } from './reader.ts';
import { freeMap, freeViews, WRITERS, type FreeViews } from './records.ts';
import { Writer, type WriterFaults } from './writer.ts';

/** What a thread is told at its start. */
export interface FreeBoot {
  readonly cpu: number;
  readonly kind: 'wasm' | 'atomics';
  readonly shared: SharedWasmMemory;
  /** The test's own layouts: a stale build must not run. */
  readonly layoutHash: string;
  readonly end: number;
  readonly limit: number;
  readonly step: number;
  readonly mutant: ReaderMutant;
  readonly faults: WriterFaults;
}

/** After so many turns in vain a thread gives its core away: there are more threads than cores. */
const TURNS_BEFORE_NAP = 200;
const NAP_MS = 0.05;

const boot = workerData as FreeBoot;
const map = freeMap();
if (map.machine.map.hash() !== boot.layoutHash) throw new Error('dist/ was built from other layouts: npm run build');
const memory = boot.kind === 'wasm' ? new WasmMemory(boot.shared) : new AtomicsMemory(boot.shared.buffer);
const views = freeViews(memory, map);
parentPort!.postMessage(boot.cpu < WRITERS ? runWriter(views) : runReader(views));

function runWriter(views: FreeViews): object {
  const contexts: number[] = [];
  const writer = new Writer(boot.cpu, views, boot.end, boot.faults, (task, state, from, to) => contexts.push(task, state, from, to));
  writer.boot();
  loop(() => writer.turn(), () => writer.done);
  raisePromise(views, boot.cpu, KTIME_MAX);
  raiseNextInteracting(views, boot.cpu, KTIME_MAX);
  const { sent, received, brokenPromises, lateMessages } = writer;
  return { contexts: Float64Array.from(contexts), sent, received, brokenPromises, lateMessages };
}

function runReader(views: FreeViews): object {
  const reader = new Reader(boot.cpu, views, boot.mutant, boot.limit, boot.step);
  loop(() => reader.turn(), () => reader.done);
  reader.finish();
  return reader.figures;
}

function loop(turn: () => boolean, done: () => boolean): void {
  let idle = 0;
  while (!done()) {
    if (turn()) idle = 0;
    else if ((idle += 1) % TURNS_BEFORE_NAP === 0) memory.wait(0, 0, NAP_MS);
  }
}
