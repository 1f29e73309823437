/** What `dist/` was compiled from, as `npm run build` notes it. Read in every thread, so it imports next to nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KernelBug } from '../../../shared/assert.ts';
import { packageRoot } from '../package-root.ts';

/** Beside the compiled rooms, so that a packed package has it. */
export const STAMP = 'dist/build-id';
/** Where the bundles of threads lie, in a folder named by their build. */
export const THREADS = 'dist/threads';

export function readStamp(): string {
  const path = join(packageRoot(), STAMP);
  if (!existsSync(path)) throw new KernelBug(`${STAMP} is missing: npm run build`);
  return readFileSync(path, 'utf8').trim();
}

/**
 * For a thread, which always runs `dist/`: `started` is the build of whoever started it.
 * @throws KernelBug if the two would not agree on what they share
 */
export function checkBuild(started: string): void {
  const ours = readStamp();
  if (ours !== started) throw new KernelBug(`dist/ is not what the sources say: npm run build (${ours}, not ${started})`);
}
