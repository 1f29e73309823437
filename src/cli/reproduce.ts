/** The one line that gives a run again. It names everything that the run is a function of, and nothing else. */
import type { EngineChoice } from '../engine/run.ts';
import { timeText } from '../workload/quantity.ts';
import type { Scenario } from '../workload/scenario.ts';
import type { EngineFlags } from './engines.ts';
import type { RunOptions } from './options.ts';

/** What was decided where nobody said. */
export interface Decided {
  readonly scenario: Scenario;
  readonly engine: EngineChoice;
}

/** Made from what was asked for; with `decided` also from that. */
export function reproduceLine(options: RunOptions, decided: Decided | null): string {
  const asked = options.overrides;
  const seed = decided?.scenario.seed ?? asked.seed;
  const words = ['dynticks', 'run', options.scenario, ...engineWords(options.engine, decided?.engine)];
  if (seed !== undefined) words.push('--seed', String(seed));
  if (asked.cpus !== undefined) words.push('--cpus', String(asked.cpus));
  if (asked.hz !== undefined) words.push('--hz', String(asked.hz));
  if (asked.kernel !== undefined) words.push('--kernel', asked.kernel);
  if (asked.durationNs !== undefined) words.push('--duration', timeText(asked.durationNs));
  if (asked.cputime !== undefined) words.push('--cputime', asked.cputime);
  if (asked.reader !== undefined) words.push('--reader', asked.reader);
  if (asked.ties !== undefined) words.push('--ties', asked.ties);
  if (asked.reads !== undefined) words.push('--reads', asked.reads);
  if (asked.skewNs !== undefined) words.push('--skew', timeText(asked.skewNs));
  if (asked.widenNs !== undefined) words.push('--widen', timeText(asked.widenNs));
  for (const fault of asked.faults ?? []) words.push('--fault', fault);
  if (asked.cmdline !== undefined) words.push('--cmdline', asked.cmdline);
  for (const oracle of options.require) words.push('--require', oracle);
  return words.map(shellWord).join(' ');
}

/** The memory stands in it only if it was asked for: what a run does never depends on it. */
function engineWords({ kind, sync, memory }: EngineFlags, decided: EngineChoice | undefined): string[] {
  const threads = decided?.kind === 'threads' ? decided : undefined;
  const words = { '--engine': decided?.kind ?? kind, '--sync': threads?.sync ?? sync, '--memory': memory };
  return Object.entries(words).flatMap(([flag, word]) => (word === undefined ? [] : [flag, word]));
}

/** As a POSIX shell takes it for one word. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
