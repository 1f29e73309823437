/** Input that a person must mend: exit code 2, one clear message, nothing written. */

/** Where in a text, counted from 1 as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface BadInputFacts {
  /** File name, or where else the input came from (`command line`). */
  readonly file: string;
  /** Path inside it: `tasks.thread0.run`, `--cpus`. Empty: the whole. */
  readonly path: string;
  readonly at?: Position | undefined;
  /** What stands there, as a noun: `"abc" (a string)`. */
  readonly found: string;
  /** What should stand there, as a noun. */
  readonly expected: string;
  /** What to do about it; a sentence. */
  readonly hint?: string | undefined;
}

/** Thrown wherever input is read; its message says everything there is to say, in one line. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly file: string;
  readonly path: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly found: string;
  readonly expected: string;
  readonly hint: string | null;

  constructor(facts: BadInputFacts) {
    super(messageOf(facts));
    this.file = facts.file;
    this.path = facts.path;
    this.line = facts.at?.line ?? null;
    this.column = facts.at?.column ?? null;
    this.found = facts.found;
    this.expected = facts.expected;
    this.hint = facts.hint ?? null;
  }
}

function messageOf({ file, path, at, found, expected, hint }: BadInputFacts): string {
  const place = at === undefined ? file : `${file}:${at.line}:${at.column}`;
  const where = path === '' ? place : `${place}: ${path}`;
  return `${where}: found ${found}, expected ${expected}.${hint === undefined ? '' : ` ${hint}`}`;
}
