/** A thread that does as it is told, most often die. Compiled, since threads run `dist/`. */
import { KernelBug, LimitReached } from '../../../shared/assert.ts';
import { SpinHang } from '../../../shared/memory/spin.ts';
import { WasmMemory, type SharedWasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { HostLimit } from '../../../src/host/host-limit.ts';
import { threadEntry, type ThreadBoot, type ThreadReport } from '../../../src/host/threads/thread-entry.ts';

export type Way =
  | 'answer' | 'bug' | 'limit' | 'host limit' | 'spin hang' | 'type error' | 'string' | 'exit' | 'fill the heap' | 'late throw'
  | 'spin for ever' | 'wait for ever' | 'wait in wasm for ever';

export interface MortalBoot extends ThreadBoot {
  readonly way: Way;
  /** Word 0: a latch that all threads of the run meet at before they do anything. Word 1: what waits wait on. */
  readonly cells: Int32Array;
  readonly threads: number;
  readonly memory: SharedWasmMemory;
}

export interface MortalReport extends ThreadReport {
  /** What the thread found in word 0 of the shared WebAssembly memory, after it had added 1. */
  readonly count: number;
}

const WAYS: Readonly<Record<Way, (boot: MortalBoot) => unknown>> = {
  'answer': () => {},
  'bug': () => { throw new KernelBug('a lock was taken twice'); },
  'limit': () => { throw new LimitReached('8,192 tasks'); },
  'host limit': () => { throw new HostLimit('the disk is full'); },
  'spin hang': () => { throw new SpinHang('a lock was never closed'); },
  'type error': () => (undefined as unknown as { x: { y: number } }).x.y,
  'string': () => { throw 'just words'; },
  'exit': () => process.exit(7),
  'fill the heap': fillTheHeap,
  'late throw': () => {
    setImmediate(() => { throw new KernelBug('after all'); });
    return new Promise(() => {});
  },
  'spin for ever': () => { for (;;); },
  'wait for ever': ({ cells }) => Atomics.wait(cells, 1, 0),
  'wait in wasm for ever': ({ memory }) => new WasmMemory(memory).wait(4, 0, Infinity),
};

export const run = threadEntry<MortalBoot, { count: number }>(async (boot) => {
  meet(boot);
  const count = Atomics.add(new Int32Array(boot.memory.buffer), 0, 1) + 1;
  await WAYS[boot.way](boot);
  return { count };
});

/** Returns when all threads of the run are in here, so that all must have one of their own. */
function meet({ cells, threads }: MortalBoot): void {
  const last = Atomics.add(cells, 0, 1) + 1 === threads;
  if (last) Atomics.notify(cells, 0);
  for (let met = Atomics.load(cells, 0); met < threads; met = Atomics.load(cells, 0)) Atomics.wait(cells, 0, met);
}

function fillTheHeap(): never {
  const kept: object[] = [];
  for (;;) kept.push({ n: kept.length });
}
