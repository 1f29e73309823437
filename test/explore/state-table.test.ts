import { expect, test } from 'vitest';
import { Contents } from '../../src/explore/contents.ts';
import { StateTable } from '../../src/explore/state-table.ts';

test('a row is known once it was met with no less, whatever else was met meanwhile', () => {
  const table = new StateTable(3);
  const rows = Array.from({ length: 5_000 }, (_, i) => Int32Array.of(i % 7, i, -i));
  expect(rows.map((row) => table.meet(row, 1)).some(Boolean)).toBe(false);
  expect(table.size).toBe(5_000);
  expect(rows.every((row) => table.meet(row, 1) && table.meet(row, 0))).toBe(true);
  expect(table.meet(rows[7]!, 2)).toBe(false);
  expect(table.meet(rows[7]!, 2)).toBe(true);
  table.clear();
  expect(table.meet(rows[7]!, 0)).toBe(false);
  expect(table.size).toBe(1);
});

test('the same contents have the same number, whichever stores have led there', () => {
  const contents = new Contents();
  const x = contents.after(0, 8, 1, 0);
  const y = contents.after(0, 16, 1, 0);
  expect(contents.after(x, 16, 1, 0)).toBe(contents.after(y, 8, 1, 0));
  expect(contents.after(x, 8, 0, 0)).toBe(0);
  expect(new Set([0, x, y, contents.after(x, 8, 2, 0)]).size).toBe(4);
});
