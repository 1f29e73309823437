/**
 * Writes trace.bin: every record of a run, a few bytes each, in chunks that stand alone. Whatever
 * happens to the process, the chunks that were written are readable and say that the end is missing.
 */
import { EVENT_ARITY, EVENTS, ROW_HEAD } from '../../shared/events.ts';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import type { CpuId, Ns } from '../../shared/units.ts';
import { byteBuffer, NUMBER_BYTES, putNumber, putUnsigned, setUint64, type ByteBuffer } from './byte-buffer.ts';
import { crc32 } from './crc32.ts';
import { EVERY_EVENT } from './event-handlers.ts';
import {
  CHUNK_BYTES, CHUNK_HEAD, CHUNK_TAIL, ChunkKind, deltaFields, fieldOffsets, isReference, RECORDS_HEAD, TRACE_MAGIC,
  type TraceEnd, type TraceHeader,
} from './trace-format.ts';

/** Takes one whole chunk, the first time the file's head. The bytes are reused: write or copy them before returning. */
export type ByteSink = (bytes: Uint8Array) => void;

const OFFSETS = fieldOffsets(EVENTS);
const ROW_LENGTH = OFFSETS[EVENTS.length]!;
const DELTA = deltaFields(EVENTS);
const RECORD_BYTES = NUMBER_BYTES * (ROW_HEAD + Math.max(...EVENT_ARITY));
const FULL = CHUNK_BYTES - CHUNK_TAIL - RECORD_BYTES;

export class TraceBinWriter implements EventConsumer {
  readonly interests = EVERY_EVENT;
  private readonly write: ByteSink;
  private readonly out = byteBuffer(new Uint8Array(CHUNK_BYTES));
  private at = 0;
  /** last time of each participant, last value of each field of each event of each participant: in this chunk */
  private readonly lastTime: Float64Array;
  private readonly lastField: Float64Array;
  private lastCpu = -1;
  private firstOrdinal = 0;
  private records = 0;

  /** Writes the head of the file at once. */
  constructor(header: TraceHeader, write: ByteSink) {
    const participants = header.facts.cpus + 1;
    this.write = write;
    this.lastTime = new Float64Array(participants);
    this.lastField = new Float64Array(participants * ROW_LENGTH);
    const chunk = jsonChunk(ChunkKind.Header, header);
    const head = new Uint8Array(TRACE_MAGIC.length + chunk.length);
    head.set(TRACE_MAGIC);
    head.set(chunk, TRACE_MAGIC.length);
    write(head);
    this.beginChunk();
  }

  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void {
    if (this.at > FULL) this.flush();
    const { out } = this;
    let to = this.at;
    if (cpu === this.lastCpu) to = putUnsigned(out.bytes, to, 2 * id + 1);
    else {
      to = putUnsigned(out.bytes, to, 2 * id);
      to = putUnsigned(out.bytes, to, cpu);
      this.lastCpu = cpu;
    }
    to = putNumber(out, to, t, this.lastTime[cpu]!);
    if (isReference(t)) this.lastTime[cpu] = t;
    this.at = this.putFields(to, id, cpu, fields, at);
    this.records += 1;
  }

  /** Hands out the records so far as a chunk, though it may not be full. */
  flush(): void {
    const count = this.records - this.firstOrdinal;
    if (count === 0) return;
    const { out } = this;
    setUint64(out.view, CHUNK_HEAD, this.firstOrdinal);
    out.view.setUint32(CHUNK_HEAD + 8, count, true);
    this.write(closeChunk(out, this.at, ChunkKind.Records));
    this.beginChunk();
  }

  /** The end of the file; nothing may follow. */
  finish(digest: string): void {
    this.flush();
    const end: TraceEnd = { records: this.records, digest };
    this.write(jsonChunk(ChunkKind.End, end));
  }

  /** Fields that are no clock or counter have nothing in `lastField` but 0. */
  private putFields(to: number, id: number, cpu: CpuId, fields: Float64Array, at: number): number {
    const { out, lastField } = this;
    const first = OFFSETS[id]!;
    const arity = OFFSETS[id + 1]! - first;
    const base = cpu * ROW_LENGTH + first;
    for (let i = 0; i < arity; i++) {
      const value = fields[at + i]!;
      to = putNumber(out, to, value, lastField[base + i]!);
      if (DELTA[first + i] === 1 && isReference(value)) lastField[base + i] = value;
    }
    return to;
  }

  private beginChunk(): void {
    this.at = CHUNK_HEAD + RECORDS_HEAD;
    this.firstOrdinal = this.records;
    this.lastCpu = -1;
    this.lastTime.fill(0);
    this.lastField.fill(0);
  }
}

/** Head before and checksum after the payload that stands in `out` up to `end`; the whole chunk. */
function closeChunk({ bytes, view }: ByteBuffer, end: number, kind: number): Uint8Array {
  bytes[0] = kind;
  view.setUint32(1, end - CHUNK_HEAD, true);
  view.setUint32(end, crc32(bytes, 0, end), true);
  return bytes.subarray(0, end + CHUNK_TAIL);
}

function jsonChunk(kind: number, value: TraceHeader | TraceEnd): Uint8Array {
  // ASCII only: what is beyond becomes an escape, and neither side needs UTF-8
  const text = JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const end = CHUNK_HEAD + text.length;
  const out = byteBuffer(new Uint8Array(end + CHUNK_TAIL));
  for (let i = 0; i < text.length; i++) out.bytes[CHUNK_HEAD + i] = text.charCodeAt(i);
  return closeChunk(out, end, kind);
}
