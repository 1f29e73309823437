import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INCOMPLETE, RunFolder } from '../../src/host/run-folder.ts';
import { BadInput } from '../../src/workload/bad-input.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const numbered = (scenario = 'first-light') =>
  RunFolder.create({ out: null, runsDir: join(home, 'runs'), scenario, seed: 7 });
const named = (out: string) => RunFolder.create({ out, runsDir: join(home, 'runs'), scenario: 'x', seed: 1 });

describe('a run’s folder without --out', () => {
  it('is numbered and never the one of another run', () => {
    const paths = [numbered(), numbered(), numbered('other')].map((folder) => folder.path);
    expect(paths).toEqual(['first-light-7-1', 'first-light-7-2', 'other-7-1'].map((name) => join(home, 'runs', name)));
  });

  it('takes the number after the highest, so that names tell the order of runs', () => {
    mkdirSync(join(home, 'runs', 'first-light-7-9'), { recursive: true });
    expect(numbered().path).toBe(join(home, 'runs', 'first-light-7-10'));
  });

  it('has no name that a file system minds', () => {
    expect(numbered('../a b/c').path).toBe(join(home, 'runs', 'a-b-c-7-1'));
  });

  it('leaves nothing but itself in the folder of runs', () => {
    numbered();
    expect(readdirSync(join(home, 'runs'))).toEqual(['first-light-7-1']);
  });
});

describe('the life of a run’s folder', () => {
  it('says that it is incomplete from its first moment', () => {
    expect(readFileSync(numbered().file(INCOMPLETE), 'utf8')).toMatch(/incomplete/);
  });

  it('says so until run.json is in its place', () => {
    const folder = numbered();
    folder.write('proc/1000/stat', 'x\n');
    expect(existsSync(folder.file(INCOMPLETE))).toBe(true);
    folder.complete('{}\n');
    expect(readdirSync(folder.path).sort()).toEqual(['proc', 'run.json']);
    expect(readFileSync(folder.file('proc/1000/stat'), 'utf8')).toBe('x\n');
  });

  it('is readable and says why when the run was interrupted', () => {
    const folder = numbered();
    folder.leaveIncomplete('{"complete":false}\n', 'Interrupted at 1 s.');
    expect(readFileSync(folder.file(INCOMPLETE), 'utf8')).toBe('This run is incomplete. Interrupted at 1 s.\n');
    expect(JSON.parse(readFileSync(folder.file('run.json'), 'utf8'))).toEqual({ complete: false });
  });

  it('goes away with all the folders that were made for it', () => {
    const folder = named(join(home, 'a/b/c'));
    folder.write('proc/stat', 'x\n');
    folder.discard();
    expect(readdirSync(home)).toEqual([]);
    const default_ = numbered();
    default_.discard();
    expect(readdirSync(home)).toEqual([]);
  });

  it('does not take other runs with it', () => {
    const first = numbered();
    numbered('second').discard();
    first.discard();
    expect(readdirSync(join(home))).toEqual([]);
    numbered();
    numbered('second').discard();
    expect(readdirSync(join(home, 'runs'))).toEqual(['first-light-7-1']);
  });
});

describe('--out', () => {
  it('names the folder itself', () => {
    expect(named(join(home, 'here')).path).toBe(join(home, 'here'));
    expect(readdirSync(home)).toEqual(['here']);
  });

  it('may be an empty folder, which stays when the run is taken back', () => {
    mkdirSync(join(home, 'empty'));
    const folder = named(join(home, 'empty'));
    expect(readdirSync(folder.path)).toEqual([INCOMPLETE]);
    folder.discard();
    expect(readdirSync(join(home, 'empty'))).toEqual([]);
  });

  const refusals: readonly (readonly [string, string, RegExp])[] = [
    ['a folder that holds something', 'full', /full: found a folder that is not empty, expected a new or empty folder/],
    ['a file', 'file', /file: found a file, expected a new or empty folder/],
    ['a place under a file', 'file/below', /found a file where a folder is needed/],
    ['a place where nothing can be made', '/proc/dynticks/run', /found .* expected a folder that can be written to/],
  ];
  it('is refused by what it is, if it holds a run that was cut short', () => {
    named(join(home, 'run'));
    expect(() => named(join(home, 'run'))).toThrow(/run: found a run that was cut short, expected a new or empty folder\. Runs are never/);
  });

  it.each(refusals)('is refused, and nothing is written, if it is %s', (_, out, message) => {
    mkdirSync(join(home, 'full'));
    writeFileSync(join(home, 'full', 'something'), '');
    writeFileSync(join(home, 'file'), 'kept');
    const asked = out.startsWith('/') ? out : join(home, out);
    expect(() => named(asked)).toThrow(BadInput);
    expect(() => named(asked)).toThrow(message);
    expect(readdirSync(home).sort()).toEqual(['file', 'full']);
    expect(readFileSync(join(home, 'file'), 'utf8')).toBe('kept');
  });
});
