import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NEXT_TIMER_MAX_DELTA, bucketExpiry, bucketOf, granularityOf, initialJiffies, levelFor, nextBucketExpiry, wheelShape, type WheelShape,
} from '../../../src/kernel/time/timer-wheel.ts';
import { TimerBase } from '../../../shared/structs/timer.ts';
import { MemoryMap } from '../../../shared/memory/memory-map.ts';
import { EventKind } from '../../../shared/memory/guards.ts';
import { PlainMemory } from '../../../shared/memory/plain-memory.ts';
import { NOBODY } from '../../../shared/units.ts';

const SHAPE: WheelShape = { depth: 9, origin: 0 };

/** Bucket and jiffy of a timer, by the wheel's clock. */
function placed(expires: number, clk: number, shape = SHAPE): [bucket: number, expiry: number] {
  const level = levelFor(expires - clk, shape.depth);
  const expiry = bucketExpiry(expires, clk, level, shape);
  return [bucketOf(expiry, level, shape), expiry];
}

describe('a timer’s bucket', () => {
  test.each([
    [0, 41, 1001], [1, 42, 1002], [62, 39, 1063], [63, 69, 1064], [100, 74, 1104], [503, 124, 1504], [504, 152, 1536],
    [4032, 202, 5120], [100_000, 281, 102_400], [2 ** 31, 575, 1_056_964_608],
  ])('is Linux’s for a distance of %i from jiffy 1000', (delta, bucket, expiry) => {
    expect(placed(1000 + delta, 1000)).toEqual([bucket, expiry]);
  });

  test('is the next to be run for what is over already', () => {
    expect(placed(990, 1000)).toEqual([1000 & 63, 1000]);
  });

  test('is found on Linux’s grid, which our jiffies are not aligned to', () => {
    // recorded: process_timeout, expires 4294898874, cpu 2, idx 59; delayed work 4294899852 in bucket 82
    const shape = wheelShape(250);
    expect(placed(4_294_898_874 - shape.origin, 4_294_898_873 - shape.origin, shape)[0]).toBe(59);
    expect(placed(4_294_899_852 - shape.origin, 4_294_899_360 - shape.origin, shape)[0]).toBe(82);
    expect(shape.origin).toBe(initialJiffies(250));
    expect(initialJiffies(250)).toBe(4_294_892_296);
  });

  test('is never early, and late by at most a bucket of its level', () => {
    const jiffy = fc.nat(2 ** 31);
    fc.assert(fc.property(jiffy, fc.nat(1e9), fc.constantFrom(100, 250, 1000), (clk, delta, hz) => {
      const shape = wheelShape(hz);
      const expires = clk + delta;
      const level = levelFor(delta, shape.depth);
      const [bucket, expiry] = placed(expires, clk, shape);
      const cut = 63 * 8 ** (shape.depth - 1);
      fc.pre(delta < cut);
      expect(expiry).toBeGreaterThan(expires);
      expect(expiry).toBeLessThanOrEqual(expires + granularityOf(level));
      expect(Math.floor(bucket / 64)).toBe(level);
    }));
  });
});

describe('the first jiffy at which a bucket is due', () => {
  function baseWith(clk: number, buckets: readonly number[]): TimerBase {
    const map = new MemoryMap();
    const memory = new PlainMemory((map.place(TimerBase, 1), map));
    memory.runAs(NOBODY, EventKind.Interacting);
    const base = TimerBase.view(memory, map.records[0]!.base);
    base.clk = clk;
    for (const bucket of buckets) base.setPendingMap(bucket >> 5, base.pendingMap(bucket >> 5) | (1 << (bucket & 31)));
    return base;
  }

  test('is far away in an empty wheel', () => {
    expect(nextBucketExpiry(baseWith(77, []), SHAPE)).toBe(77 + NEXT_TIMER_MAX_DELTA);
  });

  test('is the least expiry of all timers, however they are spread', () => {
    const timer = fc.record({ level: fc.nat(8), part: fc.double({ min: 0, max: 0.999, noNaN: true }) });
    fc.assert(fc.property(fc.nat(2 ** 30), fc.array(timer, { minLength: 1, maxLength: 12 }), (clk, timers) => {
      const spans = timers.map(({ level, part }) => Math.floor((63 * 8 ** level - 1) * part));
      const at = spans.map((delta) => placed(clk + delta, clk));
      const base = baseWith(clk, at.map(([bucket]) => bucket));
      expect(nextBucketExpiry(base, SHAPE)).toBe(Math.min(...at.map(([, expiry]) => expiry)));
    }), { numRuns: 400 });
  });
});
