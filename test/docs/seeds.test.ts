/** Every row of docs/SEEDS.md says where its seed grew: in which files, and which test would notice if it withered. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'SEEDS.md'), 'utf8');

interface Seed {
  readonly item: string;
  readonly where: string;
  readonly test: string;
}

const seeds: Seed[] = text.split('\n').filter((line) => /^\| (?!Seed item|---)/.test(line)).map((line) => {
  const cells = line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim());
  expect(cells.length, line).toBe(3);
  return { item: cells[0]!, where: cells[1]!, test: cells[2]! };
});

/** A row whose time has not come, or that speaks of nothing that runs. */
const isLater = ({ where }: Seed): boolean => /^later(:|$)/.test(where);
const isStory = ({ where }: Seed): boolean => where.startsWith('history:');
const grown = seeds.filter((seed) => !isLater(seed) && !isStory(seed));

const paths = (cell: string): string[] => [...cell.matchAll(/`([\w.@/-]+\.(?:ts|md|json))`/g)].map((match) => match[1]!);
/** `path` and the names of tests in it, each in quotation marks. */
const tests = (cell: string): [path: string, names: string[]][] =>
  [...cell.matchAll(/`(test\/[\w./-]+\.test\.ts)`((?:[:,]? “[^”]+”)*)/g)].map((match) =>
    [match[1]!, [...match[2]!.matchAll(/“([^”]+)”/g)].map((name) => name[1]!)]);

describe('docs/SEEDS.md', () => {
  it('has a row for every item, and no empty cell', () => {
    expect(seeds.length).toBeGreaterThanOrEqual(60);
    for (const { item, where, test } of seeds) expect([item, where, test].every((cell) => cell.length > 0), item).toBe(true);
    expect(new Set(seeds.map(({ item }) => item)).size).toBe(seeds.length);
  });

  it('says “later” in both cells, or in neither', () => {
    for (const seed of seeds) expect(/^later$/.test(seed.test), seed.item).toBe(isLater(seed));
    for (const seed of seeds.filter(isStory)) expect(seed.test, seed.item).toBe('nothing to run');
  });

  it('names files that exist', () => {
    for (const { item, where } of grown) {
      expect(paths(where).length, `${item}: a file`).toBeGreaterThan(0);
      for (const path of paths(where)) expect(existsSync(join(root, path)), `${item}: ${path}`).toBe(true);
    }
  });

  it('names tests that exist, by the words of their names', () => {
    for (const { item, test } of grown) {
      expect(tests(test).length, `${item}: a test`).toBeGreaterThan(0);
      for (const [path, names] of tests(test)) {
        expect(names.length, `${item}: ${path} without the name of a test`).toBeGreaterThan(0);
        const source = readFileSync(join(root, path), 'utf8');
        for (const name of names) expect(source.includes(name), `${item}: no “${name}” in ${path}`).toBe(true);
      }
    }
  });
});
