/**
 * A source file as the rules look at it. TypeScript 7 has no parser API, so this is a scanner of
 * characters: it tells code from comments, strings and regular expressions, and nothing more.
 * `code` and `text` keep every line and column of the file, so that a finding can name its place.
 */

export interface Comment {
  /** Offset of its first character. */
  readonly at: number;
  readonly end: number;
  readonly text: string;
}

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  /** The file as it is. */
  readonly raw: string;
  /** Comments, and what strings and regular expressions contain, replaced by blanks. */
  readonly code: string;
  /** Only the comments replaced by blanks. */
  readonly text: string;
  readonly comments: readonly Comment[];
}

/** After one of these words a slash begins a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set([
  'return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'throw', 'new', 'else', 'do', 'yield', 'await',
]);

export function scan(path: string, raw: string): Source {
  const scanner = new Scanner(raw);
  scanner.run();
  return { path, raw, code: scanner.code.join(''), text: scanner.text.join(''), comments: scanner.comments };
}

/** 1-based line of an offset. */
export function lineAt(raw: string, at: number): number {
  let line = 1;
  for (let i = raw.indexOf('\n'); i >= 0 && i < at; i = raw.indexOf('\n', i + 1)) line += 1;
  return line;
}

/** Number of lines, a last line without an end included. */
export function lineCount(raw: string): number {
  return raw.split('\n').length - (raw.endsWith('\n') ? 1 : 0);
}

class Scanner {
  readonly code: string[];
  readonly text: string[];
  readonly comments: Comment[] = [];
  private readonly raw: string;
  private at = 0;
  /** For each `${` of a template that is open: how many braces are open inside it. */
  private readonly holes: number[] = [];

  constructor(raw: string) {
    this.raw = raw;
    this.code = raw.split('');
    this.text = raw.split('');
  }

  run(): void {
    while (this.at < this.raw.length) this.next();
  }

  private next(): void {
    const { raw, at } = this;
    const char = raw[at]!;
    if (raw.startsWith('//', at)) return this.comment(endOr(raw, '\n', at, 0));
    if (raw.startsWith('/*', at)) return this.comment(endOr(raw, '*/', at + 2, 2));
    if (char === "'" || char === '"') return this.quoted(char);
    if (char === '`') return this.template(at + 1);
    if (char === '/' && this.regexMayStart()) return this.regex();
    if (char === '{' && this.holes.length > 0) this.holes[this.holes.length - 1]! += 1;
    if (char === '}' && this.holes.length > 0 && this.closesHole()) return this.template(at + 1);
    this.at += 1;
  }

  private closesHole(): boolean {
    const last = this.holes.length - 1;
    if (this.holes[last]! > 0) {
      this.holes[last]! -= 1;
      return false;
    }
    this.holes.pop();
    return true;
  }

  private comment(end: number): void {
    this.comments.push({ at: this.at, end, text: this.raw.slice(this.at, end) });
    blank(this.code, this.at, end);
    blank(this.text, this.at, end);
    this.at = end;
  }

  private quoted(quote: string): void {
    let end = this.at + 1;
    while (end < this.raw.length && this.raw[end] !== quote && this.raw[end] !== '\n') {
      end += this.raw[end] === '\\' ? 2 : 1;
    }
    blank(this.code, this.at + 1, end);
    this.at = end + 1;
  }

  /** From inside a template up to its end or to its next `${`, whose inside is code again. */
  private template(from: number): void {
    let end = from;
    while (end < this.raw.length && this.raw[end] !== '`' && !this.raw.startsWith('${', end)) {
      end += this.raw[end] === '\\' ? 2 : 1;
    }
    blank(this.code, from, end);
    const hole = this.raw.startsWith('${', end);
    if (hole) this.holes.push(0);
    this.at = end + (hole ? 2 : 1);
  }

  private regexMayStart(): boolean {
    const before = this.code.slice(Math.max(0, this.at - 200), this.at).join('').trimEnd();
    const word = /[\w$]+$/.exec(before)?.[0];
    if (word !== undefined) return BEFORE_REGEX.has(word);
    return !/[)\]}'"`]$/.test(before);
  }

  private regex(): void {
    let end = this.at + 1;
    for (let inClass = false; end < this.raw.length && (inClass || this.raw[end] !== '/'); end += 1) {
      if (this.raw[end] === '\\') end += 1;
      else if (this.raw[end] === '[') inClass = true;
      else if (this.raw[end] === ']') inClass = false;
    }
    blank(this.code, this.at + 1, end);
    this.at = end + 1;
  }
}

function endOr(raw: string, mark: string, from: number, plus: number): number {
  const found = raw.indexOf(mark, from);
  return found < 0 ? raw.length : found + plus;
}

function blank(chars: string[], from: number, to: number): void {
  for (let i = from; i < to && i < chars.length; i += 1) if (chars[i] !== '\n') chars[i] = ' ';
}
