import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = join(import.meta.dirname, '..', '..', 'dist', 'src', 'host', 'v8-tuning.js');
const tuned = (version: string): string => {
  const script = `const { tuneV8 } = await import(${JSON.stringify(source)}); tuneV8(${version});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stderr;
};

it('says nothing on the V8 that runs here', () => {
  expect(tuned('')).toBe('');
});

it('leaves a V8 alone that nobody has tried it on', () => {
  expect(tuned('"99.1"')).toBe('');
});
