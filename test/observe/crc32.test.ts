import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/observe/crc32.ts';

/** The definition, bit by bit. */
function twin(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

describe('crc32', () => {
  it('has the check value of the catalogue', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
  });

  it('equals the definition for any bytes and any part of them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 20 }), fc.nat({ max: 20 }), (bytes, from, less) => {
      const to = Math.max(from, bytes.length - less);
      expect(crc32(bytes, from, Math.min(to, bytes.length))).toBe(twin(bytes.subarray(from, to)));
      // node:zlib has it since 20.15
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    }));
  });
});
