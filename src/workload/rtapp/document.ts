/**
 * What a tolerant reading of JSON gives: an ordered tree that forgets nothing. Keys keep their file
 * order and may repeat, because in an rt-app file each repetition is an event of its own; each key
 * and value knows its line and column.
 */
import type { Position } from '../bad-input.ts';

export interface Entry {
  readonly key: string;
  readonly at: Position;
  readonly value: JsonNode;
}

export type ObjectNode = { readonly kind: 'object'; readonly at: Position; readonly entries: readonly Entry[] };
export type ArrayNode = { readonly kind: 'array'; readonly at: Position; readonly items: readonly JsonNode[] };

export type JsonNode =
  | ObjectNode
  | ArrayNode
  | { readonly kind: 'string'; readonly at: Position; readonly value: string }
  | { readonly kind: 'number'; readonly at: Position; readonly value: number; readonly text: string }
  | { readonly kind: 'boolean'; readonly at: Position; readonly value: boolean }
  | { readonly kind: 'null'; readonly at: Position }
  /** a key without a value, as in `"suspend",` */
  | { readonly kind: 'absent'; readonly at: Position };

/** The last entry of that key, as an ordinary JSON parser would have it; null when there is none. */
export function lastEntry(node: ObjectNode, key: string): Entry | null {
  for (let i = node.entries.length - 1; i >= 0; i--) {
    if (node.entries[i]!.key === key) return node.entries[i]!;
  }
  return null;
}

/** How a message speaks of a value. */
export function describeNode(node: JsonNode): string {
  switch (node.kind) {
    case 'object': return 'an object';
    case 'array': return 'an array';
    case 'string': return `${JSON.stringify(shorten(node.value))} (a string)`;
    case 'number': return /^-?[0-9]+$/.test(node.text) ? node.text : `${node.text} (not an integer)`;
    case 'boolean': return `${node.value} (a boolean)`;
    case 'null': return 'null';
    case 'absent': return 'a key without a value';
  }
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** The tree as plain values; of a repeated key the last wins, a key without a value is null. */
export function plainOf(node: JsonNode): unknown {
  switch (node.kind) {
    case 'object': return plainObject(node);
    case 'array': return node.items.map(plainOf);
    case 'null':
    case 'absent': return null;
    default: return node.value;
  }
}

function plainObject(node: ObjectNode): unknown {
  const result = {};
  for (const { key, value } of node.entries) {
    // not by assignment: `__proto__` is a key like any other here
    Object.defineProperty(result, key, { value: plainOf(value), enumerable: true, configurable: true, writable: true });
  }
  return result;
}

/** The node at a path of keys and indices, or the last one that exists on the way. */
export function nodeAt(root: JsonNode, path: readonly PropertyKey[]): JsonNode {
  let node = root;
  for (const step of path) {
    const next = childOf(node, step);
    if (next === null) return node;
    node = next;
  }
  return node;
}

function childOf(node: JsonNode, step: PropertyKey): JsonNode | null {
  if (node.kind === 'object') return lastEntry(node, String(step))?.value ?? null;
  if (node.kind === 'array') return node.items[Number(step)] ?? null;
  return null;
}
