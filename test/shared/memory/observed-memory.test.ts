import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { AtomicsMemory } from '../../../shared/memory/atomics-memory.ts';
import { EventKind } from '../../../shared/memory/guards.ts';
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { ObservedMemory } from '../../../shared/memory/observed-memory.ts';
import { PlainMemory } from '../../../shared/memory/plain-memory.ts';
import { long, longs, seqcount, spinlock, struct, word, words } from '../../../shared/memory/struct.ts';
import { allocateShared, WasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { rawSpinLock, rawSpinUnlock } from '../../../shared/sync/raw-spinlock.ts';
import { readSeqcountBegin, writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';

const Clock = struct('clock', { seq: seqcount(''), start: long(''), state: words(2, '') }, { writer: 'owning cpu', seqcount: 'seq' });
const Flag = struct('flag', { lock: spinlock(''), value: word(''), sums: longs(2, '') }, { writer: 'any cpu' });
const map = new MemoryMap();
const at = { clock: map.place(Clock, 2, (i) => i), flag: map.place(Flag, 1) };
const VALUE = at.flag + Flag.at.value;
const SUMS = at.flag + Flag.at.sums;

const UNDER: Record<string, () => Memory> = {
  plain: () => {
    const memory = new PlainMemory(map);
    memory.runAs(1, EventKind.Interacting);
    return memory;
  },
  wasm: () => new WasmMemory(allocateShared(map.bytes)),
  atomics: () => new AtomicsMemory(allocateShared(map.bytes).buffer),
};

function describeEachUnder(title: string, suite: (under: () => Memory) => void): void {
  for (const [kind, under] of Object.entries(UNDER)) describe(`${title} [${kind}]`, () => suite(under));
}

describeEachUnder('observed memory', (under) => {
  let seen: string[];
  let memory: ObservedMemory;
  beforeEach(() => {
    seen = [];
    memory = new ObservedMemory(under(), map, (struct, field, op) => seen.push(`${op} ${struct}.${field}`));
  });

  it('names each access in order', () => {
    const clock = Clock.view(memory, at.clock + Clock.bytes);
    writeSeqcountBegin(memory, clock.seq);
    clock.start += 4;
    clock.setState(1, 3);
    writeSeqcountEnd(memory, clock.seq);
    expect(seen).toEqual([
      'load clock.seq', 'store clock.seq', 'load clock.start', 'store clock.start', 'store clock.state',
      'load clock.seq', 'store clock.seq',
    ]);
  });

  it('shows a read-modify-write as a load and a store, a cas that fails as a load', () => {
    memory.add(VALUE, 1);
    memory.cas(VALUE, 7, 8);
    memory.cas(VALUE, 1, 2);
    expect(seen).toEqual(['load flag.value', 'store flag.value', 'load flag.value', 'load flag.value', 'store flag.value']);
  });

  it('knows a cas whose expected value wraps as the cell does', () => {
    memory.store(VALUE, -(2 ** 31));
    memory.cas(VALUE, 2 ** 31, 3);
    expect([seen.length, memory.load(VALUE)]).toEqual([3, 3]);
  });

  it('reports a read-modify-write when it is complete, so that nothing comes between its halves', () => {
    const values: number[] = [];
    memory.store(VALUE, 5);
    memory.onAccess = () => values.push(memory.load(VALUE));
    memory.add(VALUE, 1);
    memory.cas(VALUE, 6, 9);
    expect(values).toEqual([6, 6, 9, 9]);
  });

  it('calls after the access, with its offset, and leaves the hook’s own accesses out', () => {
    const values: number[][] = [];
    memory.onAccess = (_struct, _field, _op, cell) => values.push([cell, memory.load(VALUE)]);
    memory.store(VALUE, 5);
    expect(values).toEqual([[VALUE, 5]]);
  });

  it('throws out whoever may not wait, as often as he tries, and goes on reporting', () => {
    const { seq } = Clock.view(memory, at.clock + Clock.bytes);
    memory.store(seq, 1);
    seen = [];
    const attempt = () => memory.unlessItWaits(() => void readSeqcountBegin(memory, seq));
    expect([attempt(), attempt(), seen]).toEqual([false, false, ['load clock.seq', 'load clock.seq']]);
    memory.store(seq, 2);
    expect(attempt()).toBe(true);
  });

  it('lets any other error through, and whoever may wait wait again', () => {
    let turns = 0;
    memory['memory'].relax = () => turns++;
    expect(() => memory.unlessItWaits(() => { throw new Error('his own'); })).toThrow('his own');
    memory.relax();
    expect(turns).toBe(1);
  });
});

describe('observed memory', () => {
  it('does not report what a guard refused', () => {
    const seen: string[] = [];
    const memory = new ObservedMemory(UNDER.plain!(), map, (_, field) => seen.push(field));
    const clock = Clock.view(memory, at.clock);
    expect(() => clock.setState(0, 1)).toThrow(/clock\[0\]\.state .* by CPU 1, its writer is CPU 0/);
    expect(seen).toEqual([]);
  });

  /** One access of each sort; `n` is a small number, so that a cas often finds what it expects. */
  const accesses: readonly ((memory: Memory, n: number) => unknown)[] = [
    (m) => m.load(VALUE), (m, n) => m.store(VALUE, n), (m, n) => m.add(VALUE, n), (m, n) => m.or(VALUE, n), (m, n) => m.and(VALUE, n),
    (m, n) => m.exchange(VALUE, n), (m, n) => m.cas(VALUE, n, n + 1),
    (m) => m.loadLong(SUMS), (m, n) => m.storeLong(SUMS, n), (m, n) => m.addLong(SUMS, n), (m, n) => m.exchangeLong(SUMS, n),
    (m, n) => m.casLong(SUMS, n, n + 1),
    (m, n) => { Flag.view(m, at.flag).setSums(1, n); },
    (m, n) => { Clock.view(m, at.clock + Clock.bytes).state(n % 2); },
    (m, n) => {
      const { lock } = Flag.view(m, at.flag);
      rawSpinLock(m, lock, 1, n);
      rawSpinUnlock(m, lock, 1, n + 5);
    },
  ];

  it('says the same of the same accesses, whatever memory lies under it', () => {
    const step = fc.record({ access: fc.nat(accesses.length - 1), n: fc.nat(2) });
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [first, ...others] = Object.values(UNDER).map((under) => {
        const seen: unknown[] = [];
        const memory = new ObservedMemory(under(), map, (...report) => seen.push(report));
        for (const { access, n } of steps) seen.push(accesses[access]!(memory, n));
        return seen;
      });
      for (const other of others) expect(other).toEqual(first);
    }), { numRuns: 60 });
  });
});
