/** trace.bin: what its writer and its reader agree on. Byte by byte in docs/TRACE-FORMAT.md. */
import { EVENTS, type EventSchema } from '../../shared/events.ts';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { KTIME_MAX } from '../../shared/units.ts';

/** As in png: a byte that is no text, a name, both line ends and a stop, so that a transfer as text shows. */
export const TRACE_MAGIC: readonly number[] = [0x89, 0x44, 0x59, 0x4e, 0x54, 0x0d, 0x0a, 0x1a];
/** Grows whenever a reader of the old version would misread the new one. */
export const TRACE_VERSION = 1;

/** First byte of a chunk. */
export const ChunkKind = { Header: 0x48, Records: 0x52, End: 0x45 } as const;
/** Kind (1 byte) and length of the payload (4). */
export const CHUNK_HEAD = 5;
/** Checksum after the payload. */
export const CHUNK_TAIL = 4;
/** Begins the payload of a chunk of records: ordinal of the first one (8), number of records (4). */
export const RECORDS_HEAD = 12;
/** Bytes of a whole chunk of records, at most. */
export const CHUNK_BYTES = 64 * 1024;

/** The first chunk, as JSON. */
export interface TraceHeader {
  readonly format: 'dynticks trace';
  readonly version: number;
  /** Name of the scenario. */
  readonly scenario: string;
  readonly seed: number;
  readonly facts: RunFacts;
  /** Schemas of the file's records, by id. */
  readonly schemas: readonly EventSchema[];
}

/** The last chunk, as JSON. A file without it was cut. */
export interface TraceEnd {
  /** Records of the whole run, those included that a ring has dropped. */
  readonly records: number;
  /** `Digest.hex()` of the whole run. */
  readonly digest: string;
}

export const makeTraceHeader = (scenario: string, seed: number, facts: RunFacts): TraceHeader => ({
  format: 'dynticks trace',
  version: TRACE_VERSION,
  scenario,
  seed,
  facts,
  schemas: EVENTS,
});

/**
 * Whether a number becomes the one that the next difference is taken to. KTIME_MAX does not: after
 * "no event" the next instant is near the last one again. Nor does what no difference can be taken to.
 */
export const isReference = (value: number): boolean => value < KTIME_MAX && value > -KTIME_MAX;

/** Whether a field is written as the difference to its last value: clocks and counters, not names. */
const isDelta = (type: string): boolean => type === 'ns' || type === 'count';

/** Where each event's fields begin in one row of all fields of all events; the last entry is the row's length. */
export function fieldOffsets(schemas: readonly EventSchema[]): Int32Array {
  const offsets = new Int32Array(schemas.length + 1);
  schemas.forEach((schema, id) => { offsets[id + 1] = offsets[id]! + schema.fields.length; });
  return offsets;
}

/** For each field of each event, in the same row: 1 if it `isDelta`. */
export const deltaFields = (schemas: readonly EventSchema[]): Uint8Array =>
  Uint8Array.from(schemas.flatMap((schema) => schema.fields.map((field) => (isDelta(field.type) ? 1 : 0))));
