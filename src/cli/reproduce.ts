/** The one line that gives a run again. It names everything that the run is a function of, and nothing else. */
import { timeText } from '../workload/quantity.ts';
import type { Scenario } from '../workload/scenario.ts';
import type { RunOptions } from './options.ts';

/** Made from what was asked for; with a scenario also from what was decided. */
export function reproduceLine(options: RunOptions, scenario: Scenario | null): string {
  const asked = options.overrides;
  const seed = scenario?.seed ?? asked.seed;
  const words = ['dynticks', 'run', options.scenario, '--engine', 'inline'];
  if (seed !== undefined) words.push('--seed', String(seed));
  if (asked.cpus !== undefined) words.push('--cpus', String(asked.cpus));
  if (asked.hz !== undefined) words.push('--hz', String(asked.hz));
  if (asked.kernel !== undefined) words.push('--kernel', asked.kernel);
  if (asked.durationNs !== undefined) words.push('--duration', timeText(asked.durationNs));
  if (asked.cputime !== undefined) words.push('--cputime', asked.cputime);
  if (asked.reader !== undefined) words.push('--reader', asked.reader);
  if (asked.ties !== undefined) words.push('--ties', asked.ties);
  for (const fault of asked.faults ?? []) words.push('--fault', fault);
  if (asked.cmdline !== undefined) words.push('--cmdline', asked.cmdline);
  for (const oracle of options.require) words.push('--require', oracle);
  return words.map(shellWord).join(' ');
}

/** As a POSIX shell takes it for one word. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
