/**
 * Plain memory that calls somebody right after each access and knows the access by name.
 *
 * A read-modify-write is one access, named as a store: nothing may be run inside it, or the memory
 * would no longer be the one that threads have.
 */
import type { MemoryMap } from '../../../shared/memory/memory-map.ts';
import { PlainMemory } from '../../../shared/memory/plain-memory.ts';
import type { Long, Word } from '../../../shared/units.ts';

export type Access = 'load' | 'store';
export type Hook = (name: string, access: Access) => void;

/**
 * What `relax` throws while a reader runs inside another CPU's event: waiting there would be for
 * ever. One object, not an Error: an Error collects a stack each time.
 */
export const SPUN = Object.freeze({ spun: true });

export class HookedMemory extends PlainMemory {
  /** `struct.field` of each 32-bit cell. */
  private readonly names: readonly string[];
  hooked: Hook | undefined;
  /** A read-modify-write is under way: the accesses that it is made of are none. */
  private fused = false;
  private spins: 'are a bug' | 'are thrown' | 'were thrown' = 'are a bug';

  constructor(map: MemoryMap, guarded: boolean) {
    super(guarded ? map : map.bytes);
    this.names = namesOf(map);
  }

  observe(hook: Hook | undefined): void {
    this.hooked = hook;
  }

  /** Runs a reader that is thrown out where it would wait. Returns undefined then. */
  attempt<T>(reader: () => T): T | undefined {
    this.spins = 'are thrown';
    try {
      return reader();
    } catch (thrown) {
      if (thrown !== SPUN) throw thrown;
      return undefined;
    } finally {
      this.spins = 'are a bug';
    }
  }

  override relax(): void {
    if (this.spins === 'are a bug') super.relax();
    this.spins = 'were thrown';
    throw SPUN;
  }

  override load(at: Word): number {
    return this.seen(at, 'load', super.load(at));
  }
  override store(at: Word, value: number): void {
    super.store(at, value);
    this.seen(at, 'store', 0);
  }
  override loadLong(at: Long): number {
    return this.seen(at, 'load', super.loadLong(at));
  }
  override storeLong(at: Long, value: number): void {
    super.storeLong(at, value);
    this.seen(at, 'store', 0);
  }
  override exchange(at: Word, value: number): number {
    return this.fuse(at, () => super.exchange(at, value));
  }
  override cas(at: Word, expected: number, value: number): number {
    return this.fuse(at, () => super.cas(at, expected, value));
  }

  private fuse(at: Word, operate: () => number): number {
    this.fused = true;
    const old = operate();
    this.fused = false;
    return this.seen(at, 'store', old);
  }

  private seen(at: number, access: Access, value: number): number {
    // code that swallowed the token must not go on with what it believes to have read
    if (this.spins === 'were thrown') throw SPUN;
    if (this.hooked !== undefined && !this.fused) this.hooked(this.names[at >> 2]!, access);
    return value;
  }
}

function namesOf(map: MemoryMap): string[] {
  const names: string[] = [];
  for (const { layout, base, count } of map.records) {
    for (let i = 0; i < count; i += 1) {
      for (const { name, offset } of layout.fields) names[(base + layout.bytes * i + offset) >> 2] = `${layout.name}.${name}`;
    }
  }
  return names;
}
