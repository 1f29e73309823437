/** What reads the value of an event, and how the members of an object are read. */
import { KTIME_MAX } from '../../../shared/units.ts';
import { meantHint } from '../did-you-mean.ts';
import type { JsonNode, ObjectNode } from './document.ts';
import type { EventDeclaration, RtAppGlobal } from './model.ts';
import type { Source } from './source.ts';

/** What the value of an event holds, beside its place. */
type EventValue = Partial<Pick<
  EventDeclaration,
  'ns' | 'ref' | 'mutex' | 'absolute' | 'grid' | 'intervalNs' | 'bytes' | 'writes' | 'call' | 'clock' | 'cancelOnSet' | 'soft'
>>;

/** Who reads the value of an event. `task` is the task's own name. */
export interface EventContext {
  readonly source: Source;
  readonly global: RtAppGlobal;
  readonly task: string;
}

export type EventReader = (context: EventContext, node: JsonNode, path: string) => EventValue;

export function member(source: Source, node: ObjectNode, path: string, key: string, otherwise: string): string {
  const value = source.optional(node, path, key);
  return value === null ? otherwise : source.string(value, `${path}.${key}`, 'a name');
}

export function needInt(source: Source, node: ObjectNode, path: string, key: string, least: number): number {
  const value = source.optional(node, path, key);
  if (value === null) throw source.bad(node.at, path, `no "${key}"`, `"${key}", an integer from ${least}`);
  return source.int(value, `${path}.${key}`, key, least, KTIME_MAX / 100);
}

/** A word out of a list; `otherwise` null: it must be there. */
export function oneOf(
  source: Source, node: ObjectNode, path: string, key: string, words: readonly string[], otherwise: string | null,
): string {
  const value = source.optional(node, path, key);
  const expected = words.map((word) => `"${word}"`).join(' or ');
  if (value === null) {
    if (otherwise === null) throw source.bad(node.at, path, `no "${key}"`, `"${key}": ${expected}`);
    return otherwise;
  }
  const word = source.string(value, `${path}.${key}`, expected);
  if (!words.includes(word)) throw source.badNode(value, `${path}.${key}`, expected, meantHint(word, words));
  return word;
}

export function warnUnknown(source: Source, node: ObjectNode, path: string, known: readonly string[]): void {
  for (const { key, at } of node.entries) {
    if (!known.includes(key)) source.warnUnknownKey(at, path, key, known);
  }
}
