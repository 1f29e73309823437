/**
 * The digest of a run: 64 bits over every record of the merged stream, so that two runs can be
 * compared by one line. It tells equal from different; it is no defence against somebody who wants
 * two runs to look alike.
 *
 * Two 32-bit lanes, one for the low and one for the high word of each double, mixed as murmur3 mixes
 * its lanes and folded into each other after every double. Words are taken in little-endian order,
 * which every host that runs Node has.
 */
import { EVENT_ARITY, ROW_HEAD } from '../../shared/events.ts';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { EVERY_EVENT } from './event-handlers.ts';

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

export class Digest implements EventConsumer {
  readonly interests = EVERY_EVENT;
  private readonly row = new Float64Array(ROW_HEAD + Math.max(...EVENT_ARITY));
  private readonly words = new Uint32Array(this.row.buffer);
  private low = 0;
  private high = 0;
  private records = 0;

  /** Takes one record in; every digit of it matters, and so does its place in the stream. */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    const row = this.row;
    const arity = EVENT_ARITY[id]!;
    row[0] = id;
    row[1] = cpu;
    row[2] = t;
    // + 0 makes -0 the 0 that it equals
    for (let i = 0; i < arity; i++) row[ROW_HEAD + i] = fields[at + i]! + 0;
    this.mix(2 * (ROW_HEAD + arity));
    this.records += 1;
  }

  /** Sixteen hexadecimal digits of all records so far; more may follow. */
  hex(): string {
    const low = avalanche(this.low ^ this.records);
    const high = avalanche((this.high ^ Math.floor(this.records / 2 ** 32)) + low);
    return word(high) + word(avalanche(low + high));
  }

  private mix(count: number): void {
    const words = this.words;
    let low = this.low;
    let high = this.high;
    for (let i = 0; i < count; i += 2) {
      let k = Math.imul(words[i]!, C1);
      low ^= Math.imul((k << 15) | (k >>> 17), C2);
      low = (((low << 19) | (low >>> 13)) + high) | 0;
      low = (Math.imul(low, 5) + 0x561ccd1b) | 0;
      k = Math.imul(words[i + 1]!, C3);
      high ^= Math.imul((k << 16) | (k >>> 16), C4);
      high = (((high << 17) | (high >>> 15)) + low) | 0;
      high = (Math.imul(high, 5) + 0x0bcaa747) | 0;
    }
    this.low = low;
    this.high = high;
  }
}

/** Lets every bit of `h` reach every bit of the result. */
function avalanche(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const word = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
