/**
 * `run.json`: everything about a run that a person or a program wants to know later. Two runs of one
 * seed give the same bytes except for the block `host`, so all that depends on the computer, the
 * moment or the folder goes there. (Where CPUs race, digest, figures and counts are those of one run;
 * the block `engine` says so.) The order of keys is the order in which they are written here.
 */
import { CLOCKSOURCE_NAMES } from '../../shared/structs/timekeeper.ts';
import type { Ns } from '../../shared/units.ts';
import type { ThreadsChoice } from '../engine/run.ts';
import type { CpuFigures, ReadRaces, TaskFigures } from '../observe/run-figures.ts';
import type { Scenario } from '../workload/scenario.ts';
import type { HostFacts } from './host-facts.ts';
import type { HostedReport } from './threads/threads-machine.ts';
import type { JudgedRun, OracleVerdict, Outcome } from './judged-run.ts';
import type { ScenarioText } from './scenario-file.ts';

const RUN_FORMAT = 'dynticks run 1';

export interface EngineFacts {
  readonly name: string;
  /** How threads agree on an order, and over which memory; missing where there is one thread. */
  readonly sync?: ThreadsChoice['sync'];
  readonly memory?: ThreadsChoice['memory'];
  /** What two runs of the same line have in common. */
  readonly determinism: string;
}

/** Everything that run.json is made of. */
export interface RunRecord {
  readonly scenario: Scenario;
  readonly source: ScenarioText;
  readonly engine: EngineFacts;
  readonly version: string;
  /** One line that gives this run again. */
  readonly reproduce: string;
  readonly trace: string;
  readonly run: JudgedRun;
  readonly outcome: Outcome;
  /** Oracles that had to have something to judge. */
  readonly required: readonly string[];
  readonly exitCode: number;
  readonly host: HostRecord;
}

/** The only block that may differ between two runs of one seed, where CPUs do not race. */
export interface HostRecord extends HostFacts {
  readonly folder: string;
  readonly argv: readonly string[];
  readonly startedAt: string;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Where CPUs race: how reads and writes met. */
  readonly reads?: ReadRaces;
  /** Where each CPU has a thread: how they worked together. */
  readonly threads?: ThreadsFacts;
}

export interface ThreadsFacts {
  /** Windows that were opened. */
  readonly opened: number;
  /** Those in which two threads were at work at one moment. */
  readonly overlapping: number;
  readonly cpus: readonly ThreadFacts[];
}

/** One CPU's thread: what it ran, took part in, waited for, and how often its reads were overtaken. */
export type ThreadFacts = Pick<HostedReport, 'id' | 'threadId' | 'events' | 'windows' | 'spins' | 'readRetries'>;

export type RunDocument = Readonly<Record<string, unknown>>;

export function runDocument(record: RunRecord): RunDocument {
  const { scenario, run } = record;
  return {
    format: RUN_FORMAT,
    complete: run.reason !== 'interrupted',
    outcome: record.outcome,
    exitCode: record.exitCode,
    reproduce: record.reproduce,
    versions: { dynticks: record.version, kernel: scenario.kernel },
    engine: engineBlock(record.engine),
    scenario: scenarioBlock(scenario),
    machine: machineBlock(record),
    end: endBlock(record),
    oracles: run.verdicts.map(oracleBlock),
    required: [...record.required],
    cpus: run.figures.cpus.map(cpuBlock),
    tasks: run.figures.tasks.map(taskBlock),
    reads: { ...run.figures.reads },
    approximations: [...scenario.approximations],
    warnings: [...scenario.warnings],
    source: { file: record.source.fileName, text: record.source.text },
    host: record.host,
  };
}

/** The document's bytes. */
export function printRunDocument(document: RunDocument): string {
  return `${JSON.stringify(document, null, 1)}\n`;
}

function engineBlock({ name, sync, memory, determinism }: EngineFacts): object {
  return { name, ...(sync !== undefined && { sync }), ...(memory !== undefined && { memory }), determinism };
}

function scenarioBlock(scenario: Scenario): object {
  return {
    name: scenario.name,
    cpus: scenario.cpus,
    hz: scenario.hz,
    seed: scenario.seed,
    kernel: scenario.kernel,
    cmdline: { ...scenario.cmdline },
    durationNs: scenario.durationNs,
    cputime: scenario.cputime,
    reader: scenario.reader,
    ties: scenario.ties,
    reads: scenario.reads,
    skewNs: scenario.skewNs,
    widenNs: scenario.widenNs,
    faults: [...scenario.faults],
    cuts: scenario.cuts,
    readers: scenario.readers,
    workload: workloadBlock(scenario),
  };
}

/** Tasks and objects as declared; the programs themselves are in `source.text`. */
function workloadBlock(scenario: Scenario): object {
  const { workload } = scenario;
  return {
    tasks: workload.tasks,
    reads: workload.reads,
    forkPools: workload.forkPools,
    syncObjects: workload.syncObjects,
    sharedTimers: workload.sharedTimers,
  };
}

function machineBlock(record: RunRecord): object {
  const { machine } = record.scenario;
  const { facts } = record.run;
  return {
    clocksources: machine.clocksources.map(({ id, ...source }) => ({ name: CLOCKSOURCE_NAMES[id], ...source })),
    lapicHz: machine.lapicHz,
    clockevents: machine.clockevents,
    ipiDelayNs: facts.ipiDelayNs,
    costs: machine.costs,
    tickNs: facts.tickNs,
    cputime: [...facts.cputime],
  };
}

function endBlock(record: RunRecord): object {
  const { run } = record;
  return {
    reason: run.reason,
    ns: run.endNs,
    digest: run.digest,
    events: run.figures.events,
    records: run.records,
    trace: record.trace,
    stuckTasks: [...run.stuckTasks],
    missedCuts: [...run.missedCuts],
  };
}

function oracleBlock(oracle: OracleVerdict): object {
  return { id: oracle.id, says: oracle.says, ...oracle.verdict };
}

function cpuBlock(cpu: CpuFigures): object {
  const charged: Record<string, Ns> = {};
  for (const [slot, ns] of Object.entries(cpu.kcpustat)) charged[`${slot}Ns`] = ns;
  return {
    cpu: cpu.cpu,
    offlineNs: cpu.offlineNs,
    userNs: cpu.userNs,
    systemNs: cpu.systemNs,
    softirqNs: cpu.softirqNs,
    irqNs: cpu.irqNs,
    idleNs: cpu.idleNs,
    stealNs: cpu.stealNs,
    ticks: cpu.ticks,
    timerInterrupts: cpu.timerInterrupts,
    ipis: { reschedule: cpu.ipis.reschedule, callFunction: cpu.ipis.callFunction },
    wakeups: cpu.wakeups,
    contextSwitches: cpu.contextSwitches,
    kcpustat: charged,
  };
}

function taskBlock(task: TaskFigures): object {
  return {
    task: task.task,
    pid: task.pid,
    name: task.name,
    cpu: task.cpu,
    state: task.state,
    userNs: task.userNs,
    systemNs: task.systemNs,
    irqNs: task.irqNs,
    utimeNs: task.utimeNs,
    stimeNs: task.stimeNs,
    sumExecRuntimeNs: task.sumExecRuntimeNs,
    wakeups: task.wakeups,
    migrations: task.migrations,
    contextSwitches: task.contextSwitches,
    iterations: task.iterations,
    events: task.events,
  };
}
