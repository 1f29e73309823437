/**
 * The numbers of trace.bin, to and from bytes. Layout: sign in bit 0 and six bits of magnitude, then
 * seven bits a byte (LEB128). "Minus zero" is free to mean KTIME_MAX, and "minus zero, and more, and
 * nothing" that the eight bytes of a double follow.
 *
 * A number is written as its difference to one that both sides know (0 where there is none), and
 * only if adding the difference gives the number back exactly.
 */
import { KTIME_MAX } from '../../shared/units.ts';

const SIGN_BIT = 1;
const MORE_BIT = 0x80;
const CODE_KTIME_MAX = SIGN_BIT;
const CODE_DOUBLE = SIGN_BIT | MORE_BIT;
/** Below this, sign and magnitude fit an integer that a CPU shifts fast. */
const FAST = 2 ** 30;

/** Longest number: a code of two bytes and a double. */
export const NUMBER_BYTES = 10;

export interface ByteBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export const byteBuffer = (bytes: Uint8Array): ByteBuffer => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
});

/** An integer 0 .. 2^53 - 1 as 64 bits at a fixed place, little endian. */
export function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

export const getUint64 = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;

/** Plain LEB128 of 0 .. 2^31 - 1; returns the place after it, as all writers here do. */
export function putUnsigned(bytes: Uint8Array, at: number, value: number): number {
  while (value >= MORE_BIT) {
    bytes[at++] = (value & 0x7f) | MORE_BIT;
    value >>>= 7;
  }
  bytes[at++] = value;
  return at;
}

/** Any double, as its difference to `last`; at most NUMBER_BYTES. -0 becomes the 0 that it equals. */
export function putNumber(to: ByteBuffer, at: number, value: number, last: number): number {
  const difference = value - last;
  const small = difference | 0;
  if (small !== difference || small >= FAST || small <= -FAST || last + small !== value) {
    return putWide(to, at, value, last);
  }
  return putUnsigned(to.bytes, at, small < 0 ? (-small << 1) | SIGN_BIT : small << 1);
}

/** What the fast way does not hold. */
function putWide({ bytes, view }: ByteBuffer, at: number, value: number, last: number): number {
  const difference = value - last;
  if (value === KTIME_MAX) {
    bytes[at++] = CODE_KTIME_MAX;
    return at;
  }
  if (Number.isSafeInteger(difference) && last + difference === value) return putInteger(bytes, at, difference);
  bytes[at++] = CODE_DOUBLE;
  bytes[at++] = 0;
  view.setFloat64(at, value + 0, true);
  return at + 8;
}

function putInteger(bytes: Uint8Array, at: number, value: number): number {
  const magnitude = Math.abs(value);
  bytes[at++] = (value < 0 ? SIGN_BIT : 0) | ((magnitude % 64) << 1) | MORE_BIT;
  let rest = Math.floor(magnitude / 64);
  while (rest >= MORE_BIT) {
    bytes[at++] = (rest % 128) | MORE_BIT;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

/** Reads on from `at`. Only over bytes whose checksum has been found right. */
export class ByteReader {
  at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor({ bytes, view }: ByteBuffer, at: number) {
    this.bytes = bytes;
    this.view = view;
    this.at = at;
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < MORE_BIT) return value;
      scale *= 128;
    }
  }

  /** A number that was written as its difference to `last`. */
  number(last: number): number {
    const first = this.bytes[this.at++]!;
    if (first === CODE_KTIME_MAX) return KTIME_MAX;
    if (first === CODE_DOUBLE && this.bytes[this.at] === 0) return this.double();
    const low = (first >>> 1) & 0x3f;
    const magnitude = first < MORE_BIT ? low : low + 64 * this.unsigned();
    return (first & SIGN_BIT) === 0 ? last + magnitude : last - magnitude;
  }

  private double(): number {
    this.at += 9;
    return this.view.getFloat64(this.at - 8, true);
  }
}
