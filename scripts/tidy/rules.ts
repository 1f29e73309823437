/**
 * What the compiler cannot see and the house forbids, as one table. Each rule says why it exists;
 * its test feeds it a file that breaks it and one that does not.
 */
import { functionsOf, type FunctionSpan } from './functions.ts';
import { deadFiles, importsOf, whyForbidden } from './imports.ts';
import { lineAt, lineCount, type Source } from './scan.ts';

export interface Finding {
  readonly path: string;
  /** 1-based */
  readonly line: number;
  readonly message: string;
}

/** An offset and what is wrong there. */
type Hit = readonly [at: number, message: string];

interface RuleBase {
  readonly name: string;
  readonly why: string;
}
/** Looks at one file at a time. */
export interface FileRule extends RuleBase {
  readonly applies: (path: string) => boolean;
  readonly hits: (source: Source) => Hit[];
}
/** Looks at all code files at once. */
export interface TreeRule extends RuleBase {
  readonly findings: (sources: readonly Source[]) => Finding[];
}
export type Rule = FileRule | TreeRule;

const FUNCTION_LINES = 60;
const FILE_LINES = 400;
const WORKER_LINES = 60;
const COLUMNS = 140;
/** Shorter files explain themselves. */
const HEADER_FROM_LINES = 40;

/** What exists on one machine only: somebody's home, a package mirror. */
const OUTSIDE = new RegExp([
  String.raw`(?<![\w.])/(?:home|root|Users)/\w+`,
  String.raw`\b(?:registry|mirror|proxy)\.[\w-]+\.\w+`,
].join('|'), 'g');
const EXPORTED_FUNCTION = new RegExp([
  String.raw`\bexport\s+(?:async\s+)?function\s*\*?\s*(\w+)`,
  String.raw`\bexport\s+const\s+(\w+)\s*(?::[^=;]*)?=\s*(?:async\s*)?(?:\([^;{]*?\)|\w+)\s*(?::[^=;{]*)?=>`,
].join('|'), 'g');

const isCode = (path: string) => path.endsWith('.ts');
const isShipped = (path: string) => isCode(path) && /^(?:shared|src|workers)\//.test(path);
const isBelowEngine = (path: string) => isCode(path) && /^(?:shared|src\/(?:explore|kernel|machine|workload|observe|check))\//.test(path);
const mayNameAtomics = (path: string) => /^(?:shared\/memory|src\/engine)\//.test(path);
/** The rules' own files spell out what they forbid. */
const isNotTidy = (path: string) => !/^(?:scripts\/tidy\/|test\/tidy\.test\.ts$)/.test(path);

export const RULES: readonly Rule[] = [
  {
    name: 'no-host-time',
    why: 'a run is a function of its scenario and seed',
    applies: isBelowEngine,
    hits: matching(/\b(?:Date\s*\.\s*now|Math\s*\.\s*random|performance\s*\.\s*now)\b|\bnew\s+Date\b/g, (found) =>
      `${found} below the engine: time and draws come from the simulation`),
  },
  {
    name: 'atomics-behind-the-door',
    why: 'only behind Memory can the explorer see an access',
    applies: (path) => isShipped(path) && !mayNameAtomics(path),
    hits: matching(/\bAtomics\b/g, () => 'Atomics outside shared/memory/ and src/engine/: go through Memory'),
  },
  {
    name: 'short-functions',
    why: 'one parent decides, leaves compute',
    applies: isCode,
    hits: (source) => functionsOf(source)
      .filter((span) => span.lines > FUNCTION_LINES && !isSuite(source, span))
      .map((span) => [span.at, `${span.name} has ${span.lines} lines, at most ${FUNCTION_LINES}`]),
  },
  {
    name: 'short-files',
    why: 'one mechanism a file',
    applies: isCode,
    hits: longerThan(FILE_LINES, 'split it by mechanism'),
  },
  {
    name: 'thin-workers',
    why: 'a thread entry maps memory, builds the objects and runs; logic is tested elsewhere',
    applies: (path) => isCode(path) && path.startsWith('workers/'),
    hits: longerThan(WORKER_LINES, 'a thread entry holds no logic'),
  },
  {
    name: 'no-default-exports',
    why: 'a name is the same wherever it is used',
    applies: (path) => isCode(path) && path !== 'vitest.config.ts',
    hits: matching(/\bexport\s+default\b|\bas\s+default\b/g, () => 'a default export: export it by its name'),
  },
  {
    name: 'no-barrels',
    why: 'an import names the file that it needs',
    applies: isCode,
    hits: (source) => (isBarrel(source) ? [[0, 'only re-exports: import from the files themselves']] : []),
  },
  {
    name: 'kebab-case-files',
    why: 'one way to write a file name',
    applies: isCode,
    hits: ({ path }) => (/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config|d))?\.ts$/.test(path.split('/').pop()!)
      ? [] : [[0, 'file names are kebab-case']]),
  },
  {
    name: 'linux-tags',
    why: 'a kernel function says where Linux has it, or why only we do',
    applies: (path) => isCode(path) && path.startsWith('src/kernel/'),
    hits: (source) => exportedFunctions(source)
      .filter(({ comment }) => !/@linux \S+ \S+|@dynticks \S+ \S+/.test(comment))
      .map(({ at, name }) => [at, `${name} has no "@linux file function" (or "@dynticks reason why Linux has none")`]),
  },
  {
    name: 'floors',
    why: 'the dependencies of the house go downwards',
    applies: isShipped,
    hits: (source) => importsOf(source).flatMap(({ at, target }): Hit[] => {
      const why = target === undefined ? undefined : whyForbidden(source.path, target);
      return why === undefined ? [] : [[at, why]];
    }),
  },
  {
    name: 'no-leftovers',
    why: 'what is not done is an issue or a skipped test with a sentence',
    applies: isNotTidy,
    hits: rawMatching(/\b(?:TODO|FIXME|XXX)\b/g, (found) => `${found}: do it, or write a skipped test that says what is missing`),
  },
  {
    name: 'header',
    why: 'a reader learns first what the file is for',
    applies: isCode,
    hits: (source) => (lineCount(source.raw) > HEADER_FROM_LINES && isShippedOrScript(source.path) && !hasHeader(source)
      ? [[0, `over ${HEADER_FROM_LINES} lines without a comment at its head`]] : []),
  },
  {
    name: 'columns',
    why: 'two files fit side by side',
    applies: isCode,
    hits: rawMatching(new RegExp(`^.{${COLUMNS + 1},}$`, 'gm'), (found) => `${found.length} columns, at most ${COLUMNS}`),
  },
  {
    name: 'self-contained',
    why: 'a clone stands alone: no path, host or document of the place where it was written',
    applies: (path) => isNotTidy(path) && path !== 'package-lock.json',
    hits: rawMatching(OUTSIDE, (found) => `"${found}" means nothing in a clone`),
  },
  {
    name: 'neighbours-through-support',
    why: 'a test that needs files beside the clone skips with a sentence; one place knows how to look for them',
    applies: (path) => isNotTidy(path) && !path.startsWith('test/support/'),
    hits: rawMatching(/\.\.\/shared\/(?:rt-app|linux|prototypes|seeds)\b/g, (found) => `"${found}" is not part of a clone`),
  },
  {
    name: 'address-free-lockfile',
    why: 'npm ci asks whichever registry it is set to, so the lockfile names none',
    applies: (path) => path === 'package-lock.json',
    hits: rawMatching(/"resolved": "[^"]*"/g, (found) => `${found} is an address`),
  },
  {
    name: 'no-dead-files',
    why: 'code that nothing reaches is not maintained',
    findings: (sources) => deadFiles(sources).map(({ path }) => ({ path, line: 1, message: 'no entry point reaches this file' })),
  },
];

/** All findings, by path and line. `files` may hold texts that are not code too. */
export function judge(files: readonly Source[]): Finding[] {
  const code = files.filter(({ path }) => isCode(path));
  const findings = RULES.flatMap((rule) => ('findings' in rule ? rule.findings(code) : files.flatMap((file) => apply(rule, file))));
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

function apply(rule: FileRule, source: Source): Finding[] {
  if (!rule.applies(source.path)) return [];
  return rule.hits(source).map(([at, message]) => ({
    path: source.path, line: lineAt(source.raw, at), message: `${message} (${rule.name})`,
  }));
}

function matching(pattern: RegExp, message: (found: string) => string): FileRule['hits'] {
  return ({ code }) => [...code.matchAll(pattern)].map((match) => [match.index, message(match[0])]);
}

function rawMatching(pattern: RegExp, message: (found: string) => string): FileRule['hits'] {
  return ({ raw }) => [...raw.matchAll(pattern)].map((match) => [match.index, message(match[0])]);
}

function longerThan(limit: number, advice: string): FileRule['hits'] {
  return ({ raw }) => (lineCount(raw) > limit ? [[0, `${lineCount(raw)} lines, at most ${limit}: ${advice}`]] : []);
}

/** A `describe` is a chapter of tests, not a function that somebody has to hold in mind. */
function isSuite(source: Source, span: FunctionSpan): boolean {
  return source.path.startsWith('test/') && /^(?:describe\w*|each|skip|runIf|skipIf)$/.test(span.name);
}

function isBarrel({ code }: Source): boolean {
  const reExport = /\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})(?:\s+from\s*['"]\s*['"])?\s*;?/g;
  const imports = /\bimport\b[^;'"]*['"]\s*['"]\s*;?/g;
  return reExport.test(code) && code.replace(reExport, '').replace(imports, '').trim() === '';
}

function isShippedOrScript(path: string): boolean {
  return isShipped(path) || path.startsWith('scripts/');
}

/** A comment first thing in the file, or right before its first declaration. */
function hasHeader({ raw, text, comments }: Source): boolean {
  const first = comments[0];
  if (first === undefined) return false;
  const before = text.slice(raw.startsWith('#!') ? raw.indexOf('\n') : 0, first.at);
  return before.replace(/\b(?:import|export)\b[^;]*\bfrom\s*['"][^'"]*['"];?|\bimport\s*['"][^'"]*['"];?/g, '').trim() === '';
}

function exportedFunctions({ code, comments }: Source): { at: number; name: string; comment: string }[] {
  return [...code.matchAll(EXPORTED_FUNCTION)].map((match) => ({
    at: match.index,
    name: match[1] ?? match[2]!,
    comment: commentBefore(code, comments, match.index),
  }));
}

/** The text of the comments between the end of the code before `at` and `at`. */
function commentBefore(code: string, comments: Source['comments'], at: number): string {
  const from = code.slice(0, at).trimEnd().length;
  return comments.filter((comment) => comment.at >= from && comment.end <= at).map(({ text }) => text).join('\n');
}
