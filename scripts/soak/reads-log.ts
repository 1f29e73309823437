/**
 * The parts of a soak that are done, one a line of a file, so that it may be broken off and taken up again: a part that stands there
 * is not repeated. Parts of another build are not known: what they read was another program.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { ReadsPart, ReadsResult } from './reads.ts';

interface Done {
  readonly build: string;
  readonly part: ReadsPart;
  readonly result: ReadsResult;
}

export class ReadsLog {
  private readonly file: string | undefined;
  private readonly build: string;
  private readonly done = new Map<string, ReadsResult>();

  /** Without a file nothing is kept. */
  constructor(file: string | undefined, build: string) {
    this.file = file;
    this.build = build;
    if (file === undefined || !existsSync(file)) return;
    // a line that was being written when the soak was broken off has no end
    for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
      const { build: by, part, result } = JSON.parse(line) as Done;
      if (by === build) this.done.set(JSON.stringify(part), result);
    }
  }

  resultOf(part: ReadsPart): ReadsResult | undefined {
    return this.done.get(JSON.stringify(part));
  }

  add(part: ReadsPart, result: ReadsResult): void {
    if (this.file === undefined) return;
    appendFileSync(this.file, `${JSON.stringify({ build: this.build, part, result } satisfies Done)}\n`);
  }
}
