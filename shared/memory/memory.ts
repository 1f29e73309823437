/**
 * The door to memory that another CPU can see. Nothing else in the project may touch such a cell.
 *
 * Every call is one indivisible, sequentially consistent step: the explorer may run another CPU
 * between any two of them, and on real threads the hardware does. A word is 32 bits, signed. A long
 * is a 64-bit two's complement integer, handed over as a number (|value| <= 2^53 - 1). A cell is
 * accessed with one width only.
 *
 * Implementations, all under test/contract/memory.test.ts: `PlainMemory` (one thread, guards on),
 * `WasmMemory` and `AtomicsMemory` (worker threads over one SharedArrayBuffer). `ObservedMemory` is a
 * window on any of them.
 */
import type { CpuId, Long, Word } from '../units.ts';

export interface Memory {
  load(at: Word): number;
  store(at: Word, value: number): void;
  /** Adds (wrapping at 32 bits) and returns the old value. */
  add(at: Word, by: number): number;
  /** Ors and returns the old value. */
  or(at: Word, bits: number): number;
  /** Ands and returns the old value. */
  and(at: Word, bits: number): number;
  /** Replaces and returns the old value. */
  exchange(at: Word, value: number): number;
  /** Compare and swap. Returns the old value: the swap took place if it equals `expected`. */
  cas(at: Word, expected: number, value: number): number;

  loadLong(at: Long): number;
  storeLong(at: Long, value: number): void;
  /** Adds and returns the old value. */
  addLong(at: Long, by: number): number;
  exchangeLong(at: Long, value: number): number;
  casLong(at: Long, expected: number, value: number): number;

  /**
   * The one call allowed in a spin loop: "I can go on only when a cell that I read since my last
   * `relax` has changed". Where no other CPU can run meanwhile (one thread) it throws.
   * @linux include/asm-generic/processor.h cpu_relax
   */
  relax(): void;
  /** Sleeps until `notify`, at most `timeoutMs`, unless the word no longer holds `expected`. Threads only. */
  wait(at: Word, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out';
  /** Wakes at most `count` sleepers of the word and returns how many it woke. */
  notify(at: Word, count: number): number;

  /**
   * Says that from now on `to` is the CPU that may write the record's single-writer fields.
   * Not an access: guards of plain and explored memory listen, native memory does nothing.
   */
  handOver(record: number, to: CpuId): void;
}

/**
 * Memory of one thread, whose cells lie open to the views of `struct()`: a legal access is then a few
 * instructions instead of a call (docs/adr/0011-open-views.md). Nothing else may look in here.
 */
export interface OpenMemory extends Memory {
  readonly words: Int32Array;
  readonly longs: Float64Array;
  /** Who executes. */
  readonly cpu: CpuId;
  /** By gate, and the gate of each cell: whoever a gate shows may store behind it. */
  readonly gates: Int16Array;
  readonly gateOf: Int32Array;
  /** True: every access must go through the methods, which judge or report it. */
  readonly asks: boolean;
}
