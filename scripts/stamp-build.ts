/**
 * The last step of `npm run build`: writes to `dist/build-id` which sources `dist/` was compiled from.
 * A source that was saved after the compiler had read it would be stamped without being compiled, so
 * none may be newer than its room's build info, which the compiler touches last.
 */
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hashOfSources, sourcesBelow } from '../src/host/threads/build-id.ts';
import { STAMP } from '../src/host/threads/build-stamp.ts';

const root = process.cwd();
const hash = hashOfSources(root);
const late = sourcesBelow(root).filter((path) => writtenAt(path) > writtenAt(buildInfoOf(path)));

rmSync(join(root, STAMP), { force: true });
if (late.length === 0) {
  writeFileSync(join(root, STAMP), `${hash}\n`);
} else {
  console.error(`changed while it was being compiled: ${late.join(', ')}. Build again.`);
  process.exitCode = 1;
}

function writtenAt(path: string): number {
  return statSync(join(root, path)).mtimeMs;
}

/** Of the room that `source` belongs to: the nearest above it that was built. */
function buildInfoOf(source: string): string {
  let room = dirname(source);
  while (room !== '.' && !existsSync(join(root, infoIn(room)))) room = dirname(room);
  return infoIn(room);
}

function infoIn(room: string): string {
  return `dist/${room}/tsconfig.tsbuildinfo`;
}
