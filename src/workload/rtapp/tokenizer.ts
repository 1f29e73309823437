/**
 * Cuts an rt-app file into tokens. As tolerant as the parsers that people write these files for:
 * comments of both kinds, strings in either quote, words in any case, numbers with leading zeros.
 */
import { BadInput, type Position } from '../bad-input.ts';

export type TokenKind = '{' | '}' | '[' | ']' | ':' | ',' | 'string' | 'number' | 'word' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly at: Position;
  /** The string's value, or the text of anything else. */
  readonly text: string;
}

const PUNCTUATION = '{}[]:,';
const NUMBER = /-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /[A-Za-z_]+/y;
const SPACE = /[ \t\r\n\f\v\u00a0\ufeff]+/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"', "'": "'", '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t',
};

export class Tokenizer {
  readonly file: string;
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  #offset = 0;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
    this.#lineStarts = startsOfLines(text);
  }

  /** The next token; after the last one, `end` for ever. Throws BadInput. */
  next(): Token {
    this.#skipSpace();
    const start = this.#offset;
    const at = this.#position(start);
    const c = this.#text[start];
    if (c === undefined) return { kind: 'end', at, text: '' };
    if (PUNCTUATION.includes(c)) {
      this.#offset += 1;
      return { kind: c as TokenKind, at, text: c };
    }
    if (c === '"' || c === "'") return { kind: 'string', at, text: this.#string(c) };
    const number = this.#match(NUMBER);
    if (number !== null) return { kind: 'number', at, text: number };
    const word = this.#match(WORD);
    if (word !== null) return { kind: 'word', at, text: word };
    throw this.#bad(start, `the character ${JSON.stringify(c)}`, 'JSON (an rt-app file)');
  }

  #skipSpace(): void {
    for (;;) {
      this.#match(SPACE);
      if (this.#text.startsWith('//', this.#offset)) this.#skipTo('\n', this.#text.length);
      else if (this.#text.startsWith('/*', this.#offset)) this.#skipTo('*/', -1);
      else return;
    }
  }

  /** Goes behind `mark`, or to `orElse`; -1: there must be one. */
  #skipTo(mark: string, orElse: number): void {
    const found = this.#text.indexOf(mark, this.#offset + 2);
    if (found < 0 && orElse < 0) throw this.#bad(this.#offset, 'a comment that does not end', '*/');
    this.#offset = found < 0 ? orElse : found + mark.length;
  }

  #string(quote: string): string {
    const start = this.#offset;
    let value = '';
    this.#offset += 1;
    for (;;) {
      const c = this.#text[this.#offset];
      if (c === undefined || c === '\n') throw this.#bad(start, 'a string that does not end', `a closing ${quote} on the same line`);
      this.#offset += 1;
      if (c === quote) return value;
      value += c === '\\' ? this.#escape() : c;
    }
  }

  #escape(): string {
    const c = this.#text[this.#offset] ?? '';
    const simple = ESCAPES[c];
    if (simple !== undefined) {
      this.#offset += 1;
      return simple;
    }
    const hex = this.#text.slice(this.#offset + 1, this.#offset + 5);
    if (c !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) {
      throw this.#bad(this.#offset - 1, `the escape \\${c}`, 'an escape of JSON, such as \\n, \\" or \\u00e9');
    }
    this.#offset += 5;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#offset += found[0].length;
    return found[0];
  }

  #position(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#lineStarts[low]! + 1 };
  }

  #bad(offset: number, found: string, expected: string): BadInput {
    return new BadInput({ file: this.file, path: '', at: this.#position(offset), found, expected });
  }
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}
