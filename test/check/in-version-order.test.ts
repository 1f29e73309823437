import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Event } from '../../shared/events.ts';
import { InVersionOrder } from '../../src/check/in-version-order.ts';

describe('rows in the order of their versions', () => {
  it('come out sorted, however they come in, once the first is known', () => {
    const shuffled = fc.shuffledSubarray(Array.from({ length: 12 }, (_, i) => 4 + 2 * i), { minLength: 12 });
    fc.assert(fc.property(shuffled, (versions) => {
      const out: number[] = [];
      const order = new InVersionOrder((_id, _cpu, t) => out.push(t));
      const row = new Float64Array(8);
      for (const version of [2, ...versions]) order.take(version, Event.jiffies_update, 0, version, row, 0);
      expect(out).toEqual([2, ...versions.toSorted((a, b) => a - b)]);
    }));
  });

  it('hands on what waits behind a gap when the stream ends', () => {
    const out: number[] = [];
    const order = new InVersionOrder((_id, _cpu, t) => out.push(t));
    for (const version of [2, 8, 6]) order.take(version, Event.jiffies_update, 0, version, new Float64Array(8), 0);
    expect(out).toEqual([2]);
    order.flush();
    expect(out).toEqual([2, 6, 8]);
  });
});
