import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KTIME_MAX } from '../../shared/units.ts';
import { byteBuffer, ByteReader, getUint64, NUMBER_BYTES, putNumber, putUnsigned, setUint64 } from '../../src/observe/byte-buffer.ts';
import { fieldValue } from './records.ts';

/** The bytes of `value`. */
function encode(value: number, last: number): Uint8Array {
  const buffer = byteBuffer(new Uint8Array(32));
  return buffer.bytes.slice(0, putNumber(buffer, 0, value, last));
}

function decode(bytes: Uint8Array, last: number): { value: number; used: number } {
  const reader = new ByteReader(byteBuffer(bytes), 0);
  return { value: reader.number(last), used: reader.at };
}

describe('numbers of trace.bin', () => {
  it('have the bytes that docs/TRACE-FORMAT.md shows', () => {
    const hex = (value: number, last = 0) => Buffer.from(encode(value, last)).toString('hex');
    expect([0, KTIME_MAX, 1, -1, 63, 64, -64].map((v) => hex(v))).toEqual(['00', '01', '02', '03', '7e', '8001', '8101']);
    expect(hex(0.5)).toBe('8100' + '000000000000e03f');
    expect(hex(1_000_063, 1_000_000)).toBe('7e');
    expect(hex(KTIME_MAX, KTIME_MAX - 2000)).toBe('a01f');
  });

  it('come back exactly, whatever they are a difference to, within ten bytes', () => {
    const last = fieldValue.filter((v) => Math.abs(v) < KTIME_MAX);
    const anyValue = fc.oneof(fieldValue, fc.double());
    const anyLast = fc.oneof(last, fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(fc.property(anyValue, anyLast, (value, from) => {
      const bytes = encode(value, from);
      expect(bytes.length).toBeLessThanOrEqual(NUMBER_BYTES);
      const read = decode(bytes, from);
      expect(read.value).toBe(value + 0);
      expect(read.used).toBe(bytes.length);
    }), { numRuns: 2000 });
  });

  it('stay exact where a difference would be rounded', () => {
    const pairs = [
      [1e-20, 5], [2 ** 53 - 2, -(2 ** 53) + 2], [0.1, 2 ** 40], [2 ** 30, 0], [-(2 ** 30), 0], [2 ** 31, -(2 ** 31)],
    ] as const;
    for (const [value, last] of pairs) {
      expect(decode(encode(value, last), last).value).toBe(value);
    }
  });

  it('hold counts up to 2^31 - 1 and fixed words up to 2^53 - 1', () => {
    fc.assert(fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.maxSafeNat(), (small, large) => {
      const buffer = byteBuffer(new Uint8Array(32));
      const end = putUnsigned(buffer.bytes, 0, small);
      const reader = new ByteReader(buffer, 0);
      expect(reader.unsigned()).toBe(small);
      expect(reader.at).toBe(end);
      setUint64(buffer.view, 8, large);
      expect(getUint64(buffer.view, 8)).toBe(large);
    }));
  });
});
