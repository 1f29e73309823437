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
      for (const version of [2, ...versions]) order.take(version, 0, Event.jiffies_update, 0, version, row, 0);
      expect(out).toEqual([2, ...versions.toSorted((a, b) => a - b)]);
    }));
  });

  it('hands on what waits behind a gap when the stream ends', () => {
    const out: number[] = [];
    const order = new InVersionOrder((_id, _cpu, t) => out.push(t));
    for (const version of [2, 8, 6]) order.take(version, 0, Event.jiffies_update, 0, version, new Float64Array(8), 0);
    expect(out).toEqual([2]);
    order.flush();
    expect(out).toEqual([2, 6, 8]);
  });

  it('goes on behind what it has handed on with a gap', () => {
    const out: number[] = [];
    const order = new InVersionOrder((_id, _cpu, t) => out.push(t));
    const take = (version: number): void => order.take(version, 0, Event.jiffies_update, 0, version, new Float64Array(8), 0);
    for (const version of [2, 8]) take(version);
    order.flush();
    for (const version of [12, 10]) take(version);
    expect(out).toEqual([2, 8, 10, 12]);
  });

  it('holds no more than events can race: then a version is missing, and the rest is handed on', () => {
    const out: number[] = [];
    const order = new InVersionOrder((_id, _cpu, t) => out.push(t));
    for (let version = 2; out.length < 2 && version < 10_000; version += 2) {
      if (version !== 4) order.take(version, 0, Event.jiffies_update, 0, version, new Float64Array(8), 0);
    }
    expect(out.length).toBeGreaterThan(1_000);
    expect(out).toEqual(out.toSorted((a, b) => a - b));
  });

  it('passes versions that no row tells of, also the first one', () => {
    const out: number[] = [];
    const order = new InVersionOrder((_id, _cpu, t) => out.push(t), 1);
    const take = (version: number): void => order.take(version, 0, Event.cputime_adjust, 0, version, new Float64Array(8), 0);
    order.pass();
    for (const version of [3, 2]) take(version);
    expect(out).toEqual([2, 3]);
    take(5);
    expect(out).toEqual([2, 3]);
    order.pass();
    expect(out).toEqual([2, 3, 5]);
  });

  it('hands on with each row when its event began', () => {
    const starts: number[] = [];
    const order = new InVersionOrder((_id, _cpu, _t, _fields, _at, start) => starts.push(start));
    for (const [version, start] of [[2, 10], [6, 30], [4, 20]] as const) {
      order.take(version, start, Event.jiffies_update, 0, 100, new Float64Array(8), 0);
    }
    expect(starts).toEqual([10, 20, 30]);
  });
});
