/**
 * Any memory, seen through a window that reports each access by name, right after it took place. An
 * engine runs an interrupt or a foreign reader there (a cut); a test counts accesses. One memory may
 * have several windows, and an access that goes past a window is not reported there.
 *
 * A read-modify-write is one step: when it is complete it reports a load and then a store; a cas that
 * fails only the load.
 */
import type { CpuId, Long, Word } from '../units.ts';
import { CellNames, type CellName } from './cell-names.ts';
import type { MemoryMap } from './memory-map.ts';
import type { Memory } from './memory.ts';

export type Access = 'load' | 'store';
/** `struct` and `field` as declared; `at` is the cell's byte offset, which tells records apart. */
export type OnAccess = (struct: string, field: string, op: Access, at: number) => void;

const NOWHERE: CellName = { struct: '', index: -1, field: '' };

/** Thrown by `relax` where nobody may wait; not an Error, so that it costs nothing and nobody mistakes it for one. */
const WOULD_SPIN = { token: 'whoever may not wait would have to' } as const;

export class ObservedMemory implements Memory {
  onAccess: OnAccess;
  private readonly memory: Memory;
  private readonly names: CellNames;
  /** A hook may access memory itself; that is not reported again. */
  private inside = false;
  private mayWait = true;

  constructor(memory: Memory, map: MemoryMap, onAccess: OnAccess = () => {}) {
    this.memory = memory;
    this.names = new CellNames(map);
    this.onAccess = onAccess;
  }

  /**
   * Does something that must be whole, but need not be now. False: it would have had to wait for
   * somebody, and was thrown out of its loop; up to there it must have changed nothing.
   */
  unlessItWaits(attempt: () => void): boolean {
    const outer = this.mayWait;
    this.mayWait = false;
    try {
      attempt();
      return true;
    } catch (thrown) {
      if (thrown !== WOULD_SPIN) throw thrown;
      return false;
    } finally {
      this.mayWait = outer;
    }
  }

  load(at: Word): number {
    const value = this.memory.load(at);
    this.report(at, 'load');
    return value;
  }
  store(at: Word, value: number): void {
    this.memory.store(at, value);
    this.report(at, 'store');
  }
  add(at: Word, by: number): number {
    return this.reportBoth(at, this.memory.add(at, by));
  }
  or(at: Word, bits: number): number {
    return this.reportBoth(at, this.memory.or(at, bits));
  }
  and(at: Word, bits: number): number {
    return this.reportBoth(at, this.memory.and(at, bits));
  }
  exchange(at: Word, value: number): number {
    return this.reportBoth(at, this.memory.exchange(at, value));
  }
  cas(at: Word, expected: number, value: number): number {
    return this.reportSwap(at, this.memory.cas(at, expected, value), expected | 0);
  }

  loadLong(at: Long): number {
    const value = this.memory.loadLong(at);
    this.report(at, 'load');
    return value;
  }
  storeLong(at: Long, value: number): void {
    this.memory.storeLong(at, value);
    this.report(at, 'store');
  }
  addLong(at: Long, by: number): number {
    return this.reportBoth(at, this.memory.addLong(at, by));
  }
  exchangeLong(at: Long, value: number): number {
    return this.reportBoth(at, this.memory.exchangeLong(at, value));
  }
  casLong(at: Long, expected: number, value: number): number {
    return this.reportSwap(at, this.memory.casLong(at, expected, value), expected);
  }

  relax(): void {
    if (!this.mayWait) throw WOULD_SPIN;
    this.memory.relax();
  }
  wait(at: Word, expected: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    return this.memory.wait(at, expected, timeoutMs);
  }
  notify(at: Word, count: number): number {
    return this.memory.notify(at, count);
  }
  handOver(record: number, to: CpuId): void {
    this.memory.handOver(record, to);
  }

  private reportBoth(at: number, old: number): number {
    this.report(at, 'load');
    this.report(at, 'store');
    return old;
  }

  private reportSwap(at: number, old: number, expected: number): number {
    if (old === expected) return this.reportBoth(at, old);
    this.report(at, 'load');
    return old;
  }

  private report(at: number, op: Access): void {
    if (this.inside) return;
    this.inside = true;
    try {
      const { struct, field } = this.names.at(at >> 2) ?? NOWHERE;
      this.onAccess(struct, field, op, at);
    } finally {
      this.inside = false;
    }
  }
}
