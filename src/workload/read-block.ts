/** Reads the `dynticks` block: what the schema finds becomes one message with its place in the file. */
import type { z } from 'zod';
import { meantHint } from './did-you-mean.ts';
import { dynticksBlock, type DynticksBlock } from './dynticks-block.ts';
import { describeNode, lastEntry, nodeAt, plainOf, type JsonNode } from './rtapp/document.ts';
import type { Source } from './rtapp/source.ts';

/** Throws BadInput. No block: all defaults. */
export function readBlock(source: Source, node: JsonNode | null): DynticksBlock {
  if (node === null) return {};
  refuseRepeated(source, node, 'dynticks');
  const result = dynticksBlock.safeParse(plainOf(node));
  if (result.success) return result.data;
  throw complaint(source, node, inItem(result.error.issues[0]!));
}

/** In rt-app a repeated key is an event of its own; in our block it can only be a mistake. */
function refuseRepeated(source: Source, node: JsonNode, path: string): void {
  if (node.kind === 'array') node.items.forEach((item, i) => refuseRepeated(source, item, `${path}[${i}]`));
  if (node.kind !== 'object') return;
  const seen = new Set<string>();
  for (const { key, at, value } of node.entries) {
    if (seen.has(key)) throw source.bad(at, path, `the key "${key}" twice`, 'each key once');
    seen.add(key);
    refuseRepeated(source, value, `${path}.${key}`);
  }
}

/** Where a word or a list may stand, a list with something wrong in it is wrong there, and not as a whole. */
function inItem(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inside = issue.errors.flat().find(({ path }) => typeof path[0] === 'number');
  return inside === undefined ? issue : { ...inside, path: [...issue.path, ...inside.path] };
}

function complaint(source: Source, root: JsonNode, issue: z.core.$ZodIssue): Error {
  const node = nodeAt(root, issue.path);
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') return unknownKey(source, node, path, issue.keys[0]!);
  const missing = isMissing(root, issue.path);
  const last = String(issue.path.at(-1));
  const found = missing ? `no "${last}"` : describeNode(node);
  return source.bad(node.at, path, found, missing ? `"${last}": ${issue.message}` : issue.message);
}

function unknownKey(source: Source, node: JsonNode, path: string, key: string): Error {
  const at = (node.kind === 'object' ? lastEntry(node, key)?.at : undefined) ?? node.at;
  const known = knownKeysAt(path);
  const hint = meantHint(key, known) ?? `Keys are ${known.join(', ')}.`;
  return source.bad(at, path, `the unknown key "${key}"`, 'a key of the dynticks block', hint);
}

function isMissing(root: JsonNode, path: readonly PropertyKey[]): boolean {
  const parent = nodeAt(root, path.slice(0, -1));
  return path.length > 0 && parent.kind === 'object' && lastEntry(parent, String(path.at(-1))) === null;
}

/** `dynticks.readers[0].every` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => text + (typeof step === 'number' ? `[${step}]` : `.${String(step)}`), 'dynticks');
}

/** The schema's keys at a path of objects and arrays. */
function knownKeysAt(path: string): string[] {
  let schema: unknown = dynticksBlock;
  for (const step of path.split(/[.[]/).slice(1)) schema = innerSchema(schema, step);
  const { shape, keyType } = unwrap(schema) as { shape?: object; keyType?: { options: string[] } };
  return keyType?.options ?? Object.keys(shape ?? dynticksBlock.shape);
}

function innerSchema(schema: unknown, step: string): unknown {
  const inner = unwrap(schema) as { shape?: Record<string, unknown>; element?: unknown };
  return step.endsWith(']') ? inner.element : inner.shape?.[step];
}

function unwrap(schema: unknown): unknown {
  const outer = schema as { unwrap?: () => unknown; shape?: object } | undefined;
  return outer?.shape === undefined && typeof outer?.unwrap === 'function' ? outer.unwrap() : outer ?? {};
}
