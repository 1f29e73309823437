/** The same figures from the simulated machine: run to the recorder's first look and to its second, and subtracted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../../src/sim.ts';
import type { CpuId, TaskId } from '../../shared/units.ts';
import type { JsonNode } from '../../src/workload/rtapp/document.ts';
import { parseDocument } from '../../src/workload/rtapp/parse-document.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { BEFORE, objectAt } from './document-text.ts';
import { numberAt, type Leaf, type Leaves } from './leaves.ts';
import { orchestrated, startPhaseOf } from './orchestrated.ts';
import { procFigures, type ProcTexts } from './proc-texts.ts';
import { QemuMachine, TICK_NS } from './qemu-machine.ts';
import { cpuReaderFigures, ReaderLooks, readerFigures } from './reader-looks.ts';
import type { Turn } from './reader-text.ts';
import { passesBefore, type Recording } from './recordings.ts';
import { rtappRun } from './rtapp-run.ts';
import { timelineOf, type Timeline } from './timeline.ts';
import { TraceCounts } from './trace-counts.ts';
import { WorkerFigures } from './worker-figures.ts';
import { COMPARED, workloadNamed } from './workloads.ts';

const SCENARIOS = join(import.meta.dirname, '..', '..', '..', 'scenarios');

/** What is 0 where the machine does not say it. */
const ABSENT = /^(timer_irqs|trace\.workqueue|trace\.tick_gap_ms\.\d+\.n|trace\.tick_stop)/;

/** The figures that a recording would have had of the simulated machine. */
export async function simulatedFigures(recording: Recording, scenarios = SCENARIOS): Promise<Leaves> {
  const { configuration, workload, figures } = recording;
  const { scenario: name, rtappNs, turns, ...orchestration } = COMPARED[workload]!;
  const file = `${name}.json`;
  const text = readFileSync(join(scenarios, file), 'utf8');
  const sleepTickNs = configuration.cmdline.includes('highres=off') ? TICK_NS : 0;
  const time = timelineOf(figures, sleepTickNs);
  const before = tasksBefore(recording);
  const machine = await QemuMachine.of(configuration);
  const whole = rtappNs === null
    ? orchestrated(text, file, time, machine.boot.userNs, { ...orchestration, before, turn: turns ? turnOf(figures) : null })
    : rtappRun(text, file, time, { bootNs: machine.boot.userNs, durationNs: rtappNs, sleepTickNs, before });
  const scenario = machine.scenarioOf(whole, file);
  const ahead = machine.boot.aheadNs;
  const spanNs = (time.t1Ns + time.liveNs) / 2 - time.t0Ns;
  const counts = new TraceCounts(scenario, TICK_NS, time.t0Ns + ahead, spanNs, rtappNs === null ? startPhaseOf(time) : -1);
  const first = await machine.runTo(scenario, time.beforeNs);
  const live = await machine.runTo(scenario, time.liveNs, [counts]);
  return new Map<string, Leaf>([
    // interrupt lines and works that the machine has not got
    ...[...figures.keys()].filter((key) => ABSENT.test(key)).map((key) => [key, 0] as const),
    ...procFigures(procTexts(first), procTexts(live)),
    ...counts.finish(figures),
    ...marks(figures, orchestration.lateTask === null ? 2 : 4),
    ...await workerFigures(machine, scenario, namesIn(text, file), time, recording),
  ]);
}

/** Tasks that do what earlier passes of the same boot have done. */
export function tasksBefore({ configuration, pass }: Recording): string[] {
  const earlier = passesBefore(configuration, pass).map((before) => workloadNamed(before.replace('/notrace', '')));
  return BEFORE.filter(({ follows }) => follows(earlier)).flatMap(({ tasks }) => tasks);
}

/** Workers in the recorder's order: tasks, then the scenario's readers. */
export function namesIn(text: string, file: string): string[] {
  const root = parseDocument(file, text);
  const readers = objectAt(root, 'dynticks').entries.find(({ key }) => key === 'readers')?.value;
  const names = readers?.kind === 'array' ? readers.items.map(readerName) : [];
  return [...objectAt(root, 'tasks').entries.map(({ key }) => key), ...names];
}

function readerName(reader: JsonNode): string {
  const name = reader.kind === 'object' ? reader.entries.find(({ key }) => key === 'name')?.value : undefined;
  return name?.kind === 'string' ? name.value : '';
}

/** How long the recorded worker was in user mode and in the kernel each time, as it measured itself; all in read() if it did not. */
export function turnOf(figures: Leaves): Turn {
  const keys = ['truth_user_ns', 'truth_sys_ns', 'wall_ns', 'loops'];
  const [user, system, wall, loops] = keys.map((key) => numberAt(figures, `workers.0.${key}`));
  return user === 0 ? { userNs: 0, systemNs: wall! / loops! } : { userNs: user! / loops!, systemNs: system! / loops! };
}

/** What the recorder writes into a trace, always on CPU 0. */
function marks(figures: Leaves, count: number): [string, Leaf][] {
  const keys = [...figures.keys()].filter((key) => key.startsWith('trace.events.tracing_mark_write.'));
  return keys.map((key) => [key, key.endsWith('.0') ? count : 0]);
}

/** The workers go on while the recorder looks for the second time, each for as long as it says. */
async function workerFigures(
  machine: QemuMachine, scenario: Scenario, names: readonly string[], time: Timeline, { workload, figures }: Recording,
): Promise<Map<string, Leaf>> {
  const walls = names.map((_, i) => figures.get(`workers.${i}.wall_ns`)).filter((wall) => typeof wall === 'number');
  if (walls.length === 0) return new Map();
  const workers = new WorkerFigures();
  const { polls, looks } = COMPARED[workload]!;
  const ofCpu = looks?.includes('kcpustat') === true;
  const reader = looks === null ? [] : [readerOf(scenario, names, numberAt(figures, 'workers.0.cpu'))];
  const after = await machine.runTo(scenario, polls ? time.t1Ns : time.t0Ns + Math.max(...walls), [workers, ...reader]);
  const seen = reader.flatMap(({ samples }) => [...(ofCpu ? cpuReaderFigures(samples) : readerFigures(samples))]);
  return new Map([...workers.finish(after, names, walls, polls), ...seen]);
}

/** The last of the workers reads the first. */
export function readerOf(scenario: Scenario, names: readonly string[], cpu: CpuId): ReaderLooks {
  const { looks } = scenario.workload.reads[0]!;
  return new ReaderLooks(taskNamed(scenario, names.at(-1)!), taskNamed(scenario, `${names[0]!}-1`), cpu, looks.length);
}

/** The number of a task of the scenario; the idle ones come first. */
const taskNamed = ({ cpus, workload }: Scenario, name: string): TaskId => cpus + workload.tasks.findIndex((task) => task.name === name);

function procTexts({ files }: RunResult): ProcTexts {
  const text = (name: string): string => files.find(({ path }) => path === `proc/${name}`)?.text ?? '';
  return { stat: text('stat'), interrupts: text('interrupts'), softirqs: text('softirqs'), timer_list: text('timer_list') };
}
