/**
 * Memory of many threads in JavaScript's own `Atomics`: the twin of `WasmMemory` over the same
 * SharedArrayBuffer. Slower (each call is a builtin, each long a BigInt), and kept to prove that
 * both mean the same.
 */
import type { CpuId, Long, Word } from '../units.ts';
import type { Memory } from './memory.ts';
import { Spin } from './spin.ts';

export class AtomicsMemory implements Memory {
  /** Turns in spin loops; the engine resets it at each event. */
  readonly spin: Spin;
  private readonly words: Int32Array;
  private readonly longs: BigInt64Array;

  /** `maxSpinTurns` is for tests of the hang itself. */
  constructor(buffer: SharedArrayBuffer, maxSpinTurns?: number) {
    this.words = new Int32Array(buffer);
    this.longs = new BigInt64Array(buffer);
    this.spin = new Spin(this.words, maxSpinTurns);
  }

  load(at: Word): number {
    return Atomics.load(this.words, at >> 2);
  }
  store(at: Word, value: number): void {
    Atomics.store(this.words, at >> 2, value);
  }
  add(at: Word, by: number): number {
    return Atomics.add(this.words, at >> 2, by);
  }
  or(at: Word, bits: number): number {
    return Atomics.or(this.words, at >> 2, bits);
  }
  and(at: Word, bits: number): number {
    return Atomics.and(this.words, at >> 2, bits);
  }
  exchange(at: Word, value: number): number {
    return Atomics.exchange(this.words, at >> 2, value);
  }
  cas(at: Word, expected: number, value: number): number {
    return Atomics.compareExchange(this.words, at >> 2, expected, value);
  }

  loadLong(at: Long): number {
    return Number(Atomics.load(this.longs, at >> 3));
  }
  storeLong(at: Long, value: number): void {
    Atomics.store(this.longs, at >> 3, BigInt(value));
  }
  addLong(at: Long, by: number): number {
    return Number(Atomics.add(this.longs, at >> 3, BigInt(by)));
  }
  exchangeLong(at: Long, value: number): number {
    return Number(Atomics.exchange(this.longs, at >> 3, BigInt(value)));
  }
  casLong(at: Long, expected: number, value: number): number {
    return Number(Atomics.compareExchange(this.longs, at >> 3, BigInt(expected), BigInt(value)));
  }

  relax(): void {
    this.spin.turn();
  }
  wait(at: Word, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    return Atomics.wait(this.words, at >> 2, expected, timeoutMs);
  }
  notify(at: Word, count: number): number {
    return Atomics.notify(this.words, at >> 2, count);
  }
  /** Nobody listens: guards exist on one thread only. */
  handOver(_record: number, _to: CpuId): void {}
}
