/** What the recorder's reader does, and the worker that it reads, in a scenario's text. */
import type { Ns } from '../../shared/units.ts';
import type { Entry, ObjectNode } from '../../src/workload/rtapp/document.ts';
import { parseDocument } from '../../src/workload/rtapp/parse-document.ts';
import { entryText } from './document-text.ts';

/** One pass of a worker that is in user mode first, if at all, and then in the kernel. */
export interface Turn {
  readonly userNs: Ns;
  readonly systemNs: Ns;
}

/** Its readers, as the recorder's: each looks at whole multiples of its period, from the start of the run. */
export function readersText(block: ObjectNode, looks: readonly string[], startNs: Ns): string {
  const list = block.entries.find(({ key }) => key === 'readers')?.value;
  if (list?.kind !== 'array') throw new Error('a scenario whose looks are compared has readers');
  const readers = list.items.map((reader) => {
    const own = (reader as ObjectNode).entries.filter(({ key }) => !['adjusted', 'what'].includes(key)).map(entryText);
    return `{ ${[...own, `"what": ${JSON.stringify(looks)}`, `"delay": "${Math.round(startNs)}ns"`, '"grid": true'].join(', ')} }`;
  });
  return `[${readers.join(', ')}]`;
}

export function withReaders(block: ObjectNode, text: string): ObjectNode {
  const { at } = block;
  const readers: Entry = { key: 'readers', at, value: parseDocument('readers', `{ "readers": ${text} }`) };
  const value = (readers.value as ObjectNode).entries[0]!.value;
  return { ...block, entries: block.entries.map((entry) => (entry.key === 'readers' ? { ...readers, value } : entry)) };
}

/** The worker's passes, as long as the recorded ones. */
export function inTurns({ key, at, value }: Entry, { userNs, systemNs }: Turn): Entry {
  const entries = (value as ObjectNode).entries.map((entry): Entry => {
    if (entry.key === 'runtime') return { ...entry, value: { kind: 'number', at, value: us(userNs), text: String(us(userNs)) } };
    if (entry.key === 'syscall') return { ...entry, value: { kind: 'string', at, value: `${Math.round(systemNs)}ns` } };
    return entry;
  });
  return { key, at, value: { ...(value as ObjectNode), entries } };
}

const us = (ns: Ns): number => Math.round(ns / 1_000);
