import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../shared/events.ts';
import { Digest } from '../../src/observe/digest.ts';
import { anyRow, play, row, type Row } from './records.ts';

const digestOf = (rows: readonly Row[]): string => play(new Digest(), rows).hex();

describe('Digest', () => {
  it('is sixteen hexadecimal digits, also of nothing', () => {
    expect(digestOf([])).toMatch(/^[0-9a-f]{16}$/);
  });

  it('depends on the records alone, not on where in memory they lie', () => {
    fc.assert(fc.property(fc.array(anyRow), (rows) => {
      const digest = new Digest();
      for (const r of rows) digest.onEvent(r.id, r.cpu, r.t, Float64Array.from(r.fields), 0);
      expect(digest.hex()).toBe(digestOf(rows));
    }));
  });

  it('changes when any one number of any record changes', () => {
    const someRows = fc.array(anyRow, { minLength: 1, maxLength: 5 });
    fc.assert(fc.property(someRows, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 1000 }), (rows, which, part, by) => {
      const victim = rows[which % rows.length]!;
      const fields = [...victim.fields];
      const changed = { ...victim, fields };
      const place = part % (fields.length + 2);
      if (place === 0) changed.cpu = victim.cpu + by;
      else if (place === 1) changed.t = victim.t > 2000 ? victim.t - by : victim.t + by;
      else fields[place - 2] = fields[place - 2]! > 0 ? fields[place - 2]! - by : fields[place - 2]! + by;
      expect(digestOf(rows.map((r) => (r === victim ? changed : r)))).not.toBe(digestOf(rows));
    }));
  });

  it('tells the order of two records and the end of a stream', () => {
    const a = row('tick', 0, 4_000_000, { jiffies: 1 });
    const b = row('tick', 1, 4_000_000, { jiffies: 1 });
    expect(digestOf([a, b])).not.toBe(digestOf([b, a]));
    expect(digestOf([a])).not.toBe(digestOf([a, a]));
  });

  it('finds no two equal digests among twenty thousand neighbouring records', () => {
    const seen = new Set<string>();
    for (let t = 0; t < 200; t++) {
      for (let jiffies = 0; jiffies < 100; jiffies++) seen.add(digestOf([row('tick', 0, t, { jiffies })]));
    }
    expect(seen.size).toBe(20_000);
  });

  it('may be asked in the middle and goes on as if it had not been', () => {
    const rows = [row('tick', 0, 1), row('tick', 0, 2)];
    const asked = play(new Digest(), rows.slice(0, 1));
    asked.hex();
    expect(play(asked, rows.slice(1)).hex()).toBe(digestOf(rows));
  });

  it('takes 0 and -0 for the same number', () => {
    expect(digestOf([row('tick', 0, 1, { jiffies: -0 })])).toBe(digestOf([row('tick', 0, 1, { jiffies: 0 })]));
  });

  it('is interested in every event', () => {
    expect(new Digest().interests).toEqual(EVENTS.map((e) => e.id));
  });
});
