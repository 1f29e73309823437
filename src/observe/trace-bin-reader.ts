/**
 * Reads trace.bin, whole or cut. A file that was cut or damaged is never an error: every record up to
 * there is handed out, and the answer says that the rest is missing and why.
 */
import { EVENTS } from '../../shared/events.ts';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { byteBuffer, ByteReader, getUint64 } from './byte-buffer.ts';
import { crc32 } from './crc32.ts';
import {
  CHUNK_HEAD, CHUNK_TAIL, ChunkKind, deltaFields, fieldOffsets, isReference, RECORDS_HEAD, TRACE_MAGIC, TRACE_VERSION,
  type TraceEnd, type TraceHeader,
} from './trace-format.ts';

export interface TraceSummary {
  /** null: not even the head of the file is whole, or it is no trace of this version. */
  readonly header: TraceHeader | null;
  /** Records handed out. */
  readonly records: number;
  /** Records before the first of the file, which a ring has dropped. */
  readonly skipped: number;
  /** Digest of the whole run as the file's end says it; null when the end is missing. */
  readonly digest: string | null;
  /** The end is there, and nothing is missing between the first record and it. */
  readonly complete: boolean;
  /** Why it is not complete, in one sentence. */
  readonly problem: string | null;
}

interface Chunk {
  readonly kind: number;
  readonly payload: Uint8Array;
  /** Offset of what follows the chunk. */
  readonly next: number;
}

/** Hands every whole record to `consumer`, in order, from one reused array. Throws only what `consumer` throws. */
export function readTrace(bytes: Uint8Array, consumer: EventConsumer): TraceSummary {
  const head = readHead(bytes);
  if (typeof head === 'string') return { header: null, records: 0, skipped: 0, digest: null, complete: false, problem: head };
  const { header, next } = head;
  const reading = new RecordReading(header, consumer);
  const ended = readChunks(bytes, next, reading);
  const problem = typeof ended === 'string' ? ended : problemAtEnd(ended, reading);
  return {
    header,
    records: reading.records,
    skipped: reading.skipped,
    digest: typeof ended === 'string' ? null : ended.digest,
    complete: problem === null,
    problem,
  };
}

/** What this program's schemas have otherwise than the file's; null when its records mean the same here. */
export function schemaDifference(header: TraceHeader): string | null {
  for (const schema of header.schemas) {
    const ours = EVENTS[schema.id];
    if (JSON.stringify(schema) !== JSON.stringify(ours)) {
      const here = ours === undefined ? 'unknown' : ours.name === schema.name ? 'the same with other fields' : ours.name;
      return `event ${schema.id} of the trace is ${schema.name}, here it is ${here}`;
    }
  }
  return null;
}

/** The chunk at `at`, or why there is none. */
function readChunk(bytes: Uint8Array, at: number): Chunk | string {
  if (bytes.length - at < CHUNK_HEAD) return `cut at byte ${bytes.length}`;
  const { view } = byteBuffer(bytes);
  const length = view.getUint32(at + 1, true);
  const end = at + CHUNK_HEAD + length;
  if (end + CHUNK_TAIL > bytes.length) return `cut at byte ${bytes.length}, inside the chunk at byte ${at}`;
  if (view.getUint32(end, true) !== crc32(bytes, at, end)) return `damaged: wrong checksum of the chunk at byte ${at}`;
  return { kind: bytes[at]!, payload: bytes.subarray(at + CHUNK_HEAD, end), next: end + CHUNK_TAIL };
}

function readHead(bytes: Uint8Array): { header: TraceHeader; next: number } | string {
  const present = Math.min(bytes.length, TRACE_MAGIC.length);
  for (let i = 0; i < present; i++) {
    if (bytes[i] !== TRACE_MAGIC[i]) return 'not a dynticks trace: it begins otherwise';
  }
  const chunk = readChunk(bytes, TRACE_MAGIC.length);
  if (typeof chunk === 'string') return chunk;
  if (chunk.kind !== ChunkKind.Header) return 'not a dynticks trace: its first chunk is not a header';
  const header = parseJson(chunk.payload) as TraceHeader;
  if (header.version !== TRACE_VERSION) return `version ${header.version} of the format; this program reads version ${TRACE_VERSION}`;
  return { header, next: chunk.next };
}

/** Reads chunks until the end marker, which it returns, or until there are no more, and says why. */
function readChunks(bytes: Uint8Array, from: number, reading: RecordReading): TraceEnd | string {
  for (let at = from; ;) {
    const chunk = readChunk(bytes, at);
    if (typeof chunk === 'string') return chunk;
    if (chunk.kind === ChunkKind.End) return parseJson(chunk.payload) as TraceEnd;
    if (chunk.kind !== ChunkKind.Records) return `damaged: the chunk at byte ${at} is of unknown kind ${chunk.kind}`;
    if (!reading.follows(chunk.payload)) return `damaged: records are missing before the chunk at byte ${at}`;
    reading.read(chunk.payload);
    at = chunk.next;
  }
}

function problemAtEnd(end: TraceEnd, { skipped, records }: RecordReading): string | null {
  return skipped + records === end.records ? null : `damaged: ${end.records} records were written, ${skipped + records} are accounted for`;
}

function parseJson(payload: Uint8Array): unknown {
  let text = '';
  for (const byte of payload) text += String.fromCharCode(byte);
  return JSON.parse(text);
}

/** Decodes chunks of records by the schemas of the file's own header. */
class RecordReading {
  records = 0;
  skipped = 0;
  private readonly consumer: EventConsumer;
  private readonly offsets: Int32Array;
  private readonly rowLength: number;
  private readonly delta: Uint8Array;
  private readonly lastTime: Float64Array;
  private readonly lastField: Float64Array;
  private readonly row: Float64Array;

  constructor(header: TraceHeader, consumer: EventConsumer) {
    const participants = header.facts.cpus + 1;
    this.consumer = consumer;
    this.offsets = fieldOffsets(header.schemas);
    this.rowLength = this.offsets[header.schemas.length]!;
    this.delta = deltaFields(header.schemas);
    this.lastTime = new Float64Array(participants);
    this.lastField = new Float64Array(participants * this.rowLength);
    this.row = new Float64Array(Math.max(...header.schemas.map((schema) => schema.fields.length)));
  }

  /** Whether the chunk's first record is the next one; the first chunk of a file may begin anywhere. */
  follows(payload: Uint8Array): boolean {
    const ordinal = getUint64(byteBuffer(payload).view, 0);
    if (this.records === 0) this.skipped = ordinal;
    return ordinal === this.skipped + this.records;
  }

  read(payload: Uint8Array): void {
    const chunk = byteBuffer(payload);
    const count = chunk.view.getUint32(8, true);
    const from = new ByteReader(chunk, RECORDS_HEAD);
    this.lastTime.fill(0);
    this.lastField.fill(0);
    let cpu = -1;
    for (let i = 0; i < count; i++) {
      const tag = from.unsigned();
      if ((tag & 1) === 0) cpu = from.unsigned();
      this.readRecord(from, tag >>> 1, cpu);
    }
  }

  private readRecord(from: ByteReader, id: number, cpu: number): void {
    const t = from.number(this.lastTime[cpu]!);
    if (isReference(t)) this.lastTime[cpu] = t;
    const first = this.offsets[id]!;
    const arity = this.offsets[id + 1]! - first;
    const base = cpu * this.rowLength + first;
    for (let i = 0; i < arity; i++) {
      const value = from.number(this.lastField[base + i]!);
      if (this.delta[first + i] === 1 && isReference(value)) this.lastField[base + i] = value;
      this.row[i] = value;
    }
    this.records += 1;
    this.consumer.onEvent(id, cpu, t, this.row, 0);
  }
}
