import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readScenarioFile, shippedScenarios } from '../../src/host/scenario-file.ts';
import { BadInput } from '../../src/workload/bad-input.ts';

let home = '';
let shipped = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  shipped = join(home, 'scenarios');
  mkdirSync(shipped);
  writeFileSync(join(shipped, 'first.json'), '{\n  /* Two tasks\n   * and a reader. More. */\n  "tasks": {}\n}\n');
  writeFileSync(join(shipped, 'second.json'), '{ "tasks": {} }\n');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('a scenario’s text', () => {
  it('is that of the file', () => {
    const path = join(home, 'own.json');
    writeFileSync(path, '{"tasks":{}}');
    expect(readScenarioFile(path, shipped)).toEqual({ argument: path, fileName: path, text: '{"tasks":{}}' });
  });

  it('is that of a shipped scenario, by name', () => {
    const { text, fileName } = readScenarioFile('second', shipped);
    expect([text, fileName]).toEqual(['{ "tasks": {} }\n', 'second.json']);
  });

  it('loses a byte order mark and nothing else', () => {
    const path = join(home, 'bom.json');
    writeFileSync(path, '\uFEFF{}');
    expect(readScenarioFile(path, shipped).text).toBe('{}');
  });

  const refusals: readonly (readonly [string, () => string, RegExp])[] = [
    ['a name that nobody knows', () => 'third', /third: found no such file.* Shipped are: first, second\./],
    ['a path out of the shipped folder', () => '../scenarios/first', /found no such file/],
    ['a folder', () => home, /found a folder, expected an rt-app JSON file/],
    ['bytes that are no text', () => binary(), /found bytes that are not UTF-8/],
  ];
  it.each(refusals)('is refused for %s', (_, argument, message) => {
    const asked = argument();
    expect(() => readScenarioFile(asked, shipped)).toThrow(BadInput);
    expect(() => readScenarioFile(asked, shipped)).toThrow(message);
  });
});

describe('the shipped scenarios', () => {
  it('are listed by name with the first sentence of their comment', () => {
    expect(shippedScenarios(shipped)).toEqual([
      { name: 'first', says: 'Two tasks and a reader.' },
      { name: 'second', says: '' },
    ]);
  });

  it('may be none', () => {
    expect(shippedScenarios(join(home, 'nowhere'))).toEqual([]);
  });
});

function binary(): string {
  const path = join(home, 'binary.json');
  writeFileSync(path, Uint8Array.of(0xff, 0xfe, 0x00));
  return path;
}
