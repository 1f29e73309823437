/**
 * How many CPUs a machine has, and whether everything that is named fits on it. A number comes from
 * the flag, else from the block, else from the highest CPU that anything names; the kernel's command
 * line may make it smaller.
 */
import { NR_CPUS_MAX } from '../../shared/limits.ts';
import type { CommandLine } from '../kernel/cmdline.ts';
import { formatCpuList } from '../kernel/cpulist.ts';
import { BadInput, type Position } from './bad-input.ts';
import { DEFAULT_CPUS } from './defaults.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { TaskDeclaration } from './rtapp/model.ts';
import type { Source } from './rtapp/source.ts';

/** A CPU that the scenario names, and where. */
export interface NamedCpu {
  readonly cpu: number;
  readonly at: Position;
  readonly path: string;
}

export function namedCpus(tasks: readonly TaskDeclaration[], block: DynticksBlock, node: JsonNode | null): NamedCpu[] {
  return [...tasks.flatMap(cpusOfTask), ...(node === null ? [] : cpusOfBlock(block, node))];
}

function cpusOfTask(task: TaskDeclaration): NamedCpu[] {
  const called = task.phases.flatMap(({ events }) => events.map(({ call }) => call?.cpus ?? null));
  const lists = [task.cpus, ...task.phases.map((phase) => phase.cpus), ...called].filter((list) => list !== null);
  return lists.flatMap(({ at, path, cpus }) => cpus.map((cpu) => ({ cpu, at, path })));
}

function cpusOfBlock(block: DynticksBlock, root: JsonNode): NamedCpu[] {
  const named: NamedCpu[] = [];
  const add = (cpu: number, path: (string | number)[]) => {
    named.push({ cpu, at: nodeAt(root, path).at, path: `dynticks.${path[0]}[${path[1]}].${path.slice(2).join('.')}` });
  };
  block.readers?.forEach((reader, i) => {
    if (reader.cpu !== undefined) add(reader.cpu, ['readers', i, 'cpu']);
    if (Array.isArray(reader.cpus)) reader.cpus.forEach((cpu) => add(cpu, ['readers', i, 'cpus']));
  });
  if (Array.isArray(block.kthreads)) block.kthreads.forEach(({ cpu }, i) => { if (cpu !== undefined) add(cpu, ['kthreads', i, 'cpu']); });
  block.tickOff?.forEach((cpu, i) => named.push({ cpu, at: nodeAt(root, ['tickOff', i]).at, path: `dynticks.tickOff[${i}]` }));
  block.steal?.forEach(({ cpu }, i) => { add(cpu, ['steal', i, 'cpu']); });
  block.events?.forEach(({ unbindDevice, skew, stall }, i) => {
    if (unbindDevice !== undefined) add(unbindDevice, ['events', i, 'unbindDevice']);
    if (skew !== undefined) add(skew.cpu, ['events', i, 'skew', 'cpu']);
    if (stall?.cpu !== undefined) add(stall.cpu, ['events', i, 'stall', 'cpu']);
  });
  block.cuts?.forEach(({ cpu, run }, i) => {
    add(cpu, ['cuts', i, 'cpu']);
    if ('cpu' in run) add(run.cpu, ['cuts', i, 'run', 'cpu']);
  });
  return named;
}

/** What was asked for, before the kernel's command line; a flag is judged like the file. Throws BadInput. */
export function askedCpus(flag: number | undefined, block: DynticksBlock, named: readonly NamedCpu[]): number {
  if (flag !== undefined && !(Number.isInteger(flag) && flag >= 1 && flag <= NR_CPUS_MAX)) {
    throw new BadInput({
      file: 'command line', path: '--cpus', found: `${flag} CPUs`, expected: `1 to ${NR_CPUS_MAX} CPUs (NR_CPUS_MAX)`,
    });
  }
  const highest = named.reduce((most, { cpu }) => Math.max(most, cpu), -1);
  return flag ?? block.cpus ?? Math.min(NR_CPUS_MAX, Math.max(DEFAULT_CPUS, highest + 1));
}

/** @linux kernel/smp.c nr_cpus, maxcpus; arch/x86 possible_cpus */
export function bootedCpus(asked: number, cmdline: CommandLine): number {
  const limits = [cmdline.nrCpus, cmdline.possibleCpus, cmdline.maxcpus].filter((limit) => limit !== null);
  return Math.max(1, Math.min(asked, ...limits));
}

/** Throws BadInput at the first CPU that is not there. */
export function checkNamedCpus(source: Source, named: readonly NamedCpu[], cpus: number, asked: number): void {
  const wrong = named.find(({ cpu }) => cpu >= cpus);
  if (wrong === undefined) return;
  const { cpu, at, path } = wrong;
  throw source.bad(at, path, `CPU ${cpu}`, cpus === 1 ? 'CPU 0' : `a CPU from 0 to ${cpus - 1}`, cpuHint(cpu, cpus, asked));
}

function cpuHint(cpu: number, cpus: number, asked: number): string {
  const have = `The machine has ${cpus} CPU${cpus === 1 ? '' : 's'}`;
  if (cpu >= NR_CPUS_MAX) return `${have}; more than ${NR_CPUS_MAX} (NR_CPUS_MAX) are not possible.`;
  return cpu < asked ? `${have}, because the kernel’s command line says so.` : `${have}; ask for more with --cpus ${cpu + 1}.`;
}

/**
 * The CPUs of nohz_full= that exist. Somebody must do the housekeeping: where all are named, the
 * boot CPU is taken out. @linux kernel/sched/isolation.c housekeeping_setup
 */
export function nohzFullOf(source: Source, list: readonly number[] | null, cpus: number): readonly number[] | null {
  if (list === null) return null;
  const there = clip(source, 'nohz_full=', list, cpus);
  if (there.length < cpus) return there.length === 0 ? null : there;
  source.warnings.push('command line: nohz_full= must leave one CPU for housekeeping; the boot CPU, 0, is left out of it.');
  const rest = there.filter((cpu) => cpu !== 0);
  return rest.length === 0 ? null : rest;
}

/** CPUs on which a task may run that names none: null, all; fewer under isolcpus=. */
export function defaultAffinity(source: Source, { isolcpus }: CommandLine, cpus: number): readonly number[] | null {
  if (isolcpus === null || !isolcpus.domain) return null;
  const isolated = new Set(clip(source, 'isolcpus=', isolcpus.cpus, cpus));
  const rest = Array.from({ length: cpus }, (_, cpu) => cpu).filter((cpu) => !isolated.has(cpu));
  if (isolated.size === 0) return null;
  if (rest.length > 0) return rest;
  source.warnings.push('command line: isolcpus= must leave one CPU for housekeeping; the boot CPU, 0, is left out of it.');
  return [0];
}

/** CPUs that the kernel may use for its own works; never none. @linux kernel/sched/isolation.c housekeeping_cpumask */
export function housekeepingCpus({ nohzFull, isolcpus }: CommandLine, cpus: number): readonly number[] {
  const isolated = new Set([...(nohzFull ?? []), ...(isolcpus?.domain === true ? isolcpus.cpus : [])]);
  const rest = Array.from({ length: cpus }, (_, cpu) => cpu).filter((cpu) => !isolated.has(cpu));
  return rest.length === 0 ? [0] : rest;
}

function clip(source: Source, parameter: string, list: readonly number[], cpus: number): number[] {
  const beyond = list.filter((cpu) => cpu >= cpus);
  if (beyond.length > 0) {
    const list = formatCpuList(beyond);
    source.warnings.push(`command line: ${parameter} names CPUs that this machine does not have (${list}); they are left out.`);
  }
  return list.filter((cpu) => cpu < cpus);
}
