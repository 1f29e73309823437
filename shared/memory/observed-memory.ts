/**
 * Plain memory that reports each access by name, right after it took place. An engine runs an
 * interrupt or a foreign reader there (a cut); a test counts accesses.
 *
 * A read-modify-write is one step: when it is complete it reports a load and then a store; a cas that
 * fails only the load.
 */
import { assert } from '../assert.ts';
import type { Long, Word } from '../units.ts';
import type { CellName } from './guards.ts';
import type { MemoryMap } from './memory-map.ts';
import { PlainMemory } from './plain-memory.ts';

export type Access = 'load' | 'store';
/** `struct` and `field` as declared; `at` is the cell's byte offset, which tells records apart. */
export type OnAccess = (struct: string, field: string, op: Access, at: number) => void;

const NOWHERE: CellName = { struct: '', index: -1, field: '' };

export class ObservedMemory extends PlainMemory {
  onAccess: OnAccess;
  private readonly names: CellName[];
  /** A hook may access memory itself; that is not reported again. */
  private inside = false;

  constructor(map: MemoryMap, onAccess: OnAccess = () => {}) {
    super(map);
    const { guards } = this;
    assert(guards !== undefined, 'memory with a map has guards');
    this.names = Array.from({ length: map.bytes >> 2 }, (_, cell) => guards.cellName(cell) ?? NOWHERE);
    this.onAccess = onAccess;
  }

  override load(at: Word): number {
    const value = super.load(at);
    this.report(at, 'load');
    return value;
  }

  override store(at: Word, value: number): void {
    super.store(at, value);
    this.report(at, 'store');
  }

  override loadLong(at: Long): number {
    const value = super.loadLong(at);
    this.report(at, 'load');
    return value;
  }

  override storeLong(at: Long, value: number): void {
    super.storeLong(at, value);
    this.report(at, 'store');
  }

  override add(at: Word, by: number): number {
    return this.whole(at, () => super.add(at, by));
  }

  override or(at: Word, bits: number): number {
    return this.whole(at, () => super.or(at, bits));
  }

  override and(at: Word, bits: number): number {
    return this.whole(at, () => super.and(at, bits));
  }

  override exchange(at: Word, value: number): number {
    return this.whole(at, () => super.exchange(at, value));
  }

  override cas(at: Word, expected: number, value: number): number {
    return this.whole(at, () => super.cas(at, expected, value), expected | 0);
  }

  override addLong(at: Long, by: number): number {
    return this.whole(at, () => super.addLong(at, by));
  }

  override exchangeLong(at: Long, value: number): number {
    return this.whole(at, () => super.exchangeLong(at, value));
  }

  override casLong(at: Long, expected: number, value: number): number {
    return this.whole(at, () => super.casLong(at, expected, value), expected);
  }

  /** A read-modify-write that stored, unless it compared with `expected` and found another value. */
  private whole(at: number, run: () => number, expected?: number): number {
    const outer = this.inside;
    this.inside = true;
    let old: number;
    try {
      old = run();
    } finally {
      this.inside = outer;
    }
    this.report(at, 'load');
    if (expected === undefined || old === expected) this.report(at, 'store');
    return old;
  }

  private report(at: number, op: Access): void {
    if (this.inside) return;
    this.inside = true;
    try {
      const { struct, field } = this.names[at >> 2]!;
      this.onAccess(struct, field, op, at);
    } finally {
      this.inside = false;
    }
  }
}
