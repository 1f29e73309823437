/** One scenario on the inline engine as the measure, and another engine held to it byte for byte. */
import { createHash } from 'node:crypto';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import type { ThreadsChoice } from '../../src/engine/run.ts';
import type { ThreadsTrial } from '../../src/host/threads/threads-machine.ts';
import { TraceBinWriter } from '../../src/observe/trace-bin-writer.ts';
import { makeTraceHeader } from '../../src/observe/trace-format.ts';
import { factsOf, simulate, type RunResult, type SimulateOptions } from '../../src/sim.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { BlockReader, StreamComparer, StreamMarks, type Marks, type Parting } from './stream-marks.ts';

/** All that a run leaves, each part as a text. */
export type RunPrint = Readonly<Record<
  'reason' | 'endNs' | 'records' | 'digest' | 'trace.bin' | 'figures' | 'verdicts' | 'broken' | 'files' | 'stuckTasks' | 'missedCuts',
  string
>>;

/** What other engines are held to. */
export interface Measure {
  readonly scenario: Scenario;
  readonly run: RunResult;
  readonly print: RunPrint;
  readonly marks: Marks;
}

export async function measureInline(scenario: Scenario): Promise<Measure> {
  const marks = new StreamMarks(factsOf(scenario));
  const { run, print } = await runPrinted(scenario, marks, {});
  return { scenario, run, print, marks: marks.finish() };
}

/** In what a run on threads differs from the measure, in sentences; none, if it does not. */
export async function differencesOf(
  { scenario, print, marks }: Measure, engine: ThreadsChoice, trial: ThreadsTrial = {},
): Promise<string[]> {
  const comparer = new StreamComparer(factsOf(scenario), marks);
  const other = await runPrinted(scenario, comparer, { engine, trial });
  comparer.finish();
  // where CPUs may race some oracles do not judge, so that only what is broken says the same
  const isLeftOut = (part: string): boolean => part === 'verdicts' && engine.sync === 'free';
  const parts = (Object.keys(print) as (keyof RunPrint)[]).filter((part) => !isLeftOut(part));
  const differing = parts.flatMap((part) => differenceOf(part, print[part], other.print[part]));
  return [...differing, ...await firstRecords(scenario, comparer.partings)];
}

async function runPrinted(
  scenario: Scenario, consumer: EventConsumer, options: SimulateOptions,
): Promise<{ run: RunResult; print: RunPrint }> {
  const bytes = createHash('sha256');
  const writer = new TraceBinWriter(makeTraceHeader(scenario.name, scenario.seed, factsOf(scenario)), (chunk) => bytes.update(chunk));
  const run = await simulate(scenario, { ...options, consumers: [writer, consumer] });
  writer.finish(run.digest);
  return { run, print: printOf(run, bytes.digest('hex')) };
}

function printOf(run: RunResult, traceBin: string): RunPrint {
  const { reason, endNs, records, digest, figures, verdicts, files, stuckTasks, missedCuts } = run;
  return {
    reason, digest, 'trace.bin': traceBin, endNs: String(endNs), records: String(records),
    figures: JSON.stringify(figures), verdicts: JSON.stringify(verdicts),
    broken: JSON.stringify(verdicts.filter(({ verdict }) => verdict.verdict === 'broken')), files: JSON.stringify(files),
    stuckTasks: stuckTasks.join(), missedCuts: missedCuts.join(),
  };
}

/** The part's name, and both texts from shortly before they part. */
function differenceOf(part: string, measure: string, other: string): string[] {
  if (measure === other) return [];
  let at = 0;
  while (measure[at] === other[at]) at += 1;
  const from = Math.max(0, at - 40);
  return [`${part}: ${measure.slice(from, at + 60)} | ${other.slice(from, at + 60)}`];
}

async function firstRecords(scenario: Scenario, partings: readonly Parting[]): Promise<string[]> {
  if (partings.length === 0) return [];
  const reader = new BlockReader(factsOf(scenario), partings);
  await simulate(scenario, { consumers: [reader], judge: false });
  return partings.map(({ cpu, lines }, i) => firstDifference(`stream ${cpu}`, reader.lines[i]!, lines));
}

/** The first record that is not the same. */
export function firstDifference(name: string, inline: readonly string[], other: readonly string[]): string {
  const found = inline.findIndex((line, n) => line !== other[n]);
  const n = found === -1 ? inline.length : found;
  return `${name}\n  inline ${inline[n] ?? 'ends'}\n  other  ${other[n] ?? 'ends'}`;
}
