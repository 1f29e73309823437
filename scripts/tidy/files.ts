/** Which files of the repository the rules look at. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { scan, type Source } from './scan.ts';

/** Made by tools, or not ours. */
const SKIPPED = new Set(['node_modules', 'dist', '.build', '.git', '.vitest', 'runs', 'coverage']);
const TEXT = /\.(?:ts|md|json|mjs|sh|html|css|ya?ml)$|^\.ci\/run$|^(?:LICENSE|\.gitignore)$/;
/** Recorded input of others: not ours to correct. */
const FOREIGN = /^test\/(?:.*\/)?(?:fixtures|golden)\//;

export function readTree(root: string): Source[] {
  return list(root, '').filter((path) => TEXT.test(path) && !FOREIGN.test(path))
    .map((path) => scanText(path, readFileSync(join(root, path), 'utf8')));
}

function list(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? list(root, path) : entry.isFile() ? [path] : [];
  });
}

/** Only code is scanned: an apostrophe in prose opens no string. */
function scanText(path: string, raw: string): Source {
  return path.endsWith('.ts') ? scan(path, raw) : { path, raw, code: raw, text: raw, comments: [] };
}
