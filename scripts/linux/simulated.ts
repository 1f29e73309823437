/** The same figures from the simulated machine: run to the recorder's first look and to its second, and subtracted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import { HrtimerFunction } from '../../shared/structs/cpu.ts';
import { NSEC_PER_SEC, type Ns } from '../../shared/units.ts';
import { Path } from '../../src/kernel/arch.ts';
import { costTable } from '../../src/machine/costs.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { clocksourceHardware } from '../../src/workload/defaults.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';
import { parseDocument } from '../../src/workload/rtapp/parse-document.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { objectAt } from './document-text.ts';
import type { Leaf, Leaves } from './leaves.ts';
import { orchestrated } from './orchestrated.ts';
import { procFigures, type ProcTexts } from './proc-texts.ts';
import type { Configuration, Recording } from './recordings.ts';
import { rtappRun } from './rtapp-run.ts';
import { timelineOf, type Timeline } from './timeline.ts';
import { TraceCounts } from './trace-counts.ts';
import { WorkerFigures } from './worker-figures.ts';
import { COMPARED } from './workloads.ts';

const SCENARIOS = join(import.meta.dirname, '..', '..', '..', 'scenarios');
const HZ = 250;
const TICK_NS: Ns = NSEC_PER_SEC / HZ;
/** Long enough for a boot. */
const BOOT_NS: Ns = 60_000_000;

/** The figures that a recording would have had of the simulated machine. */
export async function simulatedFigures(recording: Recording, scenarios = SCENARIOS): Promise<Leaves> {
  const { configuration, workload, figures } = recording;
  const { scenario: name, rtappNs, ...orchestration } = COMPARED[workload]!;
  const file = `${name}.json`;
  const text = readFileSync(join(scenarios, file), 'utf8');
  const coarse = configuration.cmdline.includes('highres=off') ? TICK_NS : 0;
  const time = timelineOf(figures, coarse);
  const userNs = await bootNs(configuration);
  const whole = rtappNs === null
    ? orchestrated(text, file, time, userNs, orchestration)
    : rtappRun(text, file, time, userNs, rtappNs);
  const scenario = machineOf(whole, file, configuration);
  const counts = new TraceCounts(configuration.cpus, TICK_NS, time.t0Ns, time.t1Ns + (time.liveNs - time.t1Ns) / 2);
  const before = await runTo(scenario, time.beforeNs, []);
  const live = await runTo(scenario, time.liveNs, [counts]);
  return new Map<string, Leaf>([
    // an interrupt line that the machine has not got
    ...[...figures.keys()].filter((key) => key.startsWith('timer_irqs.')).map((key) => [key, 0] as const),
    ...procFigures(procTexts(before), procTexts(live)),
    ...counts.finish(figures),
    ['trace.events.tracing_mark_write.0', orchestration.lateTask === null ? 2 : 4],
    ...await workerFigures(scenario, text, file, time, figures),
  ]);
}

/** The workers go on while the recorder looks for the second time, each for as long as it says; where they end by themselves, until then. */
async function workerFigures(
  scenario: Scenario, text: string, file: string, time: Timeline, recorded: Leaves,
): Promise<Map<string, Leaf>> {
  const names = objectAt(parseDocument(file, text), 'tasks').entries.map(({ key }) => key.replace(/^w\d+_/, ''));
  const walls = names.map((_, i) => recorded.get(`workers.${i}.wall_ns`));
  if (walls.length === 0 || walls.some((wall) => typeof wall !== 'number')) return new Map();
  const workers = new WorkerFigures();
  const after = await runTo(scenario, time.t0Ns + Math.max(...walls as number[]), [workers]);
  const leaves = workers.finish(after, names, walls as number[]);
  return new Map<string, Leaf>([['workers.elapsed_ns', time.t1Ns - time.t0Ns], ...leaves]);
}

const runTo = (scenario: Scenario, durationNs: Ns, consumers: readonly EventConsumer[]): Promise<RunResult> =>
  simulate({ ...scenario, durationNs }, { judge: false, consumers });

/** QEMU's counters, which the recorded kernels trust (tsc=reliable). */
const COUNTERS = { tsc: NSEC_PER_SEC, hpet: 100_000_000, acpi_pm: 3_579_545 };

/**
 * QEMU executes 125 million instructions a second, as the README says. The simulator's own costs are those of
 * a machine of today, of 3 GHz.
 */
const SLOWER = 3_000 / 125;
const NATIVE = costTable({});
const QEMU_COSTS: Readonly<Record<string, Ns>> =
  Object.fromEntries(Object.entries(Path).map(([name, path]) => [name, NATIVE[path]! * SLOWER]));

/** The recorded machine: QEMU's, with four CPUs, a TSC of one count per ns and a local timer of 62.5 MHz. */
function machineOf(text: string, file: string, { release, cpus, cmdline }: Configuration): Scenario {
  const scenario = resolveScenario(text, file, { cpus, cmdline, hz: HZ, kernel: versionOf(release) });
  const clocksources = Object.entries(COUNTERS).map(([name, hertz]) => clocksourceHardware(name, hertz));
  const machine = { ...scenario.machine, clocksources, tscHz: NSEC_PER_SEC, lapicHz: NSEC_PER_SEC / 16, costs: QEMU_COSTS };
  return { ...scenario, machine };
}

/** `6.1.0-56-cloud-amd64` is a 6.1. */
export const versionOf = (release: string): string => release.split('.').slice(0, 2).join('.');

function procTexts({ files }: RunResult): ProcTexts {
  const text = (name: string): string => files.find(({ path }) => path === `proc/${name}`)?.text ?? '';
  return { stat: text('stat'), interrupts: text('interrupts'), softirqs: text('softirqs'), timer_list: text('timer_list') };
}

/** When user space begins: what a delay of one ms is counted from. */
async function bootNs(configuration: Configuration): Promise<Ns> {
  const scenario = machineOf('{ "tasks": { "t": { "delay": 1000, "run": 1 } }, "dynticks": {} }', 'boot.json', configuration);
  let bootedNs = 0;
  const consumer: EventConsumer = {
    interests: [Event.hrtimer_start],
    onEvent: (id, _cpu, _t, fields, at) => {
      if (id !== Event.hrtimer_start || fields[at + 1] !== HrtimerFunction.HrtimerWakeup || bootedNs > 0) return;
      bootedNs = fields[at + 3]! - 1_000_000;
    },
  };
  await runTo(scenario, BOOT_NS, [consumer]);
  return bootedNs;
}
