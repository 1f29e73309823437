/**
 * What the documents name exists: files by path, functions and types by name, flags, npm scripts.
 * Names stand in backticks; a word in camelCase or PascalCase, or one that ends in `()`, is taken for
 * a name of the code, and so is the last part of `Object.name`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const CODE = ['shared', 'src', 'workers', 'scripts', 'test'];
const SKIPPED = /(?:^|\/)(?:node_modules|dist|runs|\.git|\.build|fixtures|recordings)(?:\/|$)/;

const filesUnder = (folder: string): string[] => {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.map((name) => join(folder, name)).filter((path) => !SKIPPED.test(path));
};

const files = filesUnder('.');
const baseNames = new Set(files.map((path) => basename(path)));
const documents = files.filter((path) => path.endsWith('.md'));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const code = CODE.flatMap(filesUnder).filter((path) => path.endsWith('.ts') && !/^test\/(?:docs\/|tidy)/.test(path)).map(textOf).join('\n');
const words = new Set(code.match(/[A-Za-z_]\w*/g));

/** What stands in backticks, code blocks left out. */
const spansOf = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);

/** Whether the path exists from the root, or from the document's folder, or as a file name somewhere. */
function isThere(path: string, document: string): boolean {
  if (existsSync(join(root, path)) || existsSync(join(root, dirname(document), path))) return true;
  return !path.includes('/') && baseNames.has(path);
}

const PATH = /^[\w@-][\w.@-]*(?:\/[\w.@-]+)*\/?$/;
const PATH_OF_OURS = /\.(?:ts|md|json|wat|txt)$|^(?:shared|src|workers|test|scripts|scenarios|docs)\//;
const isPath = (span: string): boolean => PATH.test(span) && PATH_OF_OURS.test(span);

/** Parts of a run's folder, and what the reader is asked to write: no clone has them. */
const NOT_IN_A_CLONE = new Set(['run.json', 'run.json.tmp', 'my-workload.json']);
/** A decision speaks of the day on which it was taken: its names may have gone since. */
const isDecision = (document: string): boolean => document.startsWith(join('docs', 'adr'));

/** `irqEnter`, `irqEnter()`, `SimCpu.run`, `Event.tick`: the names in it that the code must have. */
function namesIn(span: string): string[] {
  const name = /^((?:[A-Za-z]\w*\.)*)([A-Za-z]\w*)(\(\))?$/.exec(span);
  if (name === null) return [];
  const parts = [...name[1]!.split('.').filter(Boolean), name[2]!];
  const isCode = name[3] !== undefined || parts.length > 1 || /^[a-z]+[A-Z]|^[A-Z][a-z]+[A-Z]/.test(span);
  return isCode ? parts : [];
}

const complaints = (check: (document: string, spans: readonly string[], text: string) => string[]): string[] =>
  documents.flatMap((document) => {
    const text = textOf(document);
    return check(document, spansOf(text), text).map((what) => `${document}: ${what}`);
  });

describe('the documents', () => {
  it('name only files that exist', () => {
    expect(complaints((document, spans) => spans.filter((span) =>
      isPath(span) && !NOT_IN_A_CLONE.has(span) && !isThere(span, document)))).toEqual([]);
  });

  it('are where documents and sources look for them', () => {
    const named = (text: string) => [...text.matchAll(/\bdocs\/[\w./-]+\.md\b/g)].map((match) => match[0]);
    const missing = [...named(documents.map(textOf).join('\n')), ...named(code)].filter((path) => !existsSync(join(root, path)));
    expect([...new Set(missing)]).toEqual([]);
  });

  it('link only to files that exist', () => {
    expect(complaints((document, _, text) => [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map((match) => match[1]!).filter((path) => !existsSync(join(root, dirname(document), path))))).toEqual([]);
  });

  it('name only functions, types and fields that the code has', () => {
    expect(complaints((document, spans) => (isDecision(document) ? [] : spans.filter((span) =>
      !isPath(span) && namesIn(span).some((name) => !words.has(name)))))).toEqual([]);
  });

  it('call only npm scripts that package.json has', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    expect(complaints((_, __, text) => [...text.matchAll(/\bnpm run ([\w:-]+)/g)]
      .map((match) => match[1]!).filter((name) => !(name in scripts)))).toEqual([]);
  });

  it('list every flag of `run`, and none that does not exist', () => {
    const defined = new Set([...textOf('src/cli/program.ts').matchAll(/\.option\('(--[\w-]+)/g)].map((match) => match[1]!));
    const listed = new Set([...textOf('README.md').matchAll(/^\| `(--[\w-]+)/gm)].map((match) => match[1]!));
    expect([...listed].sort()).toEqual([...defined].sort());
  });
});

describe('the check of the documents', () => {
  it('tells names of the code from other words', () => {
    expect(['irqEnter', 'irqEnter()', 'SimCpu.run', 'schedule()', 'schedule', 'nohz_full=1', '--fault'].map(namesIn)).toEqual(
      [['irqEnter'], ['irqEnter'], ['SimCpu', 'run'], ['schedule'], [], [], []]);
  });

  it('finds what is not there', () => {
    expect(isThere('src/kernel/time/hrtimer.ts', 'README.md')).toBe(true);
    expect(isThere('src/kernel/time/wheel.ts', 'README.md')).toBe(false);
    expect(words.has('hrtimerInterrupt')).toBe(true);
    expect(words.has('hrtimerInterruptTwice')).toBe(false);
  });
});
