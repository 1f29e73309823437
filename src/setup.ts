/** From a scenario as resolved to what an engine needs. Pure: the same scenario gives the same machine. */
import type { CputimeFlavour } from '../shared/cputime-flavour.ts';
import type { ClockFacts, RunFacts, TaskFacts } from '../shared/event-consumer.ts';
import { layOutMachine, type MachineShape } from '../shared/machine-map.ts';
import { ClocksourceId } from '../shared/structs/timekeeper.ts';
import { NSEC_PER_SEC, type CpuId, type Ns, type TaskId } from '../shared/units.ts';
import type { Cut, CutAction } from './engine/cuts.ts';
import type { MachineSetup } from './engine/machine-setup.ts';
import type { KernelConfig } from './kernel/config.ts';
import { KERNEL_VERSIONS, type KernelVersion } from './kernel/versions.ts';
import { ClockStepKind, type WorkloadData } from './kernel/user.ts';
import { clocksourceTable } from './kernel/time/clocksource.ts';
import { costTable } from './machine/costs.ts';
import type { CpuHardware } from './machine/sim-cpu.ts';
import { BadInput } from './workload/bad-input.ts';
import { meantHint } from './workload/did-you-mean.ts';
import { RtAppUser } from './workload/rtapp-user.ts';
import { LIMIT_WITHOUT_DURATION_NS, type CutSpec, type Scenario } from './workload/scenario.ts';

/** Pid of the first task of the workload. */
const FIRST_PID = 1000;

/** How each CPU accounts: `auto` gives context tracking to the CPUs of nohz_full=, as Linux does. */
function cputimeOf({ cpus, cputime, cmdline }: Scenario): readonly CputimeFlavour[] {
  const tracked = (cpu: CpuId): boolean => cmdline.nohzFull?.includes(cpu) ?? false;
  return Array.from({ length: cpus }, (_, cpu) => (cputime === 'auto' ? (tracked(cpu) ? 'gen' : 'tick') : cputime));
}

const versionOf = ({ kernel }: Scenario): KernelVersion => KERNEL_VERSIONS.find(({ name }) => name === kernel)!;

/** What is known of the scenario's run before its first event. `racing`: its engine lets CPUs run as they like. */
export function factsOf(scenario: Scenario, racing = false): RunFacts {
  const { cpus, hz, workload, machine } = scenario;
  const idle = Array.from({ length: cpus }, (_, task): TaskFacts =>
    ({ task, pid: 0, name: `swapper/${task}`, declaration: -1, nice: 0 }));
  const tasks = workload.tasks.map((spec, i): TaskFacts =>
    ({
      task: cpus + i, pid: FIRST_PID + i, name: spec.name, declaration: spec.declaration, nice: spec.attributes.nice,
      ...leaderOf(workload, cpus + i, i), ...(spec.kernel ? { kernel: true } : {}),
    }));
  return {
    cpus, hz, tasks: [...idle, ...tasks], processes: workload.processes.map(({ name, threads, age }) => ({ name, threads, age })),
    tickNs: NSEC_PER_SEC / hz,
    epochSec: scenario.epochSec, clocks: clockFactsOf(scenario), stalledNs: stalledOf(scenario), steals: hasHypervisor(scenario),
    longestPathNs: Math.max(...costTable(machine.costs)),
    cputime: cputimeOf(scenario), ipiDelayNs: machine.ipiDelayNs,
    racing, skewNs: racing ? scenario.skewNs : 0,
    nohzFull: scenario.cmdline.nohzFull ?? [], tickOff: scenario.tickOff, keepsForcedEvent: versionOf(scenario).keepsForcedEvent,
    reader: scenario.reader,
  };
}

/** Of a process of several threads. */
function leaderOf({ processes, processOf }: WorkloadData, task: TaskId, i: number): Pick<TaskFacts, 'leader'> {
  const leader = processes[processOf[i]!]!.threads[0]!;
  return leader === task ? {} : { leader };
}

/**
 * How long the hardware may keep a CPU from an interrupt: firmware and hypervisor in all, and the way out of its deepest idle
 * state once.
 */
function stalledOf({ cpus, durationNs, machine: { stalls, thefts, cpuidle } }: Scenario): Ns[] {
  const limit = durationNs ?? LIMIT_WITHOUT_DURATION_NS;
  const awakes = cpuidle === null ? 0 : Math.max(...cpuidle.states.map(({ exitLatencyNs }) => exitLatencyNs));
  return Array.from({ length: cpus }, (_, cpu) =>
    stalls.reduce((sum, stall) => sum + (stall.cpu === null || stall.cpu === cpu ? stall.forNs : 0), awakes)
      + thefts.windows.reduce((sum, theft) => sum + (theft.cpu === cpu ? stolenBy(theft, limit) : 0), 0));
}

function stolenBy({ at, forNs, everyNs }: Scenario['machine']['thefts']['windows'][number], limit: Ns): Ns {
  const times = everyNs === null ? 1 : Math.floor(Math.max(0, limit - at) / everyNs) + 1;
  return at < limit ? times * forNs : 0;
}

function clockFactsOf({ machine, workload }: Scenario): ClockFacts {
  const costs = costTable(machine.costs);
  const sources = clocksourceTable(machine.clocksources, NSEC_PER_SEC).flatMap(({ id, readPath }) => {
    const source = machine.clocksources.find((each) => each.id === id);
    if (source === undefined) return [];
    const { hz, drifts, skews } = source;
    return [{ id, hz, readNs: readPath === -1 ? 0 : costs[readPath]!, drifts, skews }];
  });
  return { sources, frequencies: workload.clockSteps.flatMap(({ kind, value }) => (kind === ClockStepKind.Frequency ? [value] : [])) };
}

/** The machine that runs the scenario until `limitNs`, whichever engine runs it. */
export function machineSetupOf(scenario: Scenario, limitNs: Ns): MachineSetup {
  return {
    limitNs,
    shape: shapeOf(scenario), config: kernelConfigOf(scenario), hardware: hardwareOf(scenario),
    hpetHz: scenario.machine.clockevents.hpetHz,
    ipiDelayNs: scenario.machine.ipiDelayNs, seed: scenario.seed, ties: scenario.ties,
    faults: scenario.faults, cuts: cutsOf(scenario),
    workers: workersOf(scenario), endsWithTasks: scenario.durationNs === null,
  };
}

export function shapeOf({ cpus, workload, machine }: Scenario): MachineShape {
  return {
    cpus, tasks: cpus + workload.tasks.length,
    syncObjects: workload.syncObjects.length, sharedTimers: workload.sharedTimers.length,
    processes: workload.processes.length, posixTimers: workload.posixTimers.length, timerfds: workload.timerfds.length,
    background: workload.background.length, workers: workload.workers.length,
    csdPool: machine.messageSlots,
  };
}

export function kernelConfigOf(scenario: Scenario): KernelConfig {
  const { cmdline, hz, machine, workload, programs } = scenario;
  return {
    version: versionOf(scenario),
    hz, tickNs: NSEC_PER_SEC / hz,
    highres: cmdline.highres, nohz: cmdline.nohz, nohzFull: cmdline.nohzFull !== null, isolated: isolatedOf(scenario),
    cpuidle: machine.cpuidle,
    tickless: ticklessOf(scenario), tickOff: tickOffOf(scenario),
    skewTick: cmdline.skewTick, nolapicTimer: cmdline.nolapicTimer,
    timerMigration: cmdline.timerMigration, profile: cmdline.profile !== null,
    tscHz: machine.tscHz, lapicHz: machine.lapicHz, clockevents: machine.clockevents,
    clocksource: cmdline.clocksource, tsc: cmdline.tsc, clocksources: clocksourceTable(usableBy(scenario), NSEC_PER_SEC / hz),
    clocksWander: clocksWander(scenario), epochSec: scenario.epochSec, stealClock: hasHypervisor(scenario),
    cputime: cputimeOf(scenario), workload: { ...workload, user: new RtAppUser(programs) },
  };
}

/** Whether anybody ever takes a processor: then there is a record of it. */
function hasHypervisor({ machine: { thefts } }: Scenario): boolean {
  return thefts.windows.length + thefts.restarts.length > 0;
}

function clocksWander({ machine, workload }: Scenario): boolean {
  const wanders = machine.clocksources.some(({ drifts, skews }) => drifts.length + skews.length > 0);
  return wanders || machine.stalls.length > 0 || workload.clockSteps.length > 0;
}

/** Without a tsc that the command line calls unstable. @linux arch/x86/kernel/tsc.c init_tsc_clocksource */
function usableBy({ cmdline, machine }: Scenario): Scenario['machine']['clocksources'] {
  return cmdline.tsc === 'unstable' ? machine.clocksources.filter(({ id }) => id !== ClocksourceId.Tsc) : machine.clocksources;
}

function ticklessOf({ cpus, cmdline: { nohzFull } }: Scenario): boolean[] {
  return Array.from({ length: cpus }, (_, cpu) => nohzFull?.includes(cpu) ?? false);
}

function tickOffOf({ cpus, tickOff }: Scenario): boolean[] {
  return Array.from({ length: cpus }, (_, cpu) => tickOff.includes(cpu));
}

function isolatedOf({ cpus, cmdline: { isolcpus } }: Scenario): boolean[] {
  return Array.from({ length: cpus }, (_, cpu) => isolcpus !== null && isolcpus.domain && isolcpus.cpus.includes(cpu));
}

export function hardwareOf({ machine }: Scenario): CpuHardware {
  const { clocksources: counters, stalls, thefts, tscHz, lapicHz, clockevents, costs } = machine;
  const followsTsc = clockevents.local === 'lapic-deadline';
  return { counters, stalls, thefts, followsTsc, eventDeviceHz: followsTsc ? tscHz : lapicHz, costs: costTable(costs) };
}

/**
 * The scenario's cuts, their readers found by name.
 * @throws BadInput where a cut names a struct or field that memory does not have, or runs what its CPU cannot
 */
export function cutsOf(scenario: Scenario): Cut[] {
  if (scenario.cuts.length > 0) checkCellNames(scenario);
  return scenario.cuts.map((spec, i) => ({
    cpu: spec.cpu, entry: spec.event.entry, nth: spec.event.n,
    struct: spec.access.struct, field: spec.access.field, op: spec.access.op, access: spec.access.n,
    run: elsewhere(scenario, i, spec.cpu, actionOf(scenario, spec)),
  }));
}

/** A CPU that is inside an event can begin no other: only its interrupts come there. */
function elsewhere(scenario: Scenario, i: number, cpu: CpuId, action: CutAction): CutAction {
  if (action.kind === 'irq' || action.cpu !== cpu) return action;
  throw new BadInput({
    file: scenario.name, path: `dynticks.cuts[${i}].run`, found: `a ${action.kind} of CPU ${cpu}, which is inside the event that is cut`,
    expected: 'another CPU’s',
  });
}

function checkCellNames(scenario: Scenario): void {
  const { records } = layOutMachine(shapeOf(scenario)).map;
  scenario.cuts.forEach(({ access }, i) => {
    const structs = records.map(({ layout }) => layout.name);
    const layout = records.find((placed) => placed.layout.name === access.struct)?.layout;
    if (layout === undefined) throw badName(scenario, `cuts[${i}].access.struct`, access.struct, structs);
    const fields = layout.fields.map(({ name }) => name);
    if (!fields.includes(access.field)) throw badName(scenario, `cuts[${i}].access.field`, access.field, fields);
  });
}

function badName(scenario: Scenario, path: string, found: string, known: readonly string[]): BadInput {
  return new BadInput({
    file: scenario.name, path: `dynticks.${path}`, found: `"${found}"`,
    expected: `one of ${known.join(', ')}`, hint: meantHint(found, known),
  });
}

function actionOf(scenario: Scenario, { run }: CutSpec): CutAction {
  if ('irq' in run) return { kind: 'irq' };
  if ('cpu' in run) return { kind: 'event', cpu: run.cpu };
  const reader = scenario.readers.find(({ name }) => name === run.reader)!;
  const spec = scenario.workload.tasks[reader.taskIndex]!;
  return { kind: 'reader', task: scenario.cpus + reader.taskIndex, cpu: spec.attributes.cpus?.[0] ?? 0, read: reader.read };
}

/** The tasks of the rt-app workload: a run is over when these are done, whatever readers and the kernel’s own threads do. */
export function workersOf({ cpus, workload, readers }: Scenario): TaskId[] {
  const reading = new Set(readers.map(({ taskIndex }) => taskIndex));
  const setting = new Set(workload.clockTasks);
  return workload.tasks.flatMap(({ kernel }, i) => (kernel || reading.has(i) || setting.has(cpus + i) ? [] : [cpus + i]));
}
