/**
 * One file while it is read: typed access to its tree, and what is to be told about it. Every reader
 * below takes a `Source`, so that each complaint names file, path, line and column alike.
 */
import { KTIME_MAX, NSEC_PER_USEC, type Ns } from '../../../shared/units.ts';
import { BadInput, type Position } from '../bad-input.ts';
import { meantHint } from '../did-you-mean.ts';
import { describeNode, lastEntry, type JsonNode, type ObjectNode } from './document.ts';

export class Source {
  readonly file: string;
  /** Unknown keys and doubtful combinations, with position. */
  readonly warnings: string[] = [];
  /** What is understood but only approximated: each sentence once. */
  readonly approximations = new Set<string>();

  constructor(file: string) {
    this.file = file;
  }

  warn(at: Position, path: string, sentence: string): void {
    this.warnings.push(`${this.file}:${at.line}:${at.column}: ${path}: ${sentence}`);
  }

  /** An unknown key is not an error in rt-app, so it is none here; but it is said. */
  warnUnknownKey(at: Position, path: string, key: string, known: Iterable<string>): void {
    const hint = meantHint(key, known);
    this.warn(at, path, `unknown key "${key}", ignored.${hint === undefined ? '' : ` ${hint}`}`);
  }

  bad(at: Position, path: string, found: string, expected: string, hint?: string): BadInput {
    return new BadInput({ file: this.file, path, at, found, expected, hint });
  }

  badNode(node: JsonNode, path: string, expected: string, hint?: string): BadInput {
    return this.bad(node.at, path, describeNode(node), expected, hint);
  }

  object(node: JsonNode, path: string, what: string): ObjectNode {
    if (node.kind !== 'object') throw this.badNode(node, path, `${what} (an object)`);
    return node;
  }

  string(node: JsonNode, path: string, what: string): string {
    if (node.kind !== 'string') throw this.badNode(node, path, `${what} (a string)`);
    return node.value;
  }

  boolean(node: JsonNode, path: string): boolean {
    if (node.kind !== 'boolean') throw this.badNode(node, path, 'true or false');
    return node.value;
  }

  /** An integer from `least` on that a double holds exactly. */
  int(node: JsonNode, path: string, what: string, least: number, most: number = KTIME_MAX): number {
    const expected = `${what}, an integer from ${least}${most === KTIME_MAX ? '' : ` to ${most}`}`;
    if (node.kind !== 'number' || !/^-?[0-9]+$/.test(node.text)) throw this.badNode(node, path, expected);
    if (node.value < least || node.value > most) throw this.badNode(node, path, expected);
    return node.value;
  }

  /** rt-app's microseconds, as ns. */
  microseconds(node: JsonNode, path: string, what: string): Ns {
    return this.int(node, path, `${what} in microseconds`, 0, Math.floor(KTIME_MAX / NSEC_PER_USEC)) * NSEC_PER_USEC;
  }

  ints(node: JsonNode, path: string, what: string): number[] {
    if (node.kind !== 'array') throw this.badNode(node, path, `${what} (an array of integers)`);
    return node.items.map((item, i) => this.int(item, `${path}[${i}]`, what, 0));
  }

  /** The value of a key that may be missing; of a repeated one the last, and a warning. */
  optional(node: ObjectNode, path: string, key: string): JsonNode | null {
    const entry = lastEntry(node, key);
    if (entry === null) return null;
    const times = node.entries.reduce((n, e) => n + (e.key === key ? 1 : 0), 0);
    if (times > 1) this.warn(entry.at, path, `"${key}" stands ${times} times; the last one counts.`);
    return entry.value;
  }
}
