import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Event } from '../../shared/events.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { comesBefore, fixedRank, shuffledRank, type EventKeyFields } from '../../src/engine/event-order.ts';
import { TraceMerge } from '../../src/engine/trace-merge.ts';
import { TraceStream } from '../../src/machine/trace-stream.ts';

const CPUS = 3;

interface Made extends EventKeyFields {
  readonly cpu: number;
  /** Records that follow its `event` row. */
  readonly rows: number;
}

/** Events of one participant: its clock moves with each. */
const drawn = fc.record({ step: fc.integer({ min: 1, max: 3 }), class: fc.nat(3), rows: fc.nat(3) });
const events = (cpu: number) => fc.array(drawn, { maxLength: 25, size: 'max' })
  .map((list): Made[] => {
    let time = 0;
    return list.map(({ step, class: cls, rows }, n) => ({ time: (time += step), class: cls, origin: cpu, n, cpu, rows }));
  });
const moments = fc.array(fc.boolean(), { minLength: 80, maxLength: 80 });
const machine = fc.tuple(...Array.from({ length: CPUS }, (_, cpu) => events(cpu)));

function append(stream: TraceStream, { time, class: cls, origin, n, cpu, rows }: Made): void {
  stream.append6({ id: cpu, now: time }, Event.event, time, cls, origin, n, -1, 0);
  for (let i = 0; i < rows; i++) stream.append({ id: cpu, now: time }, Event.cut, i, 0);
}
const rowsOf = ({ cpu, n, rows }: Made): string[] => [`event ${cpu} ${n}`, ...Array.from({ length: rows }, (_, i) => `row ${cpu} ${i}`)];

describe('the merge of the streams', () => {
  test('is what sorting all events at the end would give, whenever it is made', () => {
    fc.assert(fc.property(machine, moments, fc.option(fc.integer()), (made, merges, seed) => {
      const rankOf = seed === null ? fixedRank : shuffledRank(seed);
      const sorted = made.flat().sort((a, b) => (comesBefore(a, a.cpu, b, b.cpu, rankOf) ? -1 : 1));
      const streams = Array.from({ length: CPUS }, () => new TraceStream());
      const got: string[] = [];
      const merge = new TraceMerge(streams, rankOf, [{
        onEvent(id, cpu, _t, fields, at) {
          got.push(id === Event.event ? `event ${cpu} ${fields[at + 3]}` : `row ${cpu} ${fields[at]}`);
        },
      }]);
      sorted.forEach((one, i) => {
        if (merges[i]) merge.mergeBefore(one.time);
        append(streams[one.cpu]!, one);
      });
      merge.mergeBefore(KTIME_MAX);
      expect(got).toEqual(sorted.flatMap(rowsOf));
      expect(merge.records).toBe(got.length);
      expect(streams.map(({ length }) => length)).toEqual(Array(CPUS).fill(0));
    }));
  });

  test('keeps back whatever begins at the frontier: somebody may still begin there', () => {
    const stream = new TraceStream();
    const merge = new TraceMerge([stream], fixedRank, [{ onEvent: () => undefined }]);
    append(stream, { time: 5, class: 0, origin: 0, n: 0, cpu: 0, rows: 1 });
    merge.mergeBefore(5);
    expect(merge.records).toBe(0);
    merge.mergeBefore(6);
    expect(merge.records).toBe(2);
  });
});
