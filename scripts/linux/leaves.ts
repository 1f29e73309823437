/**
 * Figures as a flat table: `{"LOC": [1, 2]}` becomes `LOC.0: 1, LOC.1: 2`. The recorder's lines about its
 * workers are lines of text; each of their numbers becomes a figure too: `workers.0.wall_ns`.
 */

export type Leaf = number | string;
export type Leaves = ReadonlyMap<string, Leaf>;

export function leavesOf(figures: unknown): Leaves {
  const leaves = new Map<string, Leaf>();
  collect(leaves, '', figures);
  return leaves;
}

function collect(leaves: Map<string, Leaf>, path: string, value: unknown): void {
  if (path === 'workers') return collectWorkers(leaves, value as readonly string[]);
  // of a CPU that was offline
  if (value === null) return;
  if (typeof value === 'number' || typeof value === 'string') {
    leaves.set(path, value);
  } else if (typeof value === 'object') {
    for (const [key, below] of Object.entries(value)) {
      collect(leaves, path === '' ? key : `${path}.${path === 'timer_irqs' ? interruptLine(key) : key}`, below);
    }
  } else {
    throw new Error(`${path}: ${String(value)} is no figure`);
  }
}

/** `8 -APIC   8-edge      rtc0`, in which the recorder lost some letters, is `8 rtc0`. */
export function interruptLine(words: string): string {
  const [number, ...rest] = words.split(/\s+/);
  return `${number} ${rest.at(-1)}`;
}

/** `workload busy T0 1 T1 2 ...`, then `worker 0 busy pid 151 ...` for each. */
function collectWorkers(leaves: Map<string, Leaf>, lines: readonly string[]): void {
  for (const line of lines) {
    const [kind, first, ...rest] = line.split(' ');
    const [at, pairs] = kind === 'workload' ? ['workers', rest] : [`workers.${first}`, rest.slice(1)];
    for (let i = 0; i + 1 < pairs.length; i += 2) leaves.set(`${at}.${pairs[i]}`, Number(pairs[i + 1]));
    // what a process has in all: the kernel guesses how much of it was in user mode
    if (kind === 'worker') leaves.set(`${at}.ru_total_ns`, numberAt(leaves, `${at}.ru_utime_ns`) + numberAt(leaves, `${at}.ru_stime_ns`));
  }
}

/** A figure that must be there, and a number. */
export function numberAt(leaves: Leaves, key: string): number {
  const value = leaves.get(key);
  if (typeof value !== 'number') throw new Error(`the figures have no number ${key}`);
  return value;
}
