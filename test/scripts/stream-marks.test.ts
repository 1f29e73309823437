import { describe, expect, it } from 'vitest';
import { firstDifference } from '../../scripts/lockstep/compare.ts';
import { BlockReader, StreamComparer, StreamMarks } from '../../scripts/lockstep/stream-marks.ts';
import { EventStream, runFacts } from '../support/event-stream.ts';

const facts = runFacts(2, 'tick', []);

/** Ticks of two CPUs; those that `changed` picks have another vector. */
function ticks(count: number, changed: (cpu: number, n: number) => boolean = () => false): EventStream {
  const stream = new EventStream();
  for (let n = 0; n < count; n++) {
    for (const cpu of [0, 1]) stream.add('local_timer_entry', cpu, 1_000 * n, { vector: changed(cpu, n) ? 7 : 236 });
  }
  return stream;
}

/** What a comparison of two runs says. */
function compare(measure: EventStream, other: EventStream): string[] {
  const comparer = other.feed(new StreamComparer(facts, measure.feed(new StreamMarks(facts)).finish()));
  comparer.finish();
  const reader = measure.feed(new BlockReader(facts, comparer.partings));
  return comparer.partings.map(({ cpu, lines }, i) => firstDifference(`stream ${cpu}`, reader.lines[i]!, lines));
}

/** As a record of a tick reads. */
const tick = (cpu: number, n: number, vector = 236): string => `    ${(n / 1e6).toFixed(9)} [00${cpu}] local_timer_entry: vector=${vector}`;

describe('two runs', () => {
  it('part nowhere if they are equal, whole blocks or not', () => {
    for (const count of [3, 512, 1_300]) expect(compare(ticks(count), ticks(count))).toEqual([]);
  });

  it('part at the first record of each stream that is another one', () => {
    const found = compare(ticks(2_000), ticks(2_000, (cpu, n) => (cpu === 0 ? n === 1_234 : n >= 600)));
    expect(found.sort()).toEqual([
      `stream 0\n  inline ${tick(0, 1_234)}\n  other  ${tick(0, 1_234, 7)}`,
      `stream 1\n  inline ${tick(1, 600)}\n  other  ${tick(1, 600, 7)}`,
    ]);
  });

  it('part where one of them ends', () => {
    expect(compare(ticks(700), ticks(701))[0]).toBe(`stream 0\n  inline ends\n  other  ${tick(0, 700)}`);
    expect(compare(ticks(513), ticks(512))[1]).toBe(`stream 1\n  inline ${tick(1, 512)}\n  other  ends`);
  });
});
