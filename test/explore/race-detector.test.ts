/**
 * Plain accesses to a sequence lock. A search of interleavings is blind to what they allow on weaker
 * hardware: it finds nothing torn. The race detector flags every one of them.
 */
import { describe, expect, it } from 'vitest';
import type { Memory } from '../../shared/memory/memory.ts';
import { explore } from '../../src/explore/explore.ts';
import { model } from '../../src/explore/model.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { RacyMemory, racy } from '../support/racy-memory.ts';
import { at, plan, seqlock, type Sites } from '../support/two-fields.ts';

const PLAIN_FIELDS = { plainA: true, plainB: true, plainLoads: true } as const;
const failuresOf = (sites: Sites) => explore(seqlock(2, 1, sites), exhaustive(), { countAll: true }).failures;

function racesOf(...runs: ((memory: RacyMemory) => unknown)[]): number {
  const made = model({
    name: 'racy', cells: plan,
    makeMemory: (cells) => new RacyMemory(cells),
    threads: runs.map((run, i) => ({ name: `CPU${i}`, run: (memory: Memory) => run(racy(memory)) })),
  });
  return explore(made, exhaustive(), { countAll: true }).failures.race ?? 0;
}

describe('the race detector', () => {
  it('has nothing to say where all is atomic', () => {
    expect(failuresOf({})).toEqual({});
    expect(failuresOf({ addOddMark: true, addRecheck: true })).toEqual({});
  });

  it.each([
    ['loads of the fields', { plainLoads: true }],
    ['the store of the first field', { plainA: true }],
    ['the store of the second field', { plainB: true }],
    ['stores of both fields', { plainA: true, plainB: true }],
    ['the first load of the count', { plainFirst: true }],
    ['the store that makes the count even', { plainEven: true }],
    ['the store that makes the count odd', { plainOddMark: true }],
    ['the second load of the count', { plainRecheck: true }],
    ['fields on both sides, the count changed and looked at again by additions', { ...PLAIN_FIELDS, addOddMark: true, addRecheck: true }],
    ['fields on both sides, the count looked at again by an addition', { ...PLAIN_FIELDS, addRecheck: true }],
    ['stores of the fields, the count changed by an addition', { plainA: true, plainB: true, addOddMark: true }],
  ] as const)('flags plain accesses that no interleaving shows to be wrong: %s', (_, sites) => {
    const failures = failuresOf(sites);
    expect(Object.keys(failures)).toEqual(['race']);
    expect(failures.race).toBeGreaterThan(0);
  });

  it('lets plain accesses be where a flag orders them', () => {
    expect(racesOf(
      (memory) => [memory.poke(at.a, 1), memory.store(at.seq, 1)],
      (memory) => (memory.load(at.seq) === 1 ? memory.peek(at.a) : 0),
    )).toBe(0);
    expect(racesOf(
      (memory) => [memory.store(at.seq, 1), memory.poke(at.a, 1)],
      (memory) => (memory.load(at.seq) === 1 ? memory.peek(at.a) : 0),
    ), 'the flag comes too early').toBeGreaterThan(0);
    expect(racesOf(
      (memory) => [memory.poke(at.a, 1), memory.poke(at.seq, 1)],
      (memory) => (memory.load(at.seq) === 1 ? memory.peek(at.a) : 0),
    ), 'the flag is plain itself').toBeGreaterThan(0);
  });

  it('follows an order through a third thread, and through a read-modify-write', () => {
    expect(racesOf(
      (memory) => [memory.poke(at.a, 1), memory.store(at.seq, 1)],
      (memory) => { if (memory.load(at.seq) === 1) memory.store(at.lock, 1); },
      (memory) => (memory.load(at.lock) === 1 ? memory.peek(at.a) : 0),
    )).toBe(0);
    expect(racesOf(
      (memory) => [memory.poke(at.a, 1), memory.add(at.seq, 1)],
      (memory) => (memory.add(at.seq, 1) === 1 ? memory.peek(at.a) : 0),
    )).toBe(0);
  });

  it('takes a wake-up for an order', () => {
    const sleeper = (memory: RacyMemory) => [memory.wait(at.lock, 0, Infinity), memory.peek(at.a)];
    expect(racesOf(sleeper, (memory) => [memory.poke(at.a, 1), memory.store(at.lock, 1), memory.notify(at.lock, 1)])).toBe(0);
    expect(racesOf(sleeper, (memory) => [memory.store(at.lock, 1), memory.notify(at.lock, 1), memory.poke(at.a, 1)])).toBeGreaterThan(0);
    expect(racesOf(sleeper, (memory) => [memory.notify(at.lock, 1), memory.poke(at.a, 1), memory.notify(at.lock, 1)])).toBeGreaterThan(0);
  });

  it('does not mind two plain loads', () => {
    expect(racesOf((memory) => memory.peek(at.a), (memory) => memory.peek(at.a))).toBe(0);
  });
});
