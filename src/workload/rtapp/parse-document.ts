/** Builds the ordered tree from tokens: trailing commas and keys without a value are let through. */
import { BadInput } from '../bad-input.ts';
import type { Entry, JsonNode } from './document.ts';
import { Tokenizer, type Token, type TokenKind } from './tokenizer.ts';

/** Objects and arrays inside each other; no real file comes near it, and the stack ends somewhere. */
const DEPTH_MAX = 200;

/** Reads a whole text. Throws BadInput: empty, not JSON, something behind the end. */
export function parseDocument(file: string, text: string): JsonNode {
  return new DocumentParser(file, text).parse();
}

class DocumentParser {
  readonly #tokens: Tokenizer;
  #token: Token;
  #depth = 0;

  constructor(file: string, text: string) {
    this.#tokens = new Tokenizer(file, text);
    this.#token = this.#tokens.next();
  }

  parse(): JsonNode {
    if (this.#is('end')) throw this.#bad('an empty file', 'an rt-app workload, a JSON object with "tasks"');
    const root = this.#value();
    if (!this.#is('end')) throw this.#bad(describe(this.#token), 'the end of the file after the first value');
    return root;
  }

  #value(): JsonNode {
    const { kind, at, text } = this.#token;
    switch (kind) {
      case '{': return this.#object();
      case '[': return this.#array();
      case 'string': this.#advance(); return { kind, at, value: text };
      case 'number': this.#advance(); return { kind, at, value: Number(text), text };
      case 'word': return this.#word();
      default: throw this.#bad(describe(this.#token), 'a value');
    }
  }

  #word(): JsonNode {
    const { at, text } = this.#token;
    const word = text.toLowerCase();
    if (word !== 'true' && word !== 'false' && word !== 'null') {
      throw this.#bad(`the word ${text}`, 'a JSON value', 'Strings stand in double quotes.');
    }
    this.#advance();
    return word === 'null' ? { kind: 'null', at } : { kind: 'boolean', at, value: word === 'true' };
  }

  #object(): JsonNode {
    const { at } = this.#token;
    const entries: Entry[] = [];
    this.#enter();
    while (!this.#is('}')) {
      entries.push(this.#entry());
      this.#comma('}');
    }
    this.#leave();
    return { kind: 'object', at, entries };
  }

  #entry(): Entry {
    const { kind, at, text } = this.#token;
    if (kind !== 'string') throw this.#bad(describe(this.#token), 'a key in double quotes, or }');
    this.#advance();
    if (this.#is(',') || this.#is('}')) return { key: text, at, value: { kind: 'absent', at } };
    if (!this.#is(':')) throw this.#bad(describe(this.#token), `: after the key "${text}"`);
    this.#advance();
    return { key: text, at, value: this.#value() };
  }

  #array(): JsonNode {
    const { at } = this.#token;
    const items: JsonNode[] = [];
    this.#enter();
    while (!this.#is(']')) {
      items.push(this.#value());
      this.#comma(']');
    }
    this.#leave();
    return { kind: 'array', at, items };
  }

  /** A comma, also a trailing one, unless the closing bracket follows. */
  #comma(close: TokenKind): void {
    if (this.#is(',')) this.#advance();
    else if (!this.#is(close)) throw this.#bad(describe(this.#token), `, or ${close}`);
  }

  #enter(): void {
    if (++this.#depth > DEPTH_MAX) throw this.#bad(`more than ${DEPTH_MAX} levels of brackets`, 'an rt-app workload');
    this.#advance();
  }

  #leave(): void {
    this.#depth -= 1;
    this.#advance();
  }

  #is(kind: TokenKind): boolean {
    return this.#token.kind === kind;
  }

  #advance(): void {
    this.#token = this.#tokens.next();
  }

  #bad(found: string, expected: string, hint?: string): BadInput {
    return new BadInput({ file: this.#tokens.file, path: '', at: this.#token.at, found, expected, hint });
  }
}

function describe({ kind, text }: Token): string {
  if (kind === 'end') return 'the end of the file';
  return kind === 'string' ? `the string ${JSON.stringify(text)}` : text;
}
