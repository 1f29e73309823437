/**
 * CRC-32 as zip, png and Ethernet have it (polynomial 0xEDB88320, reflected), four bytes a turn:
 * table k says what a byte does that is followed by k more.
 */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256]!;
    tables[i] = (shorter >>> 8) ^ tables[shorter & 0xff]!;
  }
  return tables;
}

/** The checksum of `bytes[from .. to - 1]`, 0 .. 2^32 - 1. */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const tables = TABLES;
  let crc = -1;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = tables[768 + (crc & 0xff)]! ^ tables[512 + ((crc >>> 8) & 0xff)]!
      ^ tables[256 + ((crc >>> 16) & 0xff)]! ^ tables[crc >>> 24]!;
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ -1) >>> 0;
}
