import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelBug } from '../../shared/assert.ts';
import { mulDiv, mulShift, mulShiftAdd, mulShiftLow } from '../../shared/math.ts';

const MAX = Number.MAX_SAFE_INTEGER;
const U32 = 0xffff_ffff;
const RUNS = { numRuns: 5_000 };

/** The twins: the same in BigInt. `undefined` where the result does not fit. */
function wideShift(value: number, mult: number, shift: number, fraction: number): number | undefined {
  const result = (BigInt(value) * BigInt(mult) + BigInt(fraction)) >> BigInt(shift);
  return result <= BigInt(MAX) ? Number(result) : undefined;
}
function wideLow(value: number, mult: number, shift: number, fraction: number): number {
  return Number((BigInt(value) * BigInt(mult) + BigInt(fraction)) % (1n << BigInt(shift)));
}
function wideDiv(a: number, b: number, c: number): number | undefined {
  const result = (BigInt(a) * BigInt(b)) / BigInt(c);
  return result <= BigInt(MAX) ? Number(result) : undefined;
}

/** Integers of every length up to `bits`, with those near a power of two more often than chance gives. */
const upTo = (bits: number) =>
  fc.tuple(fc.integer({ min: 0, max: bits }), fc.maxSafeNat(), fc.integer({ min: -3, max: 3 }), fc.boolean())
    .map(([length, noise, near, edge]) => {
      const top = 2 ** length;
      const drawn = edge ? top + near : noise % top;
      return Math.min(Math.max(drawn, 0), 2 ** bits - 1);
    });
const shifts = fc.integer({ min: 0, max: 32 });

function expectShift(value: number, mult: number, shift: number, fraction: number): void {
  const expected = wideShift(value, mult, shift, fraction);
  if (expected === undefined) expect(() => mulShiftAdd(value, mult, shift, fraction)).toThrow(KernelBug);
  else expect(mulShiftAdd(value, mult, shift, fraction)).toBe(expected);
  expect(mulShiftLow(value, mult, shift, fraction)).toBe(wideLow(value, mult, shift, fraction));
}

describe('mulShift', () => {
  it('equals its BigInt twin, or throws where the result leaves 53 bits', () => {
    fc.assert(fc.property(upTo(53), upTo(32), shifts, fc.maxSafeNat(), (value, mult, shift, noise) => {
      expectShift(value, mult, shift, noise % 2 ** shift);
    }), RUNS);
  });

  it('equals its BigInt twin at every corner of its domain', () => {
    const values = [0, 1, 2 ** 21, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, MAX - 1, MAX];
    const mults = [0, 1, 2 ** 16 - 1, 2 ** 16, 2 ** 16 + 1, 2 ** 31, U32 - 1, U32];
    for (const value of values) for (const mult of mults) for (const shift of [0, 1, 8, 16, 24, 31, 32]) {
      for (const fraction of [0, 2 ** shift - 1]) expectShift(value, mult, shift, fraction);
    }
  });

  it('converts the hardware that Linux meets', () => {
    // an HPET of 14.318180 MHz and a tsc of 2.4 GHz, both an hour on; mult and shift by clocks_calc_mult_shift
    const HPET = { mult: 2_343_484_437, shift: 25 };
    const TSC = { mult: 6_990_507, shift: 24 };
    expect(mulShift(14_318_180 * 3600, HPET.mult, HPET.shift)).toBe(3_599_999_999_588);
    expect(mulShift(2.4e9 * 3600, TSC.mult, TSC.shift)).toBe(3_600_000_171_661);
  });

  it('loses nothing: whole part and rest give the product back', () => {
    fc.assert(fc.property(upTo(45), upTo(32), fc.integer({ min: 24, max: 32 }), (value, mult, shift) => {
      const whole = BigInt(mulShiftAdd(value, mult, shift, 0));
      const rest = BigInt(mulShiftLow(value, mult, shift, 0));
      expect((whole << BigInt(shift)) + rest).toBe(BigInt(value) * BigInt(mult));
    }), RUNS);
  });

  it('does not depend on where a span is cut, if the fraction is carried on', () => {
    fc.assert(fc.property(upTo(40), upTo(40), upTo(32), fc.integer({ min: 20, max: 32 }), (first, second, mult, shift) => {
      const inTwo = mulShiftAdd(first, mult, shift, 0) + mulShiftAdd(second, mult, shift, mulShiftLow(first, mult, shift, 0));
      expect(inTwo).toBe(mulShiftAdd(first + second, mult, shift, 0));
    }), RUNS);
  });

  it('refuses a negative value and a result that is too large', () => {
    expect(() => mulShift(-1, 5, 2)).toThrow(KernelBug);
    expect(() => mulShift(MAX, U32, 31)).toThrow(/leaves 53 bits/);
    expect(() => mulShift(Number.NaN, 5, 2)).toThrow(KernelBug);
  });
});

describe('mulDiv', () => {
  it('equals its BigInt twin, or throws where the result leaves 53 bits', () => {
    fc.assert(fc.property(upTo(53), upTo(53), upTo(53), (a, b, drawn) => {
      const c = Math.max(1, drawn);
      const expected = wideDiv(a, b, c);
      if (expected === undefined) expect(() => mulDiv(a, b, c)).toThrow(KernelBug);
      else expect(mulDiv(a, b, c)).toBe(expected);
    }), RUNS);
  });

  it('is right one below, at and one above an exact quotient of wide numbers', () => {
    // quotient * divisor = a * b has no room for a rounding guess to hide in
    fc.assert(fc.property(upTo(26), upTo(26), upTo(53), fc.integer({ min: -1, max: 1 }), (x, y, c, off) => {
      const a = Math.max(1, x) * Math.max(1, y);
      const b = Math.max(1, c);
      const divisor = Math.max(1, Math.max(1, x) + off);
      const expected = wideDiv(a, b, divisor);
      if (expected !== undefined) expect(mulDiv(a, b, divisor)).toBe(expected);
    }), RUNS);
  });

  it('equals its BigInt twin at every corner of its domain', () => {
    const corners = [0, 1, 2, 3, 2 ** 26, 2 ** 27 - 1, 2 ** 27 + 1, 2 ** 32, 2 ** 52 - 1, 2 ** 52 + 1, MAX - 1, MAX];
    for (const a of corners) for (const b of corners) for (const c of corners.slice(1)) {
      const expected = wideDiv(a, b, c);
      if (expected === undefined) expect(() => mulDiv(a, b, c)).toThrow(KernelBug);
      else expect(mulDiv(a, b, c), `${a} * ${b} / ${c}`).toBe(expected);
    }
  });

  it('scales a hundred days of run time by a share of ticks', () => {
    const rtime = 100 * 86_400e9 + 12_345;
    expect(mulDiv(rtime, 864_000_001, 2_160_000_003)).toBe(wideDiv(rtime, 864_000_001, 2_160_000_003));
  });

  it('refuses a divisor of 0 and negative numbers', () => {
    expect(() => mulDiv(1, 1, 0)).toThrow(KernelBug);
    expect(() => mulDiv(-1, 1, 2)).toThrow(KernelBug);
    expect(() => mulDiv(1, 1, -2)).toThrow(KernelBug);
  });
});
