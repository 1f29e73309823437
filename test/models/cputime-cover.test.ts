/** The table of docs/CHECKING.md that says which model has which reader of CPU time against which writer. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../../src/models/catalogue.ts';
import { READ_VIEW_NAMES } from '../../src/workload/read-views.ts';

const OF_CPU_TIME = /^(?:cputime|kcpustat|group|steal|idle-sleep)(?:-|$)/;
const [, section = ''] = readFileSync('docs/CHECKING.md', 'utf8').split('### CPU time, reader by writer\n');
const lines = section.split('\n## ')[0]!.split('\n');
const rows = lines.filter((line) => line.startsWith('| `')).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
const namesIn = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
const models = new Set(rows.flatMap(([, , ...cells]) => cells.flatMap(namesIn)));

test('each view of CPU time has a row', () => {
  const views = new Set(rows.flatMap(([, cell]) => namesIn(cell!)));
  expect([...views].sort()).toEqual([...READ_VIEW_NAMES].sort());
});

test('each reader has models against each writer, or a reason that stands below', () => {
  const reasons = lines.flatMap((line) => /^(\d)\. /.exec(line)?.[1] ?? []);
  for (const [reader, , ...cells] of rows) {
    expect(cells, reader).toHaveLength(6);
    for (const cell of cells) expect(namesIn(cell).length > 0 || reasons.includes(cell), `${reader}: "${cell}"`).toBe(true);
  }
});

test('each model that it names is in the catalogue, and each of CPU time in it', () => {
  const ids = CATALOGUE.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining([...models]));
  expect(ids.filter((id) => OF_CPU_TIME.test(id) && !models.has(id))).toEqual([]);
});
