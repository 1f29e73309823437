/** Sets of CPUs as Linux prints them. */
import type { CpuId } from '../../shared/units.ts';

const WORD = 32;

/** `f`, `3f,ffffffff`: of so many bits, 32 a word. @linux include/linux/cpumask.h cpumask_pr_args, %*pb */
export function cpumaskText(set: readonly CpuId[], bits: number): string {
  const words = Math.ceil(bits / WORD);
  const text: string[] = [];
  for (let word = words - 1; word >= 0; word--) {
    const inWord = set.filter((cpu) => cpu >>> 5 === word).reduce((sum, cpu) => sum + 2 ** (cpu & 31), 0);
    const bitsHere = Math.min(WORD, bits - word * WORD);
    text.push(inWord.toString(16).padStart(Math.ceil(bitsHere / 4), '0'));
  }
  return text.join(',');
}

/** `0-2,5`: of an ascending set. @linux %*pbl */
export function cpuListText(set: readonly CpuId[]): string {
  const ranges: [CpuId, CpuId][] = [];
  for (const cpu of set) {
    const last = ranges.at(-1);
    if (last?.[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}
