import { describe, expect, test } from 'vitest';
import { EVENT_ARITY, EVENTS, Event, ROW_HEAD } from '../../shared/events.ts';
import { TraceStream } from '../../src/machine/trace-stream.ts';

describe('a trace stream', () => {
  test('keeps of each event as many fields as its schema has', () => {
    const stream = new TraceStream();
    const wanted: number[] = [];
    for (const { id } of EVENTS) {
      const arity = EVENT_ARITY[id]!;
      const fields = Array.from({ length: arity }, (_, i) => id + i);
      const clock = { id: 3, now: 77 };
      if (arity <= 2) stream.append(clock, id, id, id + 1);
      else if (arity <= 6) stream.append6(clock, id, id, id + 1, id + 2, id + 3, id + 4, id + 5);
      else stream.appendFields(clock, id, Float64Array.from(fields));
      wanted.push(id, 3, 77, ...fields);
    }
    expect([...stream.rows.subarray(0, stream.length)]).toEqual(wanted);
  });

  test('grows, and has every row that was ever appended', () => {
    const stream = new TraceStream();
    const row = ROW_HEAD + EVENT_ARITY[Event.cut]!;
    const count = 60_000;
    for (let i = 0; i < count; i++) stream.append({ id: 0, now: i }, Event.cut, i, 0);
    expect(stream.length).toBe(count * row);
    for (let i = 0; i < count; i++) if (stream.rows[i * row + ROW_HEAD] !== i) throw new Error(`row ${i} is lost`);
  });

  test('drops what has been read and nothing else', () => {
    const stream = new TraceStream();
    for (let i = 0; i < 3; i++) stream.append({ id: 0, now: i }, Event.cut, 10 + i, 0);
    stream.dropFirst(8);
    stream.append({ id: 0, now: 3 }, Event.cut, 13, 0);
    expect([...stream.rows.subarray(0, stream.length)]).toEqual([Event.cut, 0, 2, 12, Event.cut, 0, 3, 13]);
  });

  test('takes the rows of another stream, in pieces of any length, and shows whole rows only', () => {
    const source = new TraceStream();
    const ends = [0];
    for (const { id } of EVENTS) {
      source.appendFields({ id: 1, now: 2 ** 40 + id }, id, new Float64Array(32).fill(id + 0.5));
      ends.push(source.length);
    }
    for (let piece = 1; piece < 80; piece++) {
      const stream = new TraceStream();
      for (let from = 0; from < source.length; from += piece) {
        const to = Math.min(from + piece, source.length);
        stream.appendRows(source.rows, from, to);
        expect(stream.length).toBe(ends.findLast((end) => end <= to));
      }
      expect(stream.rows.subarray(0, stream.length)).toEqual(source.rows.subarray(0, source.length));
    }
  });

  test('keeps the beginning of a row that is not whole yet, whatever is dropped before it, and while it grows', () => {
    const source = new TraceStream();
    for (let i = 0; i < 10_000; i++) source.append({ id: 0, now: i }, Event.cut, i, 0);
    const stream = new TraceStream();
    stream.appendRows(source.rows, 0, 10);
    stream.dropFirst(8);
    expect(stream.length).toBe(0);
    stream.appendRows(source.rows, 10, source.length);
    expect(stream.rows.subarray(0, stream.length)).toEqual(source.rows.subarray(8, source.length));
  });

  test('has room for the longest event of the table', () => {
    expect(ROW_HEAD + Math.max(...EVENT_ARITY)).toBeLessThanOrEqual(32);
  });
});
