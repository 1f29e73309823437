import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Event } from '../../shared/events.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { Digest } from '../../src/observe/digest.ts';
import { RingTrace } from '../../src/observe/ring-trace.ts';
import { readTrace, schemaDifference, type TraceSummary } from '../../src/observe/trace-bin-reader.ts';
import { TraceBinWriter } from '../../src/observe/trace-bin-writer.ts';
import { CHUNK_BYTES, makeTraceHeader } from '../../src/observe/trace-format.ts';
import { anyRow, FACTS, play, Recorder, row, type Row } from './records.ts';

const HEADER = makeTraceHeader('first-light', 7, { ...FACTS, cpus: 4 });

/** The bytes of a finished trace; a chunk ends after every `each` records, or when it is full. */
function traceOf(rows: readonly Row[], each = Infinity, header = HEADER): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new TraceBinWriter(header, (bytes) => parts.push(bytes.slice()));
  rows.forEach((r, i) => {
    if (i % each === 0) writer.flush();
    play(writer, [r]);
  });
  writer.finish(play(new Digest(), rows).hex());
  return Buffer.concat(parts);
}

function reading(bytes: Uint8Array): TraceSummary & { rows: Row[] } {
  const recorder = new Recorder();
  return { ...readTrace(bytes, recorder), rows: recorder.rows };
}

const SMALL: readonly Row[] = Array.from({ length: 12 }, (_, i) =>
  row('event', i % 2, 4_000_000 * i, { time: 4_000_000 * i, class: 2, origin: i % 2, n: i }));
/** A short head: the file is cut at each of its bytes. It knows the first event only. */
const SHORT = { ...HEADER, schemas: HEADER.schemas.slice(0, 1) };

/** A stream as a run makes it: every CPU ticks at 1 kHz. */
const ticks = (count: number): Row[] => Array.from({ length: count }, (_, i) => {
  const t = Math.floor(i / 4) * 1_000_000;
  return row('hrtimer_expire_entry', i % 4, t, { hrtimer: i % 4, function: 0, now: t, expires: t, softexpires: t });
});

describe('trace.bin', () => {
  it('gives back any records, bit for bit, in order', () => {
    fc.assert(fc.property(fc.array(anyRow, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (rows, each) => {
      const read = reading(traceOf(rows, each));
      expect(read.rows).toEqual(rows);
      expect(read).toMatchObject({ complete: true, problem: null, records: rows.length, skipped: 0 });
    }));
  });

  it('gives back what no integer is', () => {
    const odd = [0.5, -1e300, Infinity, -Infinity, Number.NaN, 2 ** 53, -(2 ** 60)];
    const rows = odd.map((value) => row('jiffies_update', 0, 5, { ticks: value, jiffies: value, last_jiffies_update: value }));
    expect(reading(traceOf(rows)).rows).toEqual(rows);
  });

  it('holds its header and the digest of the run', () => {
    const named = makeTraceHeader('prüfstand „1“ 🕰', 2 ** 40, FACTS);
    const read = reading(traceOf(SMALL, Infinity, named));
    expect(read.header).toEqual(named);
    expect(read.digest).toBe(play(new Digest(), read.rows).hex());
    expect(schemaDifference(read.header!)).toBeNull();
  });

  it('says which event another program’s trace defines otherwise', () => {
    const schemas = HEADER.schemas.map((s) => (s.name === 'tick' ? { ...s, fields: s.fields.slice(1) } : s));
    expect(schemaDifference({ ...HEADER, schemas })).toBe(
      `event ${Event.tick} of the trace is tick, here it is the same with other fields`,
    );
  });

  it('writes the same bytes for the same records', () => {
    expect(traceOf(SMALL)).toEqual(traceOf(SMALL));
  });

  it('needs few bytes for a record, and one for KTIME_MAX', () => {
    const rows = ticks(40_000);
    expect(traceOf(rows).length / rows.length).toBeLessThan(17);
    const never = row('clockevents_program_event', 0, 0, { expires: KTIME_MAX });
    const zero = row('clockevents_program_event', 0, 0, { expires: 0 });
    expect(traceOf([never]).length).toBe(traceOf([zero]).length);
  });

  it('cut after any byte hands out the whole chunks before the cut and says that it is incomplete', () => {
    const bytes = traceOf(SMALL, 3, SHORT);
    let most = 0;
    for (let length = 0; length < bytes.length; length++) {
      const read = reading(bytes.subarray(0, length));
      expect(read.complete).toBe(false);
      expect(read.problem).toMatch(/^cut at byte/);
      expect(read.digest).toBeNull();
      expect(read.rows).toEqual(SMALL.slice(0, read.records));
      expect(read.records % 3).toBe(0);
      expect(read.records).toBeGreaterThanOrEqual(most);
      most = read.records;
    }
    expect(most).toBe(SMALL.length);
  });

  it('with any one byte changed is never taken for complete and never hands out a wrong record', () => {
    const bytes = traceOf(SMALL, 3, SHORT);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << at % 8;
      const read = reading(damaged);
      expect(read.complete).toBe(false);
      expect(read.problem).toMatch(/^(damaged|cut|not a dynticks trace)/);
      expect(read.rows).toEqual(SMALL.slice(0, read.records));
    }
  });

  it('misses a chunk that was taken out of the middle', () => {
    const whole = traceOf(SMALL, 3);
    const ends: number[] = [];
    let size = 0;
    const writer = new TraceBinWriter(HEADER, (b) => ends.push((size += b.length)));
    SMALL.forEach((r, i) => { if (i % 3 === 0) writer.flush(); play(writer, [r]); });
    writer.finish('');
    const without = Buffer.concat([whole.subarray(0, ends[1]), whole.subarray(ends[2])]);
    expect(reading(without)).toMatchObject({
      complete: false, records: 3, problem: expect.stringMatching(/^damaged: records are missing/),
    });
    const withoutLast = Buffer.concat([whole.subarray(0, ends[3]), whole.subarray(ends[4])]);
    expect(reading(withoutLast)).toMatchObject({ complete: false, problem: 'damaged: 12 records were written, 9 are accounted for' });
  });

  it('refuses what is no trace, and a version it does not know, with a sentence', () => {
    expect(reading(Buffer.from('{"global": {}}')).problem).toBe('not a dynticks trace: it begins otherwise');
    expect(reading(traceOf([], 1, { ...HEADER, version: 99 }))).toMatchObject({
      header: null, complete: false, problem: expect.stringContaining('version 99'),
    });
  });

  it('lets an error of the consumer through', () => {
    const consumer = { onEvent: () => { throw new Error('mine'); } };
    expect(() => readTrace(traceOf(SMALL), consumer)).toThrow('mine');
  });
});

describe('RingTrace', () => {
  function ringOf(rows: readonly Row[], bytes: number, finish = true): Uint8Array {
    const ring = new RingTrace(bytes);
    const writer = play(new TraceBinWriter(HEADER, ring.write), rows);
    if (finish) writer.finish('feed');
    const parts: Uint8Array[] = [];
    ring.drain((part) => parts.push(part.slice()));
    return Buffer.concat(parts);
  }

  it('is the whole file when it is large enough', () => {
    const rows = ticks(20_000);
    const full: Uint8Array[] = [];
    play(new TraceBinWriter(HEADER, (b) => full.push(b.slice())), rows).finish('feed');
    expect(Buffer.compare(ringOf(rows, 64 << 20), Buffer.concat(full))).toBe(0);
  });

  it('keeps the last records within its size and says how many came before', () => {
    const rows = ticks(40_000);
    const bytes = ringOf(rows, 3 * CHUNK_BYTES);
    const read = reading(bytes);
    expect(bytes.length).toBeLessThan(3 * CHUNK_BYTES + 20_000);
    expect(read).toMatchObject({ complete: true, problem: null, digest: 'feed' });
    expect(read.skipped).toBeGreaterThan(0);
    expect(read.skipped + read.records).toBe(rows.length);
    expect(read.rows).toEqual(rows.slice(read.skipped));
  });

  it('drained before the writer has finished is incomplete', () => {
    expect(reading(ringOf(ticks(40_000), CHUNK_BYTES, false))).toMatchObject({ complete: false, digest: null });
  });
});
