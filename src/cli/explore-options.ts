/** What `dynticks explore` and `dynticks replay` were told, in terms of the catalogue. */
import type { Catalogued } from '../models/catalogued.ts';
import { parseReplayText, subjectText, type SearchMode, type SearchTask, type Subject } from '../explorer.ts';
import { meantHint } from '../workload/did-you-mean.ts';
import { duration, flagError, integer, oneOf } from './flags.ts';

/** Flags as commander hands them over. */
export interface RawExploreOptions {
  readonly mode?: string;
  readonly mutant?: string;
  readonly preemptions?: string;
  readonly seed?: string;
  readonly executions?: string;
  readonly budget?: string;
  readonly json?: boolean;
}

export interface ExploreOptions {
  /** One after the other. */
  readonly tasks: readonly SearchTask[];
  readonly json: boolean;
}

const MODES = ['quick', 'thorough', 'exhaustive', 'bounded', 'random'] as const;
const PREEMPTIONS = '3';
const SEED = '1';
const PREEMPTIONS_MAX = 100;
/** Of a random search of which neither a number nor a time was said. */
const RANDOM_EXECUTIONS = 100_000;
const NS_PER_MS = 1_000_000;

/** @throws BadInput at the first word that makes no sense */
export function parseExploreOptions(model: string | undefined, raw: RawExploreOptions, models: readonly Catalogued[]): ExploreOptions {
  const mode = modeOf(raw);
  const common = {
    mode,
    executions: executionsOf(raw, mode),
    budgetMs: raw.budget === undefined ? null : duration('--budget', raw.budget) / NS_PER_MS,
  };
  return { tasks: subjectsOf(model, raw.mutant, models).map((subject) => ({ subject, ...common })), json: raw.json ?? false };
}

/** @throws BadInput unless `line` is one that `explore` may have printed */
export function parseReplayLine(line: string, models: readonly Catalogued[]): { readonly subject: Subject; readonly schedule: string } {
  const parts = parseReplayText(line.trim());
  if (parts === undefined) {
    const expected = 'a model and a schedule as explore prints them, such as seqcount/no-retry:0000-1-00';
    throw flagError('replay', { found: `"${line}"`, expected });
  }
  const { model, mutant, schedule } = parts;
  checkModel('replay', model, models);
  if (mutant !== null) checkMutant('replay', mutant, models.filter(({ id }) => id === model));
  return { subject: { model, mutant }, schedule };
}

/** Whoever bounds preemptions wants a bounded search, whoever says a seed one at random. */
function modeOf({ mode, preemptions, seed }: RawExploreOptions): SearchMode {
  const implied = preemptions !== undefined ? 'bounded' : seed !== undefined ? 'random' : 'quick';
  const kind = mode === undefined ? implied : oneOf('--mode', mode, MODES);
  if (preemptions !== undefined && kind !== 'bounded') throw otherMode('--preemptions', preemptions, 'bounded');
  if (seed !== undefined && kind !== 'random') throw otherMode('--seed', seed, 'random');
  switch (kind) {
    case 'quick': case 'thorough': case 'exhaustive': return { kind };
    case 'bounded': return { kind, preemptions: integer('--preemptions', preemptions ?? PREEMPTIONS, 0, PREEMPTIONS_MAX) };
    case 'random': return { kind, seed: integer('--seed', seed ?? SEED, 0, Number.MAX_SAFE_INTEGER) };
  }
}

function otherMode(flag: string, value: string, mode: string): Error {
  const hint = `Leave one of them away: ${flag} alone means --mode ${mode}.`;
  return flagError(flag, { found: `"${value}" beside another mode`, expected: `--mode ${mode}`, hint });
}

function executionsOf({ executions, budget }: RawExploreOptions, { kind }: SearchMode): number | null {
  if (executions !== undefined) return integer('--executions', executions, 1, Number.MAX_SAFE_INTEGER);
  return kind === 'random' && budget === undefined ? RANDOM_EXECUTIONS : null;
}

function subjectsOf(model: string | undefined, mutant: string | undefined, models: readonly Catalogued[]): Subject[] {
  if (model !== undefined) checkModel('explore', model, models);
  const among = model === undefined ? models : models.filter(({ id }) => id === model);
  if (mutant === undefined) return among.map(({ id }) => ({ model: id, mutant: null }));
  checkMutant('--mutant', mutant, among);
  const owners = among.filter(({ mutants }) => mutants.some(({ id }) => id === mutant));
  const subjects = owners.map(({ id }) => ({ model: id, mutant }));
  if (subjects.length === 1) return subjects;
  throw flagError('--mutant', { found: `"${mutant}" of ${subjects.map(subjectText).join(', ')}`, expected: 'the model before it' });
}

function checkModel(path: string, model: string, models: readonly Catalogued[]): void {
  const known = models.map(({ id }) => id);
  if (known.includes(model)) return;
  throw flagError(path, { found: `"${model}"`, expected: `one of ${known.join(', ')}`, hint: meantHint(model, known) });
}

function checkMutant(path: string, mutant: string, models: readonly Catalogued[]): void {
  const known = models.flatMap(({ mutants }) => mutants.map(({ id }) => id));
  if (known.includes(mutant)) return;
  const expected = known.length === 0 ? 'no mutant: the model has none' : `one of ${[...new Set(known)].join(', ')}`;
  throw flagError(path, { found: `"${mutant}"`, expected, hint: meantHint(mutant, known) });
}
