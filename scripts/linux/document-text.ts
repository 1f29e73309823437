/** An rt-app document back to text: key order and repeated keys as they were. */
import { NSEC_PER_MSEC, type Ns } from '../../shared/units.ts';
import type { Entry, JsonNode, ObjectNode } from '../../src/workload/rtapp/document.ts';

export function textOf(node: JsonNode): string {
  switch (node.kind) {
    case 'object': return entriesText(node.entries);
    case 'array': return `[${node.items.map(textOf).join(', ')}]`;
    case 'string': return JSON.stringify(node.value);
    case 'number': return node.text;
    case 'boolean': return String(node.value);
    case 'null': return 'null';
    // the callers leave the colon away too
    case 'absent': return '';
  }
}

export function entryText({ key, value }: Pick<Entry, 'key' | 'value'>): string {
  return value.kind === 'absent' ? JSON.stringify(key) : `${JSON.stringify(key)}: ${textOf(value)}`;
}

export const entriesText = (entries: readonly Entry[]): string => `{ ${entries.map(entryText).join(', ')} }`;

/** The object at a key of another. @throws unless there is one */
export function objectAt(node: JsonNode, key: string): ObjectNode {
  const found = node.kind === 'object' ? node.entries.findLast((entry) => entry.key === key)?.value : undefined;
  if (found?.kind !== 'object') throw new Error(`no object "${key}"`);
  return found;
}

/** To read one of the files. */
const FILE_NS: Ns = 2 * NSEC_PER_MSEC;

/** What has gone on before in the same boot, as far as it is still felt: after which workloads, and tasks that do the same. */
export interface Before {
  readonly follows: (earlier: readonly string[]) => boolean;
  readonly tasks: readonly string[];
}

/** Workloads in which tasks share a CPU. */
const SHARES = ['share', 'readershare'];
/** All CPUs but the first, or all but the first two, are busy; the first two are awake at the same time. */
const MOVERS = ['busy', 'busy3', 'slack'];

export const BEFORE: readonly Before[] = [
  {
    // while tasks that may not move have shared a CPU, the others have come to look for work more and more rarely
    follows: (earlier) => earlier.some((workload) => SHARES.includes(workload)),
    tasks: ['a', 'b'].map((name) => `"before-${name}": { "cpus": [3], "loop": 1, "runtime": 1000000 }`),
  },
  {
    // rcu_preempt goes to the next CPU that idles: while the first two are awake, in a boot and in slack, that is the third, and there
    // it stays; busy sends it back to the first, from where a look sends it to the second, as on a machine of which nothing is said
    follows: (earlier) => (earlier.findLast((workload) => MOVERS.includes(workload)) ?? 'slack') === 'slack',
    tasks: [
      '"before-look": { "cpus": [0], "loop": 15, "syscall": "2ms", "free": "" }',
      '"before-worker": { "cpus": [1], "loop": 1, "runtime": 60000 }',
    ],
  },
];

/** A look at /proc: files are opened, read and closed, one after the other, and whatever is closed is freed later. */
export function lookText(lookNs: Ns): string {
  const files = Math.max(1, Math.ceil(lookNs / FILE_NS));
  return `"look": { "loop": ${files}, "syscall": "${Math.round(lookNs / files)}ns", "free": "" }`;
}

/** Tasks and a dynticks block, with all that the kernel does by itself, and what else the block shall say. */
export function scenarioText(tasks: readonly string[], { entries }: ObjectNode, extra: readonly string[] = []): string {
  const block = [...extra, '"kthreads": "linux"', ...entries.filter(({ key }) => key !== 'kthreads').map(entryText)];
  return `{ "tasks": { ${tasks.join(', ')} }, "dynticks": { ${block.join(', ')} } }`;
}
