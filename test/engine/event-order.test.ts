import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comesBefore, fixedRank, shuffledRank, type EventKeyFields } from '../../src/engine/event-order.ts';

interface Placed extends EventKeyFields { readonly cpu: number }

const time = fc.oneof(fc.nat(3), fc.integer({ min: 2 ** 33, max: 2 ** 33 + 2 }));
const event = fc.record({ time, class: fc.nat(3), cpu: fc.nat(3), origin: fc.nat(2), n: fc.nat(9) });
const rank = fc.oneof(fc.constant(fixedRank), fc.integer().map(shuffledRank));
const same = (a: Placed, b: Placed): boolean =>
  a.time === b.time && a.class === b.class && a.cpu === b.cpu && a.origin === b.origin && a.n === b.n;

describe('the order of events', () => {
  test('is total: of two different keys one comes first, and of three no circle is made', () => {
    fc.assert(fc.property(event, event, event, rank, (a, b, c, rankOf) => {
      fc.pre(!same(a, b) && !same(b, c) && !same(a, c));
      const before = (x: Placed, y: Placed): boolean => comesBefore(x, x.cpu, y, y.cpu, rankOf);
      expect(before(a, b)).toBe(!before(b, a));
      if (before(a, b) && before(b, c)) expect(before(a, c)).toBe(true);
    }), { numRuns: 500 });
  });

  test('throws at two events with one key', () => {
    fc.assert(fc.property(event, rank, (a, rankOf) => {
      expect(() => comesBefore(a, a.cpu, { ...a }, a.cpu, rankOf)).toThrow(/one key/);
    }));
  });

  test('asks for the instant, then the class, then the CPU, then who began it, then the count', () => {
    const key: Placed = { time: 5, class: 1, cpu: 1, origin: 1, n: 1 };
    const later: Partial<Placed>[] = [
      { time: 6, class: 0, cpu: 0, origin: 0, n: 0 }, { class: 2, cpu: 0, origin: 0, n: 0 }, { cpu: 2, origin: 0, n: 0 },
      { origin: 2, n: 0 }, { n: 2 },
    ];
    for (const change of later) {
      const other = { ...key, ...change };
      expect(comesBefore(key, key.cpu, other, other.cpu, fixedRank)).toBe(true);
    }
  });
});

describe('shuffled ties', () => {
  const orderAt = (seed: number, at: number): string => {
    const rankOf = shuffledRank(seed);
    return [0, 1, 2, 3].sort((a, b) => rankOf(a, at) - rankOf(b, at)).join('');
  };

  test('are a function of seed and instant alone', () => expect(orderAt(7, 123)).toBe(orderAt(7, 123)));

  test('bring every order of four CPUs about, over the instants and over the seeds', () => {
    const range = Array.from({ length: 1_000 }, (_, i) => i);
    expect(new Set(range.map((at) => orderAt(1, at * 4_000_000))).size).toBe(24);
    expect(new Set(range.map((seed) => orderAt(seed, 4_000_000))).size).toBe(24);
  });
});
