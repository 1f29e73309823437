/**
 * Which build a process is, so that a thread of another one refuses to share memory with it. Tests run
 * the sources while threads run `dist/`; a `dist/` left over from before a change would misread memory.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadInput } from '../../workload/bad-input.ts';
import { packageRoot } from '../package-root.ts';
import { readStamp, THREADS } from './build-stamp.ts';

/** What threads run. */
const ROOMS = ['shared', 'src', 'workers'];

let known: string | undefined;

/** Of this process: a hash of the sources as they are, or in an installed package, which has none, the stamp of `dist/`. */
export function buildId(): string {
  known ??= existsSync(join(packageRoot(), 'src/sim.ts')) ? hashOfSources(packageRoot()) : readStamp();
  return known;
}

/** The entries of `workers/`. */
export type ThreadName = 'cpu' | 'coordinator' | 'explorer';

/** What the thread `name` of this build runs. @throws BadInput if `dist/` is of another one */
export function threadFile(name: ThreadName): string {
  const path = join(packageRoot(), THREADS, buildId(), `${name}.js`);
  if (!existsSync(path)) {
    throw new BadInput({ file: 'dist/', path: '', found: 'the threads of another build', expected: 'those of the sources: npm run build' });
  }
  return path;
}

/** Sixteen digits over the paths and texts of all sources below `root`. */
export function hashOfSources(root: string): string {
  const hash = createHash('sha256');
  for (const path of sourcesBelow(root)) hash.update(`${path}\0`).update(readFileSync(join(root, path))).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Paths from `root`, in one order on every host. */
export function sourcesBelow(root: string): readonly string[] {
  return ROOMS.flatMap((room) => filesBelow(root, room)).filter((path) => path.endsWith('.ts')).sort();
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
}
