/** Which CPUs have their tick off while a task runs: only where Linux could stop it, and where no tick is needed to account. */
import type { CpuId } from '../../shared/units.ts';
import type { CommandLine } from '../kernel/cmdline.ts';
import { formatCpuList } from '../kernel/cpulist.ts';
import { DEFAULT_CPUTIME } from './defaults.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { Source } from './rtapp/source.ts';
import type { Scenario } from './scenario.ts';

/**
 * Throws BadInput at the first CPU that must keep its tick. A flag for CPU time that needs ticks (`flag`) wins over the block:
 * all keep theirs.
 */
export function tickOffOf(
  source: Source, { tickOff = [], cputime = DEFAULT_CPUTIME }: DynticksBlock, node: JsonNode | null, cmdline: CommandLine,
  flag: Scenario['cputime'] | undefined,
): readonly CpuId[] {
  if (tickOff.length > 0 && flag !== undefined && needsTicks(flag)) {
    source.warnings.push(`--cputime ${flag}: it needs ticks, so dynticks.tickOff is ignored.`);
    return [];
  }
  const nohzFull = cmdline.nohzFull ?? [];
  tickOff.forEach((cpu, i) => {
    const bad = (found: string, expected: string) =>
      source.bad(nodeAt(node!, ['tickOff', i]).at, `dynticks.tickOff[${i}]`, found, expected);
    if (!nohzFull.includes(cpu)) {
      throw bad(`CPU ${cpu}`, nohzFull.length === 0 ? 'none: no nohz_full= names any CPU' : `one of nohz_full=${formatCpuList(nohzFull)}`);
    }
    if (!cmdline.nohz) throw bad(`CPU ${cpu}`, 'none: with nohz=off every CPU keeps its tick');
    if (flag === undefined && needsTicks(cputime)) {
      throw bad(`CPU ${cpu}, and CPU time "${cputime}"`, 'a way to account CPU time that needs no tick');
    }
  });
  return [...new Set(tickOff)];
}

const needsTicks = (cputime: Scenario['cputime']): boolean => cputime.startsWith('tick');
