/**
 * What Linux computes in 64 and 128 bits, in doubles: exact, without BigInt and without allocation.
 *
 * A double holds integers below 2^53. `value * mult` of 53 and 32 bits has 85, so it is cut at 2^32:
 *
 *     value = high * 2^32 + low            high < 2^21, low < 2^32
 *     mult  = upper * 2^16 + lower         both < 2^16
 *
 * and every partial product stays below 2^53. Whoever calls with small numbers (nearly everybody)
 * never gets there: one multiplication that comes out below 2^53 is exact already.
 */
import { KernelBug } from './assert.ts';

const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;
const POW2: readonly number[] = Array.from({ length: 33 }, (_, exponent) => 2 ** exponent);

/**
 * floor(value * mult / 2^shift), for 0 <= value < 2^53, 0 <= mult < 2^32, 0 <= shift <= 32.
 * Throws `KernelBug` if the result does not fit 2^53.
 * @linux include/linux/math64.h mul_u64_u32_shr
 */
export function mulShift(value: number, mult: number, shift: number): number {
  return mulShiftAdd(value, mult, shift, 0);
}

/** floor((value * mult + fraction) / 2^shift); ranges as `mulShift`, 0 <= fraction < 2^shift. */
export function mulShiftAdd(value: number, mult: number, shift: number, fraction: number): number {
  const product = value * mult + fraction;
  const pow = POW2[shift]!;
  if (product <= Number.MAX_SAFE_INTEGER && value >= 0) return Math.floor(product / pow);
  return wideShift(value, mult, pow, fraction);
}

/** (value * mult + fraction) mod 2^shift: what `mulShiftAdd` cuts off. Ranges as there. */
export function mulShiftLow(value: number, mult: number, shift: number, fraction: number): number {
  const product = value * mult + fraction;
  const low = product <= Number.MAX_SAFE_INTEGER ? product : lowerSum(value, mult, fraction);
  const pow = POW2[shift]!;
  return low - Math.floor(low / pow) * pow;
}

function wideShift(value: number, mult: number, pow: number, fraction: number): number {
  const sum = lowerSum(value, mult, fraction);
  const carry = Math.floor(sum / TWO_32);
  const low = value - Math.floor(value / TWO_32) * TWO_32;
  const middle = Math.floor((low * Math.floor(mult / TWO_16)) / TWO_16);
  const high = Math.floor(value / TWO_32) * mult + middle + carry;
  const result = high * (TWO_32 / pow) + Math.floor((sum - carry * TWO_32) / pow);
  if (!(value >= 0 && result <= Number.MAX_SAFE_INTEGER)) {
    throw new KernelBug(`${value} * ${mult} / ${pow} leaves 53 bits; a span too long for this multiplier?`);
  }
  return result;
}

/** A number below 2^49 that equals value * mult + fraction modulo 2^32, with the carry still in it. */
function lowerSum(value: number, mult: number, fraction: number): number {
  const low = value - Math.floor(value / TWO_32) * TWO_32;
  const upper = low * Math.floor(mult / TWO_16);
  const upperLow = upper - Math.floor(upper / TWO_16) * TWO_16;
  const lower = mult - Math.floor(mult / TWO_16) * TWO_16;
  return upperLow * TWO_16 + (low * lower + fraction);
}

/**
 * floor(a * b / c), for a, b, c below 2^53, c > 0. Throws `KernelBug` if the result does not fit 2^53.
 *
 * The quotient of doubles is a guess that is off by one or two at most; the right answer is the
 * greatest q with q * c <= a * b, and those products are compared in all their 106 bits.
 * @linux include/linux/math64.h mul_u64_u64_div_u64
 */
export function mulDiv(a: number, b: number, c: number): number {
  const product = a * b;
  if (!(a >= 0 && b >= 0 && c > 0)) throw new KernelBug(`${a} * ${b} / ${c}: all must be positive`);
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / c);
  let q = Math.floor(product / c);
  if (q <= TWO_53) {
    while (isProductLess(a, b, q, c)) q--;
    while (q < TWO_53 && !isProductLess(a, b, q + 1, c)) q++;
  }
  if (q >= TWO_53) throw new KernelBug(`${a} * ${b} / ${c} leaves 53 bits`);
  return q;
}

/** Whether a * b < c * d, exactly: rounding keeps the order, so only rounded equals need their rests. */
function isProductLess(a: number, b: number, c: number, d: number): boolean {
  const left = a * b;
  const right = c * d;
  if (left !== right) return left < right;
  return roundingError(a, b, left) < roundingError(c, d, right);
}

/** a * b - product, exactly, by splitting both factors into halves of 26 bits (Dekker 1971). */
function roundingError(a: number, b: number, product: number): number {
  const aHigh = upperHalf(a);
  const aLow = a - aHigh;
  const bHigh = upperHalf(b);
  const bLow = b - bHigh;
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** The upper 26 bits of a 53-bit number (Veltkamp 1968). */
function upperHalf(a: number): number {
  const spread = a * 134_217_729;
  return spread - (spread - a);
}
