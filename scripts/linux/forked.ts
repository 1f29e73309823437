/**
 * A task as a thread that another one starts: it begins where that one is, on CPU 0, and goes to its own CPU by
 * its first system call, as a program does that binds its threads.
 */
import type { Entry, ObjectNode } from '../../src/workload/rtapp/document.ts';
import { PHASE_KEYS, TASK_KEYS } from '../../src/workload/rtapp/grammar.ts';
import { entryText } from './document-text.ts';

export const ofTask = (key: string): boolean => [...TASK_KEYS, ...PHASE_KEYS].some((known) => known === key);

/** The declaration, of which no instance starts at boot. Its phases stay as they are; what has none becomes one. */
export function forkedText({ key, value }: Entry): string {
  if (value.kind !== 'object') throw new Error(`the task ${key} is no object`);
  const phases = value.entries.find((entry) => entry.key === 'phases');
  const heads = ['"instance": 0', ...(phases === undefined ? ['"cpus": [0]', '"loop": 1'] : [])];
  const kept = value.entries.filter((entry) => (phases === undefined ? isPlain(entry) : true)).map(entryText);
  const own = phases === undefined ? [`"phases": { "own": ${ownPhase(value)} }`] : [];
  return `${JSON.stringify(key)}: { ${[...heads, ...kept, ...own].join(', ')} }`;
}

const isPlain = ({ key }: Entry): boolean => ofTask(key) && key !== 'loop' && key !== 'cpus' && key !== 'runtime';

function ownPhase({ entries }: ObjectNode): string {
  const events = entries.filter((entry) => !ofTask(entry.key) || ['loop', 'cpus', 'runtime'].includes(entry.key));
  const loops = events.some(({ key }) => key === 'loop') ? [] : ['"loop": -1'];
  return `{ ${[...loops, ...events.map(entryText)].join(', ')} }`;
}
