import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clocksCalcMultShift, clocksourceMultShift } from '../../../src/kernel/time/clocksource.ts';

// computed by an independent implementation of Linux's two rules
const SOURCES = [
  {
    name: 'tsc 2.5 GHz', hz: 2_500_000_000, bits: 64,
    mult: 6710886, shift: 24, maxadj: 738197, maxCycles: 0x240939f1bb2, maxIdleNs: 440795263295,
  },
  {
    name: 'tsc 1 GHz', hz: 1_000_000_000, bits: 64,
    mult: 8388608, shift: 23, maxadj: 922746, maxCycles: 0x1cd42e4dffb, maxIdleNs: 881590591483,
  },
  {
    name: 'hpet', hz: 14_318_180, bits: 32,
    mult: 2343484437, shift: 25, maxadj: 257783288, maxCycles: 0xffffffff, maxIdleNs: 133484873504,
  },
  {
    name: 'acpi_pm', hz: 3_579_545, bits: 24,
    mult: 2343484437, shift: 23, maxadj: 257783288, maxCycles: 0xffffff, maxIdleNs: 2085701024,
  },
  {
    name: 'arch timer 24 MHz', hz: 24_000_000, bits: 56,
    mult: 699050667, shift: 24, maxadj: 76895573, maxCycles: 0x588fe9dc0, maxIdleNs: 440795202592,
  },
  {
    name: 'pit', hz: 1_193_182, bits: 16,
    mult: 3515225674, shift: 22, maxadj: 386674824, maxCycles: 0xffff, maxIdleNs: 24441430,
  },
];

describe('a clock source', () => {
  test.each(SOURCES)('$name has the multiplier and the longest idle time that Linux computes', ({ hz, bits, ...wanted }) => {
    const { name: _, ...numbers } = wanted;
    expect(clocksourceMultShift(hz, bits)).toEqual(numbers);
  });
});

describe('clocks_calc_mult_shift', () => {
  const hz = fc.integer({ min: 1_000, max: 4_000_000_000 });
  const seconds = fc.integer({ min: 1, max: 600 });

  test('never lets the longest span leave 64 bits, and is the finest that does not', () => {
    fc.assert(fc.property(hz, seconds, (from, maxSec) => {
      const { mult, shift } = clocksCalcMultShift(from, 1_000_000_000, maxSec);
      expect(mult).toBeLessThan(2 ** 32);
      expect(BigInt(maxSec) * BigInt(from) * BigInt(mult)).toBeLessThan(2n ** 64n);
      const finer = (10n ** 9n << BigInt(shift + 1)) / BigInt(from);
      const bits = (BigInt(maxSec) * BigInt(from) >> 32n).toString(2).length - (maxSec * from < 2 ** 32 ? 1 : 0);
      if (shift < 32) expect(finer).toBeGreaterThanOrEqual((1n << BigInt(32 - bits)) - 1n);
    }));
  });

  test('is wrong by half a unit of the multiplier at most', () => {
    fc.assert(fc.property(hz, seconds, (from, maxSec) => {
      const { mult, shift } = clocksCalcMultShift(from, 1_000_000_000, maxSec);
      const off = BigInt(mult) * BigInt(from) - (10n ** 9n << BigInt(shift));
      expect(2n * (off < 0n ? -off : off)).toBeLessThanOrEqual(BigInt(from));
    }));
  });
});
