/** The workloads of the recordings that a simulated machine is held beside, each with its scenario. */
import { NSEC_PER_SEC, type CpuId, type Ns } from '../../shared/units.ts';
import type { Leaf, Leaves } from './leaves.ts';

export interface ComparedWorkload {
  /** shipped scenario */
  readonly scenario: string;
  /** where its workers are, in the recorder's order */
  readonly cpus: readonly CpuId[];
  /** The recorder looks every 20 ms whether the workers are done. */
  readonly polls: boolean;
  /** Joins and leaves in the middle third; the scenario says so by a delay. */
  readonly lateTask: string | null;
  /** Its first task is a process that starts the others as threads. */
  readonly threads: boolean;
  /** rt-app runs it by itself, for so long. */
  readonly rtappNs: Ns | null;
  /** How its reader looks, by the views of `dynticks.readers`; null: it has none. */
  readonly looks: readonly string[] | null;
  /** Its first worker is in user mode and in read() by turns, for as long as the recording says. */
  readonly turns: boolean;
}

const plain = (scenario: string, cpus: readonly CpuId[]): ComparedWorkload =>
  ({ scenario, cpus, polls: false, lateTask: null, threads: false, rtappNs: null, looks: null, turns: false });

/** The recorder reads the process's raw clocks, then its file in /proc. */
const PROCESS = ['clock_virt', 'clock_prof', 'clock_sched', 'stat'];
/** Who is read is on CPU 3, who reads on CPU 0. */
const reader = (scenario: string, turns: boolean, looks = PROCESS): ComparedWorkload => ({ ...plain(scenario, [3, 0]), looks, turns });
/** And then the file of its one thread. */
const THREAD = [...PROCESS, 'task_stat'];
const CPU = ['kcpustat'];

export const COMPARED: Readonly<Record<string, ComparedWorkload>> = {
  idle: plain('idle', []),
  busy: plain('busy', [1, 2, 3]),
  busy3: plain('busy3', [3]),
  periodic: plain('periodic', [2, 3]),
  slack: plain('slack', [1, 2, 3]),
  rtapp1: { ...plain('rtapp1', []), rtappNs: 2 * NSEC_PER_SEC },
  rtappmp3: { ...plain('rtappmp3', []), rtappNs: 2 * NSEC_PER_SEC },
  pingpong: { ...plain('pingpong', [1, 2]), polls: true },
  membar: { ...plain('membar', [0]), polls: true, threads: true },
  share: { ...plain('share', [3, 3]), lateTask: 'w3_busyB' },
  mix: { ...plain('mix', [3]), turns: true },
  mix1: { ...plain('mix1', [1]), turns: true },
  reader: reader('reader', false),
  readermix: reader('readermix', true),
  readersys: reader('readersys', true),
  readershare: { ...reader('readershare', false), cpus: [3, 3, 0] },
  readertask: reader('readertask', false, THREAD),
  readertaskmix: reader('readertaskmix', true, THREAD),
  readercpu: reader('readercpu', true, CPU),
  cputimer: plain('cputimer', [3]),
};

/** The workload that a name means: `reader-long` and `reader_2` are a reader. A name that means none stays as it is. */
export function workloadNamed(name: string): string {
  const stem = name.split(/[^a-z0-9]/i)[0]!;
  return name in COMPARED || !(stem in COMPARED) ? name : stem;
}

/** In a sentence, where a workload's recorded workers are not where its scenario has them; null: they are. */
export function workersElsewhere(workload: string, figures: Leaves): string | null {
  const recorded: Leaf[] = [];
  for (let i = 0; figures.has(`workers.${i}.pid`); i++) recorded.push(figures.get(`workers.${i}.cpu`)!);
  const { scenario, cpus } = COMPARED[workload]!;
  if (recorded.join() === cpus.join()) return null;
  return `its workers are on CPUs ${recorded.join(', ')}; those of scenarios/${scenario}.json on ${cpus.join(', ')}`;
}
