/**
 * Readers of tasks on CPUs that need no tick: the real kernel's, `linux` and `complete` side by side. Below a tick, user
 * and system time wait for their account. Linux's reader adds what waits on the side where the task is now, and leaves
 * out the other; of a task that does not run it leaves out both. So what it returns steps back when the task crosses
 * the border or is switched out, by less than a tick; what the complete reader returns does not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { numberAt, type Leaf, type Leaves } from './leaves.ts';
import { orchestrated } from './orchestrated.ts';
import { QemuMachine, TICK_NS, versionOf } from './qemu-machine.ts';
import { readerFigures } from './reader-looks.ts';
import type { Recording } from './recordings.ts';
import { namesIn, readerOf, tasksBefore, turnOf } from './simulated.ts';
import { timelineOf } from './timeline.ts';
import { COMPARED } from './workloads.ts';

/** Steps back of the two raw clocks: how many, and the widest. */
export interface StepsBack {
  readonly looks: number;
  readonly virt: number;
  readonly prof: number;
  readonly widestNs: number;
}

export interface ReaderKinds {
  readonly recording: Recording;
  readonly real: StepsBack;
  readonly linux: StepsBack;
  readonly complete: StepsBack;
}

/** With two tasks on it a CPU ticks in Linux too; with one its tick is off. */
const TICKS = /^readershare$/;

/** Readers of a process on a machine whose CPUs 2 and 3 are `nohz_full=`. */
export function isTickless({ configuration: { release, cmdline }, workload, figures }: Recording): boolean {
  const known = ['6.1', '6.12'].includes(versionOf(release)) && release.endsWith('-amd64') && !release.includes('-rt-');
  const whole = /\bnohz_full=2[,-]3\b/.test(cmdline) && /\btsc=reliable\b/.test(cmdline);
  return known && whole && figures.has('readers.0.n') && COMPARED[workload]?.looks?.includes('clock_prof') === true;
}

/** The same look by look on the simulated machine, by either reader. */
export async function readerKinds(recording: Recording, scenarios: string): Promise<ReaderKinds> {
  const [linux, complete] = [await simulatedSteps(recording, scenarios, 'linux'), await simulatedSteps(recording, scenarios, 'complete')];
  return { recording, real: stepsOf(recording.figures), linux, complete };
}

/** Whether the kinds are those of the real kernel: steps back where it has some, less than a tick; none for the complete reader. */
export function kindsAgree({ real, linux, complete }: ReaderKinds): boolean {
  const steps = ({ virt, prof }: StepsBack): boolean => virt + prof > 0;
  return steps(linux) === steps(real) && !steps(complete) && Math.max(linux.widestNs, real.widestNs) < TICK_NS;
}

async function simulatedSteps(recording: Recording, scenarios: string, reader: 'linux' | 'complete'): Promise<StepsBack> {
  const { configuration, workload, figures } = recording;
  const { scenario: name, rtappNs: _, turns, ...orchestration } = COMPARED[workload]!;
  const file = `${name}.json`;
  const text = readFileSync(join(scenarios, file), 'utf8');
  const machine = await QemuMachine.of(configuration);
  const time = timelineOf(figures, 0);
  const block = [`"reader": "${reader}"`, ...(TICKS.test(workload) ? [] : ['"tickOff": [3]'])];
  const how = { ...orchestration, before: tasksBefore(recording), block, turn: turns ? turnOf(figures) : null };
  const scenario = machine.scenarioOf(orchestrated(text, file, time, machine.boot.userNs, how), file);
  const looks = readerOf(scenario, namesIn(text, file), numberAt(figures, 'workers.0.cpu'));
  await machine.runTo(scenario, time.t0Ns + numberAt(figures, 'workers.0.wall_ns'), [looks]);
  return stepsOf(readerFigures(looks.samples));
}

function stepsOf(figures: Leaves): StepsBack {
  const at = (key: string): number => numberOr0(figures.get(`readers.0.${key}`));
  return {
    looks: at('n'), virt: at('virt_backward'), prof: at('prof_backward'),
    widestNs: Math.max(at('virt_max_backward'), at('prof_max_backward')),
  };
}

const numberOr0 = (value: Leaf | undefined): number => (typeof value === 'number' ? value : 0);

/** As rows of a table in Markdown. */
export function kindsTable(rows: readonly ReaderKinds[]): string {
  const cells = ({ looks, virt, prof, widestNs }: StepsBack): string =>
    `${looks} looks: ${virt} + ${prof}${widestNs > 0 ? `, ${(widestNs / 1e6).toFixed(2)} ms` : ''}`;
  const lines = rows.map((row) => {
    const { recording: { configuration, pass }, real, linux, complete } = row;
    return `| ${configuration.name} | ${pass} | ${[real, linux, complete].map(cells).join(' | ')} | ${kindsAgree(row) ? 'yes' : 'NO'} |`;
  });
  return ['| recorded | workload | real | `linux` | `complete` | agree |', '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n');
}
