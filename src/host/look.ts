/** What stands at a path. */
import { statSync } from 'node:fs';

export type Seen = 'nothing' | 'file' | 'folder';

/** Never throws: where one cannot look there is nothing that could be used. */
export function look(path: string): Seen {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}
