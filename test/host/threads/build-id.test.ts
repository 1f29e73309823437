import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelBug } from '../../../shared/assert.ts';
import { buildId, hashOfSources } from '../../../src/host/threads/build-id.ts';
import { checkBuild, readStamp } from '../../../src/host/threads/build-stamp.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

let tree = '';
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
};
/** As if written that many seconds ago. */
const age = (path: string, seconds: number): void => {
  const then = Date.now() / 1_000 - seconds;
  utimesSync(join(tree, path), then, then);
};
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  write('shared/units.ts', 'a');
  write('src/kernel/time.ts', 'b');
  write('workers/cpu.ts', 'c');
});
afterEach(() => rmSync(tree, { recursive: true }));

describe('the hash of the sources', () => {
  const changes: readonly (readonly [string, () => void])[] = [
    ['a text', () => write('workers/cpu.ts', 'd')],
    ['a new file', () => write('src/kernel/more.ts', '')],
    ['a name', () => { rmSync(join(tree, 'shared/units.ts')); write('shared/unit.ts', 'a'); }],
    ['where one file ends', () => { write('shared/units.ts', 'asrc/kernel/time.tsb'); rmSync(join(tree, 'src/kernel/time.ts')); }],
  ];
  it.each(changes)('tells by %s that threads run something else', (_, change) => {
    const before = hashOfSources(tree);
    change();
    expect(hashOfSources(tree)).not.toBe(before);
  });

  it('knows only what threads run', () => {
    const before = hashOfSources(tree);
    write('test/shared/units.test.ts', 'x');
    write('src/README.md', 'x');
    write('dist/src/kernel/time.js', 'x');
    expect(hashOfSources(tree)).toBe(before);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('a build', () => {
  const stamp = () => run(process.execPath, [join(ROOT, 'dist/scripts/stamp-build.js')], { cwd: tree });
  const build = (): void => ['shared', 'src', 'src/kernel', 'workers'].forEach((room) => write(`dist/${room}/tsconfig.tsbuildinfo`, ''));

  it('is stamped with the sources that it was made from', async () => {
    build();
    await stamp();
    expect(readFileSync(join(tree, 'dist/build-id'), 'utf8')).toBe(`${hashOfSources(tree)}\n`);
  });

  it('is not stamped where a source was changed after it was compiled: neither stamp would be true', async () => {
    build();
    await stamp();
    age('dist/src/kernel/tsconfig.tsbuildinfo', 5);
    age('src/kernel/time.ts', 4);
    await expect(stamp()).rejects.toThrow('changed while it was being compiled: src/kernel/time.ts. Build again.');
    expect(existsSync(join(tree, 'dist/build-id'))).toBe(false);
  });

  it('of this tree is what its sources say; if this fails: npm run build', () => {
    expect(() => checkBuild(buildId())).not.toThrow();
  });

  it('is told by a process that runs it from the stamp, without any sources', async () => {
    const module = pathToFileURL(join(ROOT, 'dist/src/host/threads/build-id.js')).href;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', `
      const { buildId } = await import('${module}');
      console.log(buildId());`]);
    expect(stdout.trim()).toBe(readStamp());
  });

  it('refuses a thread of another one', () => {
    expect(() => checkBuild('another')).toThrow(KernelBug);
    expect(() => checkBuild('another')).toThrow('dist/ is not what the sources say: npm run build');
  });
});
