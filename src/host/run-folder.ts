/**
 * A run's folder. Whoever looks at it, at any moment and after any crash, finds nothing, or a folder
 * that says it is incomplete, or a complete run.
 *
 *      1. a hidden folder beside the target gets its file INCOMPLETE
 *      2. rename to the target: the folder appears with INCOMPLETE in it.  A folder that is already
 *         there is never empty, so the rename fails rather than overwrite; the next number is tried
 *      3. trace.bin, log.ndjson, proc/, sys/, dmesg, report.html grow
 *      4. run.json.tmp is written, then renamed to run.json
 *      5. INCOMPLETE is removed: from here on the run counts
 *
 * So a run is complete if and only if `run.json` is there and `INCOMPLETE` is not. An interrupted
 * run ends at step 4, and its INCOMPLETE says why.
 */
import {
  chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { badOutput } from './bad-files.ts';
import { look } from './look.ts';

export const INCOMPLETE = 'INCOMPLETE';
/** Numbers tried for a default name before the user is asked to tidy up. */
const FOLDERS_MAX = 100_000;

export interface FolderPlan {
  /** `--out`: the run's folder itself; null for a numbered one under `runsDir`. */
  readonly out: string | null;
  readonly runsDir: string;
  readonly scenario: string;
  readonly seed: number;
}

export class RunFolder {
  /** As a person would type it: relative if the plan was. */
  readonly path: string;
  /** The outermost folder that had to be made for this one; `discard` takes it back. */
  readonly #made: string | null;
  /** Whether the folder was there before, empty. */
  readonly #found: boolean;

  private constructor(path: string, made: string | null, found: boolean) {
    this.path = path;
    this.#made = made;
    this.#found = found;
  }

  /** @throws BadInput if the place cannot be written to or holds something already. */
  static create(plan: FolderPlan): RunFolder {
    return plan.out === null ? RunFolder.#numbered(plan) : RunFolder.#named(plan.out);
  }

  static #numbered(plan: FolderPlan): RunFolder {
    const made = makeParent(plan.runsDir, plan.runsDir);
    const prepared = prepare(plan.runsDir, plan.runsDir);
    for (let n = firstFree(plan); n <= FOLDERS_MAX; n += 1) {
      const path = join(plan.runsDir, folderName(plan, n));
      if (appears(prepared, path)) return new RunFolder(path, made, false);
    }
    rmSync(prepared, { recursive: true });
    const found = `${FOLDERS_MAX} runs of this scenario and seed`;
    throw badOutput(plan.runsDir, found, 'a free number', 'Remove old runs, or name a folder with --out.');
  }

  static #named(out: string): RunFolder {
    const there = look(out);
    if (there === 'file') throw badOutput(out, 'a file', 'a new or empty folder', 'Choose another --out.');
    if (there === 'folder') return RunFolder.#takeEmpty(out);
    const parent = dirname(resolve(out));
    const made = makeParent(parent, out);
    const prepared = prepare(parent, out);
    if (appears(prepared, out)) return new RunFolder(out, made, false);
    rmSync(prepared, { recursive: true });
    throw inUse(out);
  }

  /** An empty folder of the user's is used as it is, for it may be somebody's working directory. */
  static #takeEmpty(out: string): RunFolder {
    attempt(out, () => {
      if (readdirSync(out).length > 0) throw inUse(out);
      markIncomplete(out, 'The run is under way, or it crashed.');
    });
    return new RunFolder(out, null, true);
  }

  /** Path of a file of this run. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file; `name` may contain folders. */
  write(name: string, text: string): void {
    const path = this.file(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** The last write of a run: with this it counts. */
  complete(runJson: string): void {
    this.#writeRunJson(runJson);
    unlinkSync(this.file(INCOMPLETE));
  }

  /** The last write of a run that was stopped: readable, and it says that it is not whole. */
  leaveIncomplete(runJson: string | null, why: string): void {
    markIncomplete(this.path, why);
    if (runJson !== null) this.#writeRunJson(runJson);
  }

  /** Takes back all that was made: nothing half-written is left after bad input. */
  discard(): void {
    if (this.#found) {
      for (const name of readdirSync(this.path)) rmSync(this.file(name), { recursive: true, force: true });
      return;
    }
    rmSync(this.path, { recursive: true, force: true });
    if (this.#made !== null) removeIfEmpty(this.#made, dirname(resolve(this.path)));
  }

  #writeRunJson(text: string): void {
    const temporary = this.file('run.json.tmp');
    const file = openSync(temporary, 'w');
    writeFileSync(file, text);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, this.file('run.json'));
  }
}

/** `<scenario>-<seed>-<n>`, with what no file system minds. */
function folderName(plan: FolderPlan, n: number): string {
  return `${plan.scenario.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'run'}-${plan.seed}-${n}`;
}

/** One more than the highest number in use; a race with another run is settled by the rename. */
function firstFree(plan: FolderPlan): number {
  const prefix = folderName(plan, 0).slice(0, -1);
  let highest = 0;
  for (const name of readdirSync(plan.runsDir)) {
    const n = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : 0;
    if (Number.isSafeInteger(n) && n > highest) highest = n;
  }
  return highest + 1;
}

/** Returns the outermost folder that had to be made, or null. */
function makeParent(parent: string, asked: string): string | null {
  return attempt(asked, () => makeFolders(resolve(parent)));
}

/** Not by mkdir's `recursive`, which never returns where no folder can be made, as under /proc (Node 20). */
function makeFolders(folder: string): string | null {
  if (look(folder) === 'folder') return null;
  const made = dirname(folder) === folder ? null : makeFolders(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (made !== null) removeIfEmpty(made, dirname(folder));
    // another run may have made it meanwhile
    if (look(folder) !== 'folder') throw error;
  }
  return made ?? folder;
}

function prepare(parent: string, asked: string): string {
  return attempt(asked, () => {
    const prepared = mkdtempSync(join(parent, '.dynticks-'));
    // mkdtemp makes it private; a run's folder is as open as any other of the user's
    chmodSync(prepared, 0o777 & ~process.umask());
    markIncomplete(prepared, 'The run is under way, or it crashed.');
    return prepared;
  });
}

function markIncomplete(folder: string, why: string): void {
  writeFileSync(join(folder, INCOMPLETE), `This run is incomplete. ${why}\n`);
}

/** Whether `prepared` could take the place; false if somebody has it. */
function appears(prepared: string, path: string): boolean {
  try {
    renameSync(prepared, path);
    return true;
  } catch (error) {
    if (look(path) !== 'nothing') return false;
    rmSync(prepared, { recursive: true, force: true });
    throw asBadOutput(path, error);
  }
}

function inUse(out: string): Error {
  const hint = 'Runs are never overwritten: choose another --out, or leave it away.';
  const cutShort = existsSync(join(out, INCOMPLETE));
  return badOutput(out, cutShort ? 'a run that was cut short' : 'a folder that is not empty', 'a new or empty folder', hint);
}

function attempt<T>(asked: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asBadOutput(asked, error);
  }
}

function asBadOutput(asked: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) return error;
  return badOutput(asked, REASONS[code] ?? code, 'a folder that can be written to', 'Choose another place with --out.');
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'a read-only file system',
  ENOTDIR: 'a file where a folder is needed',
  EEXIST: 'a file where a folder is needed',
  ENOENT: 'a place where no folder can be made',
  ENOSPC: 'a full disk',
  ENAMETOOLONG: 'a name that is too long',
};

/** Removes folders upward from `from` to `to`, as long as they are empty. */
function removeIfEmpty(to: string, from: string): void {
  const last = resolve(to);
  for (let folder = resolve(from); folder.startsWith(last); folder = dirname(folder)) {
    if (readdirSync(folder).length > 0) return;
    rmSync(folder, { recursive: true });
  }
}
