/**
 * Which build a process is, so that a thread of another one refuses to share memory with it. Tests run
 * the sources while threads run `dist/`; a `dist/` left over from before a change would misread memory.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import { readStamp } from './build-stamp.ts';

/** What threads run. */
const ROOMS = ['shared', 'src', 'workers'];

let known: string | undefined;

/** Of this process: the stamp of `dist/` if it runs that, else a hash of the sources as they are. */
export function buildId(): string {
  known ??= import.meta.url.endsWith('.ts') ? hashOfSources(packageRoot()) : readStamp();
  return known;
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
