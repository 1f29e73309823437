/**
 * Runs short bodies on real threads, each with its own `Memory` over one shared memory. A body is
 * sent as source: it may use what its argument holds and nothing of the file around it. Workers
 * import `dist/`, since they run without the tests' compiler; a stale `dist/` is refused.
 */
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { layOutMachine, type MachineMap, type MachineShape } from '../../shared/machine-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { allocateShared } from '../../shared/memory/wasm-memory.ts';
import type { NativeKind } from './each-memory.ts';

const MODULES = [
  'shared/machine-map', 'shared/memory/wasm-memory', 'shared/memory/atomics-memory',
  'shared/sync/seqcount', 'shared/sync/raw-spinlock', 'shared/sync/call-queue', 'shared/sync/stream-ring',
  'src/engine/threads/hand-off', 'src/engine/threads/spin-policy',
];
type Lib = typeof import('../../shared/sync/seqcount.ts') & typeof import('../../shared/sync/raw-spinlock.ts') &
  typeof import('../../shared/sync/call-queue.ts') & typeof import('../../shared/sync/stream-ring.ts') &
  typeof import('../../src/engine/threads/hand-off.ts') & typeof import('../../src/engine/threads/spin-policy.ts');

export interface Thread<Arg> {
  readonly memory: Memory;
  /** Map of a small machine; the memory is as large as it needs, and a body may use it otherwise. */
  readonly map: MachineMap;
  readonly lib: Lib;
  readonly id: number;
  readonly arg: Arg;
}
export type Body<Arg> = (thread: Thread<Arg>) => unknown;

const SHAPE: MachineShape = { cpus: 4, tasks: 8, syncObjects: 1, sharedTimers: 1 };
const dist = pathToFileURL(`${process.cwd()}/dist/`).href;

const SOURCE = `
const { parentPort, workerData: w } = require('node:worker_threads');
Promise.all(w.modules.map((name) => import(w.dist + name + '.js'))).then((modules) => {
  const lib = Object.assign({}, ...modules);
  const map = lib.layOutMachine(w.shape);
  if (map.map.hash() !== w.hash) throw new Error('dist/ is not what shared/ says: npm run build');
  const memory = w.kind === 'wasm' ? new lib.WasmMemory(w.shared) : new lib.AtomicsMemory(w.shared.buffer);
  const latch = new Int32Array(w.latch);
  if (Atomics.add(latch, 0, 1) + 1 === w.threads) { Atomics.store(latch, 1, 1); Atomics.notify(latch, 1); }
  Atomics.wait(latch, 1, 0);
  parentPort.postMessage(eval('(' + w.body + ')')({ memory, map, lib, id: w.id, arg: w.arg }));
});`;

/** What each body returned, in order. All start together, when the last worker is up. */
export async function runThreads<Arg>(
  kind: NativeKind, bodies: readonly Body<Arg>[], arg?: Arg, shape: Partial<MachineShape> = {},
): Promise<unknown[]> {
  const whole = { ...SHAPE, ...shape };
  const { map } = layOutMachine(whole);
  const common = {
    kind, arg, dist, shape: whole, hash: map.hash(), modules: MODULES, threads: bodies.length,
    shared: allocateShared(map.bytes), latch: new SharedArrayBuffer(8),
  };
  const workers = bodies.map((body, id) => new Worker(SOURCE, { eval: true, workerData: { ...common, id, body: String(body) } }));
  try {
    return await Promise.all(workers.map(resultOf));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function resultOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a worker ended with code ${code} before it answered`)));
  });
}
