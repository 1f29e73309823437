/**
 * Memory of many threads, by a small WebAssembly module of atomic instructions over the same shared
 * memory as JavaScript sees. The default on threads: half the price of `Atomics` for a word, a
 * quarter for a long.
 */
import { ATOMIC_CELLS } from './atomic-cells.ts';
import type { CpuId, Long, Word } from '../units.ts';
import type { Memory } from './memory.ts';
import { Spin } from './spin.ts';

/** A `WebAssembly.Memory` that can be posted to a worker. */
export interface SharedWasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Without the DOM's types `WebAssembly` has none; this is what we use of it. */
declare const WebAssembly: {
  Memory: new (shape: { initial: number; maximum: number; shared: true }) => SharedWasmMemory;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: { cells: { memory: SharedWasmMemory } }) => { readonly exports: unknown };
};

type Cells = Omit<Memory, 'wait' | 'relax' | 'handOver'> & {
  wait(at: Word, expected: number, timeoutNs: number): number;
};

const PAGE_BYTES = 65_536;
const WAIT_RESULTS = ['ok', 'not-equal', 'timed-out'] as const;

/** Zeroed memory of at least `bytes` for all threads of one machine. */
export function allocateShared(bytes: number): SharedWasmMemory {
  const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

export class WasmMemory implements Memory {
  /** Turns in spin loops; the engine resets it at each event. */
  readonly spin: Spin;
  private readonly cells: Cells;

  /** `maxSpinTurns` is for tests of the hang itself. */
  constructor(memory: SharedWasmMemory, maxSpinTurns?: number) {
    const module = new WebAssembly.Module(ATOMIC_CELLS);
    this.cells = new WebAssembly.Instance(module, { cells: { memory } }).exports as Cells;
    this.spin = new Spin(new Int32Array(memory.buffer), maxSpinTurns);
  }

  load(at: Word): number {
    return this.cells.load(at);
  }
  store(at: Word, value: number): void {
    this.cells.store(at, value);
  }
  add(at: Word, by: number): number {
    return this.cells.add(at, by);
  }
  or(at: Word, bits: number): number {
    return this.cells.or(at, bits);
  }
  and(at: Word, bits: number): number {
    return this.cells.and(at, bits);
  }
  exchange(at: Word, value: number): number {
    return this.cells.exchange(at, value);
  }
  cas(at: Word, expected: number, value: number): number {
    return this.cells.cas(at, expected, value);
  }

  loadLong(at: Long): number {
    return this.cells.loadLong(at);
  }
  storeLong(at: Long, value: number): void {
    this.cells.storeLong(at, value);
  }
  addLong(at: Long, by: number): number {
    return this.cells.addLong(at, by);
  }
  exchangeLong(at: Long, value: number): number {
    return this.cells.exchangeLong(at, value);
  }
  casLong(at: Long, expected: number, value: number): number {
    return this.cells.casLong(at, expected, value);
  }

  relax(): void {
    this.spin.turn();
  }
  wait(at: Word, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    const forever = timeoutMs === Infinity;
    return WAIT_RESULTS[this.cells.wait(at, expected, forever ? -1 : timeoutMs * 1e6)]!;
  }
  notify(at: Word, count: number): number {
    return this.cells.notify(at, count);
  }
  /** Nobody listens: guards exist on one thread only. */
  handOver(_record: number, _to: CpuId): void {}
}
