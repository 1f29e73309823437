/** The house rules hold in this tree, and each of them can be broken. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTree } from '../scripts/tidy/files.ts';
import { functionsOf } from '../scripts/tidy/functions.ts';
import { importsOf } from '../scripts/tidy/imports.ts';
import { judge, RULES } from '../scripts/tidy/rules.ts';
import { scan } from '../scripts/tidy/scan.ts';

const root = resolve(import.meta.dirname, '..');

const linesOf = (count: number) => 'x();\n'.repeat(count);
const functionOf = (lines: number) => `function long() {\n${linesOf(lines - 2)}}\n`;

/** Rule, path and text that it refuses, and a near miss that it lets pass. */
const SAMPLES: readonly (readonly [rule: string, path: string, bad: string, good: string])[] = [
  ['no-host-time', 'src/kernel/a.ts', 'const t = Date.now();', "const t = 'Date.now()'; // Date.now()"],
  ['no-host-time', 'src/explore/a.ts', 'x = Math.random()', 'x = new Draws(1, 2).fraction()'],
  ['no-host-time', 'shared/a.ts', 'x = Math.random()', 'x = Math.floor(1)'],
  ['no-host-time', 'src/machine/a.ts', 'x = new Date(0)', 'x = new Dateline()'],
  ['no-host-time', 'src/workload/a.ts', 'x = performance.now()', 'x = performance.then()'],
  ['no-host-time', 'src/kernel/b.ts', 'x = `${Date.now()}`', 'x = `Date.now()`'],
  ['atomics-behind-the-door', 'src/kernel/a.ts',
    'Atomics.load(a, 0)',
    '/** as Atomics do */ const m = new AtomicsMemory(a)'],
  ['atomics-behind-the-door', 'workers/a.ts', 'const { load } = Atomics', "const says = 'Atomics'"],
  ['short-functions', 'src/a.ts', functionOf(61), functionOf(60)],
  ['short-functions', 'src/b.ts',
    `const long = (a: () => void): Map<string, {}> => {\n${linesOf(60)}};`,
    `const o = {\n${linesOf(60)}};`],
  ['short-functions', 'src/c.ts',
    `class A {\n  long(a = f(1)): { b: number } {\n${linesOf(60)}  }\n}`,
    `class A extends B<C> {\n${linesOf(60)}}`],
  ['short-functions', 'test/d.test.ts',
    `it('is', () => {\n${linesOf(60)}});`,
    `describe('is', () => {\n${linesOf(60)}});`],
  ['short-files', 'test/a.test.ts', linesOf(401), linesOf(400)],
  ['thin-workers', 'workers/a.ts', `/** cpu */\n${linesOf(60)}`, `/** cpu */\n${linesOf(59)}`],
  ['no-default-exports', 'scripts/a.ts', 'export default 1', 'export const x = 1 // export default'],
  ['no-default-exports', 'scripts/b.ts', 'export { a as default }', 'switch (x) { default: f() }'],
  ['no-barrels', 'src/host/a.ts',
    "/** all */\nexport * from './b.ts';\nexport { c } from './c.ts';",
    "export * from './b.ts';\nexport const d = 1;"],
  ['no-barrels', 'src/host/b.ts', "import { a } from './a.ts';\nexport { a };", "import { a } from './a.ts';\na();"],
  ['kebab-case-files', 'src/host/runFolder.ts', 'x()', ''],
  ['kebab-case-files', 'test/support/Eval_Worker.ts', 'x()', ''],
  ['linux-tags', 'src/kernel/a.ts',
    '/** Adds. */\nexport function add() {}',
    '/** Adds. @linux kernel/a.c add */\nexport function add() {}'],
  ['linux-tags', 'src/kernel/b.ts',
    'export const pick = (a: number) => a',
    '/** @dynticks Linux picks by hand */\nexport const pick = (a: number) => a'],
  ['linux-tags', 'src/kernel/c.ts',
    '/** @linux */\nexport function add() {}',
    'export const config = { f: (a: number) => a };\nfunction own() {}'],
  ['floors', 'src/kernel/a.ts', "import { x } from '../machine/b.ts'", "import { x } from '../../shared/b.ts'"],
  ['floors', 'src/explore/a.ts', "import { x } from '../kernel/b.ts'", "import { x } from '../../shared/memory/b.ts'"],
  ['floors', 'src/machine/a.ts', "import type { X } from '../workload/b.ts'", "import type { X } from './b.ts'"],
  ['floors', 'src/check/oracles/a.ts',
    "import { x } from '../../kernel/b.ts'",
    "import { x } from '../../../shared/b.ts'"],
  ['floors', 'src/engine/a.ts',
    "export { x } from '../sim.ts'",
    "// from '../sim.ts'\nimport { x } from '../machine/x.ts'"],
  ['floors', 'src/sim.ts', "await import('../workers/cpu.ts')", "await import('./engine/inline.ts')"],
  ['floors', 'src/host/a.ts', "import { x } from '../../test/support/x.ts'", "import { x } from 'node:fs'"],
  ['no-leftovers', 'docs/a.md', 'TODO: say more', 'METHODOLOGY'],
  ['header', 'src/a.ts',
    `import { x } from './b.ts';\n${linesOf(40)}`,
    `import { x } from './b.ts';\n/** What it is for. */\n${linesOf(40)}`],
  ['columns', 'src/a.ts', 'x'.repeat(141), 'x'.repeat(140)],
  ['self-contained', 'README.md', 'npm ci --registry https://registry.corp.example', 'npm ci'],
  ['self-contained', '.ci/run', 'cd /home/me/dynticks', 'cd "$(dirname "$0")/.."'],
  ['neighbours-through-support', 'test/a.test.ts',
    "const real = '../shared/rt-app'",
    "import { Vtime } from '../shared/structs/task.ts'"],
  ['address-free-lockfile', 'package-lock.json',
    '"resolved": "https://npm.corp/a.tgz"',
    '"integrity": "sha512-a"'],
  ['no-dead-files', 'src/host/a.ts', 'export const x = 1', ''],
];

const rulesBroken = (path: string, text: string) => judge([scan(path, text)]).map(({ message }) => message);

function breaks(rule: string, path: string, text: string): boolean {
  const messages = rulesBroken(path, text);
  return rule === 'no-dead-files' ? messages.includes('no entry point reaches this file') : messages.some((m) => m.endsWith(`(${rule})`));
}

describe('the house rules', () => {
  it('hold in this tree', () => {
    expect(judge(readTree(root)).map(({ path, line, message }) => `${path}:${line}: ${message}`)).toEqual([]);
  });

  it.each(SAMPLES)('%s refuses the bad text of %s', (rule, path, bad) => {
    expect(breaks(rule, path, bad)).toBe(true);
  });

  it.each(SAMPLES.filter(([, , , good]) => good !== ''))('%s lets the near miss of %s pass', (rule, path, _bad, good) => {
    expect(breaks(rule, path, good)).toBe(false);
  });

  it('each have a sample that breaks them', () => {
    const sampled = new Set(SAMPLES.map(([rule]) => rule));
    expect(RULES.map(({ name }) => name).filter((name) => !sampled.has(name))).toEqual([]);
  });

  it('name the line of what they refuse', () => {
    expect(judge([scan('test/a.ts', '/* one\n two */\nexport default 3;')])[0]).toMatchObject({ path: 'test/a.ts', line: 3 });
  });

  it('call a file dead only if no chain of imports from an entry point reaches it', () => {
    const files = [
      scan('src/cli/main.ts', "import { a } from '../host/a.ts';"),
      scan('src/host/a.ts', "export { b as a } from './b.ts';"),
      scan('src/host/b.ts', 'export const b = 1;'),
      scan('src/host/c.ts', "import { b } from './b.ts';"),
    ];
    const dead = judge(files).filter(({ message }) => message.startsWith('no entry point'));
    expect(dead.map(({ path }) => path)).toEqual(['src/host/c.ts']);
  });
});

describe('the scanner', () => {
  const codeOf = (raw: string) => scan('a.ts', raw).code;

  it('keeps the length and the lines of what it blanks', () => {
    const raw = "a('x\\'y') /* b\nc */ + `d${e + `f${g}`}h` // i\n/[/'\"]/.test(j)";
    expect(codeOf(raw)).toHaveLength(raw.length);
    expect(codeOf(raw).split('\n')).toHaveLength(3);
  });

  it.each([
    ['a string', "a('b')", "a(' ')"],
    ['a template and the code in its holes', '`b${c({ d: `e` })}f` + g', '` ${c({ d: ` ` })} ` + g'],
    ['a regular expression after a bracket', "f(/'/, a)", 'f(/ /, a)'],
    ['a division', "a / b / 'c'", "a / b / ' '"],
    ['a slash inside a class of characters', "x = /[/']/; 'a'", "x = /    /; ' '"],
    ['an apostrophe in a comment', "a // don't\nb", 'a         \nb'],
  ])('knows %s', (_what, raw, code) => {
    expect(codeOf(raw)).toBe(code);
  });

  it('finds functions of every form and nothing else', () => {
    const raw = `function a(x: { y: number }): { z: string }[] { if (x) { y(); } }
class B extends C<D> { e(): void { for (;;) {} } get f() { return {}; } constructor() {} }
const g = async (h: number): Promise<void> => { switch (h) { case 1: {} } };
const i = [1].map((j) => { try {} catch (k) {} finally {} });
interface L { m(): void; }
const n = { o() {}, p: { q: 1 } }; type R = { s: 1 };`;
    expect(functionsOf(scan('a.ts', raw)).map(({ name }) => name).sort())
      .toEqual(['a', 'constructor', 'e', 'f', 'g', 'map', 'o']);
  });

  it('finds imports of every form and none in strings or comments', () => {
    const raw = `import a from 'a'; import './b.ts'; import type { C } from "../c.js"; export * from './d.ts';
const e = await import('./e.ts'); // import './no.ts'
const f = "from './no.ts'";`;
    expect(importsOf(scan('x/y/z.ts', raw)).map(({ target, specifier }) => target ?? specifier))
      .toEqual(['a', 'x/y/b.ts', 'x/c.ts', 'x/y/d.ts', 'x/y/e.ts']);
  });
});
