/** The table of historic bugs says what there is: each fault with a number of Linux's bugs, its oracles, each mutant that it names. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FAULTS } from '../../src/machine/faults.ts';
import { CATALOGUE } from '../../src/models/catalogue.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'CHECKING.md'), 'utf8');
const rows = [...text.matchAll(/^\| (B-\d+) \| .* \| .* \| (.*) \|$/gm)].map(([, bug, caught]) => ({ bug: bug!, caught: caught! }));
const named = rows.flatMap(({ caught }) => [...caught.matchAll(/(?:^|, )`(B-[\w-]+)`: ([\w-]+(?:, [\w-]+)*)/g)])
  .map(([, id, oracles]) => ({ id: id!, oracles: oracles!.split(', ') }));

describe('the table of historic bugs', () => {
  test('has one row for each number from 1 on', () => {
    expect(rows.map(({ bug }) => Number(bug.slice(2)))).toEqual(Array.from({ length: 66 }, (_, i) => i + 1));
  });

  test('names each fault that is one of them, with its oracles, and no other', () => {
    const planted = FAULTS.filter(({ id }) => id.startsWith('B-')).map(({ id, caughtBy }) => ({ id, oracles: [...caughtBy] }));
    const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
    expect(named.sort(byId)).toEqual(planted.sort(byId));
  });

  test('names mutants that models have', () => {
    const mutants = rows.flatMap(({ caught }) => [...caught.matchAll(/model `([\w-]+)`: `([\w-]+)`/g)]);
    const exist = mutants.map(([, model, mutant]) =>
      CATALOGUE.find(({ id }) => id === model)?.mutants.some(({ id }) => id === mutant) ?? false);
    expect(exist).toEqual(mutants.map(() => true));
    expect(mutants.length).toBeGreaterThan(0);
  });

  test('leaves a bug out only until its mechanism is there', () => {
    const open = rows.filter(({ caught }) => !/`/.test(caught));
    expect(open.filter(({ caught }) => !caught.startsWith('later: '))).toEqual([]);
  });
});
