import { beforeEach, describe, expect, it } from 'vitest';
import { EventKind } from '../../../shared/memory/guards.ts';
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import { ObservedMemory } from '../../../shared/memory/observed-memory.ts';
import { long, seqcount, struct, word, words } from '../../../shared/memory/struct.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';

const Clock = struct('clock', { seq: seqcount(''), start: long(''), state: words(2, '') }, { writer: 'owning cpu', seqcount: 'seq' });
const Flag = struct('flag', { value: word('') }, { writer: 'any cpu' });
const map = new MemoryMap();
const at = { clock: map.place(Clock, 2, (i) => i), flag: map.place(Flag, 1) };

describe('observed memory', () => {
  let seen: string[];
  let memory: ObservedMemory;
  beforeEach(() => {
    seen = [];
    memory = new ObservedMemory(map, (struct, field, op) => seen.push(`${op} ${struct}.${field}`));
    memory.runAs(1, EventKind.Interacting);
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
    memory.add(at.flag, 1);
    memory.cas(at.flag, 7, 8);
    memory.cas(at.flag, 1, 2);
    expect(seen).toEqual(['load flag.value', 'store flag.value', 'load flag.value', 'load flag.value', 'store flag.value']);
  });

  it('reports a read-modify-write when it is complete, so that nothing comes between its halves', () => {
    const values: number[] = [];
    memory.store(at.flag, 5);
    memory.onAccess = () => values.push(memory.load(at.flag));
    memory.add(at.flag, 1);
    memory.cas(at.flag, 6, 9);
    expect(values).toEqual([6, 6, 9, 9]);
  });

  it('calls after the access, with its offset, and leaves the hook’s own accesses out', () => {
    const values: number[][] = [];
    memory.onAccess = (_struct, _field, _op, cell) => values.push([cell, memory.load(at.flag)]);
    memory.store(at.flag, 5);
    expect(values).toEqual([[at.flag, 5]]);
  });

  it('does not report what a guard refused', () => {
    const clock = Clock.view(memory, at.clock);
    expect(() => clock.setState(0, 1)).toThrow(/clock\[0\]\.state .* by CPU 1, its writer is CPU 0/);
    expect(seen).toEqual([]);
  });
});
