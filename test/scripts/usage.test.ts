import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jsonFilesOf } from '../../scripts/usage.ts';

test('a script takes a file as it is, and of a folder what ends in .json, however deep; it says what is not there', () => {
  const home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  try {
    mkdirSync(join(home, 'deep'));
    for (const name of ['b.json', 'a.txt', 'deep/c.json']) writeFileSync(join(home, name), '');
    expect(jsonFilesOf(home)).toEqual([join(home, 'b.json'), join(home, 'deep/c.json')]);
    expect(jsonFilesOf(join(home, 'a.txt'))).toEqual([join(home, 'a.txt')]);
    const missing = join(home, 'none');
    expect(() => jsonFilesOf(missing)).toThrow(`${missing}: found nothing there, expected a folder or a file`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
