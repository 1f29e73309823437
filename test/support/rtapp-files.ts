/**
 * rt-app files to test with. The fixtures and shipped scenarios are ours. Examples that rt-app itself
 * ships are not part of this repository; where a checkout has them beside it, tests read them too,
 * and skip with a sentence where it has not.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export interface RtAppFile {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

const root = join(import.meta.dirname, '..', '..');

export const FIXTURES = join(root, 'test', 'workload', 'fixtures');
export const SCENARIOS = join(root, 'scenarios');
/** rt-app's own examples, outside this repository. */
export const REAL_RTAPP = join(root, '..', 'shared', 'rt-app');

export const readFixture = (name: string): string => readFileSync(join(FIXTURES, name), 'utf8');

/** All .json files under a folder, in a stable order; none when there is no such folder. */
export function jsonFilesUnder(folder: string): RtAppFile[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const path = join(folder, name);
    return { name: basename(name), path, text: readFileSync(path, 'utf8') };
  });
}
