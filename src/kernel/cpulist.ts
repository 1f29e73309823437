/**
 * CPU lists as Linux writes and reads them: `1-3,5`, `all`, `N` for the last CPU, `0-7:2/4` for the
 * first two of every four.
 */

/** Most CPUs that a list may name; a list from a larger machine is cut to this one's CPUs by whoever knows them. */
export const CPULIST_MAX = 8192;

/** What is wrong with a list, as a noun. */
export class BadCpuList extends Error {
  override readonly name = 'BadCpuList';
}

/**
 * CPUs in order, without repetition; `last` is what `N` and `all` mean. Throws BadCpuList.
 * @linux lib/bitmap-str.c bitmap_parselist
 */
export function parseCpuList(text: string, last: number): number[] {
  const cpus = new Set<number>();
  for (const group of text.split(',')) {
    if (group !== '') addGroup(cpus, group.trim(), last);
  }
  if (cpus.size === 0) throw new BadCpuList('an empty list');
  return [...cpus].sort((a, b) => a - b);
}

function addGroup(cpus: Set<number>, group: string, last: number): void {
  const match = /^(?:all|([0-9]+|N)(?:-([0-9]+|N))?)(?::([0-9]+)\/([0-9]+))?$/.exec(group);
  if (match === null) throw new BadCpuList(`"${group}"`);
  const from = match[1] === undefined ? 0 : numberOf(match[1], last);
  const to = match[1] === undefined ? last : numberOf(match[2] ?? match[1], last);
  const used = Number(match[3] ?? 1);
  const stride = Number(match[4] ?? 1);
  if (from > to) throw new BadCpuList(`the range ${group}, which runs backwards`);
  if (to >= CPULIST_MAX) throw new BadCpuList(`CPU ${to}, beyond ${CPULIST_MAX - 1}`);
  if (used < 1 || stride < 1 || used > stride) throw new BadCpuList(`the stride of ${group}`);
  for (let cpu = from; cpu <= to; cpu++) {
    if ((cpu - from) % stride < used) cpus.add(cpu);
  }
}

const numberOf = (text: string, last: number): number => (text === 'N' ? last : Number(text));

/** The other way: `0,2-5`. @linux lib/vsprintf.c bitmap_list_string */
export function formatCpuList(cpus: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < cpus.length; i++) {
    const from = cpus[i]!;
    while (i + 1 < cpus.length && cpus[i + 1] === cpus[i]! + 1) i += 1;
    parts.push(cpus[i] === from ? `${from}` : `${from}-${cpus[i]}`);
  }
  return parts.join(',');
}
