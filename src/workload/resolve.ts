/**
 * From a file's text and what the flags say to a scenario with every choice made: flag before kernel
 * command line before scenario before default. Pure, so that every thread resolves it alike.
 */
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import type { CommandLine } from '../kernel/cmdline.ts';
import { KERNEL_VERSIONS } from '../kernel/versions.ts';
import { BadInput } from './bad-input.ts';
import { noteClocksource, noteParameters, readCmdline } from './boot-parameters.ts';
import { askedCpus, bootedCpus, checkNamedCpus, defaultAffinity, housekeepingCpus, namedCpus, nohzFullOf } from './cpus.ts';
import type { ClockDeclarations } from './clock-tasks.ts';
import { clockDeclarationsOf, clocksourcesOf, stallsOf, theftsOf } from './clocks.ts';
import { compileWorkload, type Compiled } from './compile.ts';
import { cpuidleOf } from './cpuidle.ts';
import {
  DEFAULT_CPUTIME, DEFAULT_EPOCH_SEC, DEFAULT_HZ, DEFAULT_MACHINE, DEFAULT_READER, DEFAULT_READS, DEFAULT_SEED, DEFAULT_TIES,
  DEFAULT_WIDEN_NS, defaultSkewNs, HZ_CHOICES, SKEW_MAX_NS, WIDEN_MAX_NS,
} from './defaults.ts';
import { meantHint } from './did-you-mean.ts';
import { checkKthreads, rowsOf } from './kthreads.ts';
import type { DynticksBlock } from './dynticks-block.ts';
import { timeText } from './quantity.ts';
import { tickOffOf } from './tick-off.ts';
import { readBlock } from './read-block.ts';
import { clockeventsOf } from './clockevents.ts';
import { processesOf } from './processes.ts';
import { readersOf } from './readers.ts';
import { nodeAt, type JsonNode } from './rtapp/document.ts';
import type { RtAppWorkload } from './rtapp/model.ts';
import { parseWorkload } from './rtapp/parse-workload.ts';
import { Source } from './rtapp/source.ts';
import type { CutSpec, MachineSpec, Scenario } from './scenario.ts';
import type { WorkloadData } from '../kernel/user.ts';
import { Policy } from '../../shared/structs/task.ts';

/** What flags say; what is missing is decided by the scenario. */
export interface Overrides {
  /** Appended to the scenario's, so that it wins. */
  readonly cmdline?: string;
  readonly cpus?: number;
  readonly hz?: number;
  readonly durationNs?: Ns;
  readonly cputime?: Scenario['cputime'];
  readonly reader?: Scenario['reader'];
  readonly ties?: Scenario['ties'];
  readonly reads?: Scenario['reads'];
  readonly skewNs?: Ns;
  readonly widenNs?: Ns;
  readonly seed?: number;
  /** In place of the scenario's; `none` stands for no fault. */
  readonly faults?: readonly string[];
  readonly kernel?: string;
}

/** `--fault none`: the same scenario without its fault. */
const NO_FAULT = 'none';

/**
 * Reads an rt-app workload. `fileName` is for messages and gives the scenario its name.
 * Throws BadInput with the first thing that a person must mend.
 */
export function resolveScenario(
  text: string, fileName: string, overrides: Overrides = {}, knownFaults: readonly string[] = [],
): Scenario {
  const source = new Source(fileName);
  const file = parseWorkload(source, text);
  const block = readBlock(source, file.dynticks);
  const resolved = resolveCpus(source, file, block, overrides);
  const { cpus, cmdline } = resolved;
  const kernel = kernelOf(source, file.dynticks, overrides.kernel, block.kernel);
  const machine = machineOf(source, file.dynticks, block, cmdline);
  noteClocksource(source, cmdline, machine);
  const clocks = clockDeclarationsOf(block, machine.clocksources);
  const compiled = compile(source, file, block, overrides, resolved, { kernel, clocks });
  const hz = hzOf(overrides.hz) ?? block.hz ?? DEFAULT_HZ;
  return {
    name: scenarioName(fileName),
    cpus,
    hz,
    seed: overrides.seed ?? block.seed ?? DEFAULT_SEED,
    kernel,
    cmdline,
    durationNs: durationOf(overrides.durationNs) ?? block.duration ?? file.global.durationNs,
    cputime: overrides.cputime ?? block.cputime ?? DEFAULT_CPUTIME,
    reader: overrides.reader ?? block.reader ?? DEFAULT_READER,
    ties: overrides.ties ?? block.ties ?? DEFAULT_TIES,
    reads: overrides.reads ?? block.reads ?? DEFAULT_READS,
    skewNs: timeOf('--skew', overrides.skewNs, 1, SKEW_MAX_NS) ?? block.skew ?? defaultSkewNs(hz),
    widenNs: timeOf('--widen', overrides.widenNs, 0, WIDEN_MAX_NS) ?? block.widen ?? DEFAULT_WIDEN_NS,
    machine,
    epochSec: block.epoch === undefined ? DEFAULT_EPOCH_SEC : Date.parse(block.epoch) / 1000,
    tickOff: tickOffOf(source, block, file.dynticks, cmdline, overrides.cputime),
    faults: faultsOf(source, file.dynticks, overrides.faults, block.faults, knownFaults),
    cuts: cutsOf(source, file.dynticks, block),
    workload: compiled.workload,
    programs: compiled.programs,
    readers: compiled.readers,
    approximations: [...source.approximations],
    warnings: source.warnings,
  };
}

/** `dir/mix.json` -> `mix` */
export function scenarioName(fileName: string): string {
  const base = fileName.split(/[\\/]/).at(-1)!.replace(/\.json$/, '');
  return base === '' || base === '-' ? 'stdin' : base;
}

interface ResolvedCpus {
  readonly cpus: number;
  readonly cmdline: CommandLine;
  /** CPUs of a task that names none; null: all. */
  readonly everywhere: readonly number[] | null;
}

function resolveCpus(source: Source, file: RtAppWorkload, block: DynticksBlock, overrides: Overrides): ResolvedCpus {
  const text = `${block.cmdline ?? ''} ${overrides.cmdline ?? ''}`;
  const named = namedCpus(file.tasks, block, file.dynticks);
  const asked = askedCpus(overrides.cpus, block, named);
  const cpus = bootedCpus(asked, readCmdline(text));
  checkNamedCpus(source, named, cpus, asked);
  // again, now that `all` and `N` mean something
  const cmdline = readCmdline(text, cpus);
  noteParameters(source, cmdline);
  return {
    cpus,
    cmdline: { ...cmdline, nohzFull: nohzFullOf(source, cmdline.nohzFull, cpus) },
    everywhere: defaultAffinity(source, cmdline, cpus),
  };
}

function compile(
  source: Source, file: RtAppWorkload, block: DynticksBlock, overrides: Overrides, { cpus, cmdline, everywhere }: ResolvedCpus,
  { kernel, clocks }: { readonly kernel: string; readonly clocks: ClockDeclarations },
): Compiled {
  const otherwise = block.reader ?? DEFAULT_READER;
  checkKthreads(source, block, file.dynticks);
  const processes = processesOf(source, block, file.dynticks, file.tasks);
  const readers = readersOf(source, block, file.dynticks, file.tasks, cpus, processes, overrides.reader ?? null, otherwise);
  const compiled = compileWorkload(source, file.tasks, {
    cpus, everywhere, readers, clocks, processes, background: rowsOf(block, kernel), housekeeping: housekeepingCpus(cmdline, cpus),
    nohzFull: cmdline.nohzFull ?? [],
  });
  noteSchedulers(source, compiled.workload);
  return compiled;
}

/** What Linux does for or against some tasks, and this machine does not yet. */
function noteSchedulers({ approximations }: Source, { tasks, attributes, forkPools }: WorkloadData): void {
  const policies = [...tasks.map((task) => task.attributes.policy), ...attributes.map(({ policy }) => policy)];
  if (policies.some((policy) => policy === Policy.Fifo || policy === Policy.Rr)) {
    approximations.add('There is no fair server and no throttling: a real-time task that never sleeps starves the others on its CPU.');
  }
  if (forkPools.some(({ size }) => size > 0)) {
    approximations.add('Forked tasks take their records from a pool, one after the other: a row and a pid may have had several lives.');
  }
}

function hzOf(flag: number | undefined): number | undefined {
  if (flag === undefined || (HZ_CHOICES as readonly number[]).includes(flag)) return flag;
  throw new BadInput({ file: 'command line', path: '--hz', found: String(flag), expected: HZ_CHOICES.join(' or ') });
}

function durationOf(flag: Ns | undefined): Ns | undefined {
  if (flag === undefined || (Number.isInteger(flag) && flag > 0 && flag <= KTIME_MAX)) return flag;
  throw new BadInput({
    file: 'command line', path: '--duration', found: `${flag} ns`,
    expected: 'more than 0 and less than 2^53 ns (104 days of simulated time)',
  });
}

function timeOf(flag: string, ns: Ns | undefined, least: Ns, most: Ns): Ns | undefined {
  if (ns === undefined || (Number.isInteger(ns) && ns >= least && ns <= most)) return ns;
  const expected = `a time from ${timeText(least)} to ${timeText(most)}`;
  throw new BadInput({ file: 'command line', path: flag, found: timeText(ns), expected });
}

function machineOf(source: Source, node: JsonNode | null, block: DynticksBlock, cmdline: CommandLine): MachineSpec {
  const { machine } = block;
  return {
    clocksources: clocksourcesOf(block, cmdline),
    stalls: stallsOf(block),
    thefts: theftsOf(block),
    tscHz: machine?.clocksources?.tsc?.frequency ?? machine?.tsc ?? DEFAULT_MACHINE.tscHz,
    lapicHz: machine?.lapic ?? DEFAULT_MACHINE.lapicHz,
    clockevents: clockeventsOf(source, node, machine?.clockevents),
    cpuidle: cpuidleOf(source, node, machine?.cpuidle),
    ipiDelayNs: machine?.ipiDelay ?? DEFAULT_MACHINE.ipiDelayNs,
    messageSlots: machine?.messageSlots ?? DEFAULT_MACHINE.messageSlots,
    costs: (machine?.costs ?? {}) as Record<string, Ns>,
  };
}

function kernelOf(source: Source, block: JsonNode | null, flag: string | undefined, asked: string | undefined): string {
  const known = KERNEL_VERSIONS.map(({ name }) => name);
  const kernel = flag ?? asked ?? known[0]!;
  if (known.includes(kernel)) return kernel;
  throw badChoice(source, block, ['kernel'], flag === undefined ? null : '--kernel', `kernel "${kernel}"`, known);
}

function faultsOf(
  source: Source, block: JsonNode | null, flags: readonly string[] | undefined, asked: readonly string[] | undefined,
  known: readonly string[],
): readonly string[] {
  const named = flags ?? asked ?? [];
  const faults = named.filter((fault) => fault !== NO_FAULT);
  if (faults.length > 0 && faults.length < named.length) {
    throw new BadInput({
      file: 'command line', path: '--fault', found: `"${NO_FAULT}" beside ${faults.join(', ')}`, expected: `faults, or "${NO_FAULT}" alone`,
    });
  }
  const wrong = faults.findIndex((fault) => !known.includes(fault));
  if (wrong < 0) return [...new Set(faults)];
  const name = faults[wrong]!;
  const flag = flags === undefined ? null : '--fault';
  throw badChoice(source, block, ['faults', wrong], flag, `the fault "${name}"`, known, meantHint(name, known));
}

function badChoice(
  source: Source, block: JsonNode | null, path: readonly (string | number)[], flag: string | null, found: string,
  known: readonly string[], hint?: string,
): Error {
  const expected = known.length === 0 ? 'none: there are no faults here' : `one of ${known.join(', ')}`;
  if (flag !== null || block === null) {
    return new BadInput({ file: 'command line', path: flag ?? path.join('.'), found, expected, hint });
  }
  return source.bad(nodeAt(block, path).at, `dynticks.${path[0]}`, found, expected, hint);
}

/** A cut may only run a reader that exists. */
function cutsOf(source: Source, node: JsonNode | null, { cuts, readers }: DynticksBlock): readonly CutSpec[] {
  const names = (readers ?? []).map(({ name }) => name);
  (cuts ?? []).forEach(({ run }, i) => {
    if (!('reader' in run) || names.includes(run.reader)) return;
    const { at } = nodeAt(node!, ['cuts', i, 'run', 'reader']);
    const expected = names.length === 0 ? 'a reader, and the scenario has none' : `one of ${names.join(', ')}`;
    throw source.bad(at, `dynticks.cuts[${i}].run.reader`, `"${run.reader}"`, expected, meantHint(run.reader, names));
  });
  return cuts ?? [];
}
