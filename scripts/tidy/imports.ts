/** Which file imports which, and which room may import from which. */
import type { Source } from './scan.ts';

export interface Import {
  readonly at: number;
  /** As it is written. */
  readonly specifier: string;
  /** Path of the file meant, relative to the repository; undefined for a package. */
  readonly target: string | undefined;
}

/** Static imports, re-exports, and dynamic imports of a literal. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g;

export function importsOf(source: Source): Import[] {
  return [...source.text.matchAll(IMPORT)]
    .filter((match) => source.code[match.index] !== ' ')
    .map((match) => ({ at: match.index, specifier: match[2]!, target: resolve(source.path, match[2]!) }));
}

function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

/** The floors of the house. A file may import from its own room and from lower floors. */
const FLOORS: Readonly<Record<string, number>> = {
  'shared': 0,
  'src/explore': 1,
  'src/kernel': 1,
  'src/machine': 2,
  'src/workload': 2,
  'src/observe': 2,
  'src/engine': 3,
  'src/models': 4,
  'src/check': 4,
  'src/host': 4,
  'src': 5,
  'src/cli': 6,
  'src/web': 6,
  'workers': 6,
};
/** Rooms that may look into fewer rooms than their floor allows. */
const ONLY: Readonly<Record<string, readonly string[]>> = { 'src/check': ['shared'], 'src/explore': ['shared'] };

/** `src/kernel` of `src/kernel/time/tick.ts`; `test`, `scripts` and unknown folders have no floor. */
export function roomOf(path: string): string {
  const [first, second, third] = path.split('/');
  return first === 'src' && third !== undefined ? `src/${second}` : first!;
}

/** Why `from` may not import `target`; undefined if it may. */
export function whyForbidden(from: string, target: string): string | undefined {
  const [here, there] = [roomOf(from), roomOf(target)];
  const floor = FLOORS[here];
  if (here === there || floor === undefined) return undefined;
  if (there === 'workers') return 'workers/ is started, never imported';
  if (FLOORS[there] === undefined) return `${here} imports from ${there}/, which is not shipped`;
  if (ONLY[here] !== undefined && !ONLY[here].includes(there)) return `${here} may import only ${ONLY[here].join(', ')}`;
  if (FLOORS[there] < floor) return undefined;
  return `${here} (floor ${floor}) imports ${there} (floor ${FLOORS[there]})`;
}

/** Files that nothing reaches from the places where the program starts. */
export function deadFiles(sources: readonly Source[]): Source[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const queue = sources.filter((source) => isEntry(source.path));
  for (let source = queue.pop(); source !== undefined; source = queue.pop()) {
    if (reached.has(source.path)) continue;
    reached.add(source.path);
    for (const { target } of importsOf(source)) {
      const next = target === undefined ? undefined : byPath.get(target);
      if (next !== undefined) queue.push(next);
    }
  }
  return sources.filter((source) => !reached.has(source.path));
}

function isEntry(path: string): boolean {
  if (path === 'src/cli/main.ts' || path === 'src/sim.ts' || path === 'vitest.config.ts') return true;
  return path.startsWith('test/') || /^(?:workers|scripts)\/[^/]+\.ts$/.test(path);
}
