/** What there is to explore, and one model explored: the search that was asked for, the verdict, the counterexample. */
import { replay, type Execution } from './explore/counterexample.ts';
import { explore, type Found, type Progress, type Report } from './explore/explore.ts';
import { BadModel } from './explore/bad-model.ts';
import type { Model } from './explore/model.ts';
import { random } from './explore/random.ts';
import { parseSchedule, type Schedule } from './explore/schedule.ts';
import type { Search } from './explore/search.ts';
import { shrink } from './explore/shrink.ts';
import { exhaustive } from './explore/source-sets.ts';
import { fewestFirst } from './explore/state-walk.ts';
import type { Catalogued } from './models/catalogued.ts';

export type SearchProgress = Progress;

/** A model of the catalogue, or one of its mutants. */
export interface Subject {
  readonly model: string;
  readonly mutant: string | null;
}

export type SearchMode =
  /** what the model's own file names: where time is short, and where it is not */
  | { readonly kind: 'quick' }
  | { readonly kind: 'thorough' }
  | { readonly kind: 'exhaustive' }
  | { readonly kind: 'bounded'; readonly preemptions: number }
  | { readonly kind: 'random'; readonly seed: number };

/** Plain data, since it goes to another thread; so does its answer. */
export interface SearchTask {
  readonly subject: Subject;
  readonly mode: SearchMode;
  /** More are not tried. */
  readonly executions: number | null;
  /** Host time after which it ends without an answer. */
  readonly budgetMs: number | null;
}

export interface SearchAnswer {
  readonly report: Report;
  /** The simplest execution that was found to fail in the way of the first. */
  readonly counterexample: Execution | null;
  readonly seconds: number;
}

/** What a search that found nothing is worth; a failure is always a failure. */
export type SearchVerdict =
  | 'fail'
  /** no execution fails */
  | 'exhaustive'
  /** none fails of those with so many preemptions */
  | 'bounded'
  /** none failed of some */
  | 'sampled'
  /** a limit came first */
  | 'no answer';

/** What the explorer's thread is sent. */
export type ExplorerJob =
  | { readonly kind: 'search'; readonly task: SearchTask }
  | { readonly kind: 'replay'; readonly subject: Subject; readonly schedule: string };

export interface SearchWatch {
  now(): number;
  onProgress?(progress: SearchProgress): void;
}

export function searchModel(models: readonly Catalogued[], task: SearchTask, { now, onProgress }: SearchWatch): SearchAnswer {
  const { subject, executions, budgetMs } = task;
  const model = modelOf(models, subject);
  const startedAt = now();
  const limits = { now, ...(executions === null ? {} : { executions }), ...(budgetMs === null ? {} : { ms: budgetMs }) };
  const report = explore(model, searchOf(models, task), { limits, ...(onProgress === undefined ? {} : { onProgress }) });
  const counterexample = report.found === undefined ? null : simplest(model, subject, report.found);
  return { report, counterexample, seconds: (now() - startedAt) / 1_000 };
}

/** Executes a schedule of the subject. @throws BadModel if it is none */
export function replayModel(models: readonly Catalogued[], subject: Subject, schedule: string): Execution {
  return shown(modelOf(models, subject), subject, parseSchedule(schedule));
}

/** A random search is worth what it was asked for: executions where their number was said, else time. */
export function verdictOf({ mode, executions }: SearchTask, { verdict, coverage, executions: done }: Report): SearchVerdict {
  if (verdict === 'fail') return 'fail';
  if (coverage.kind === 'stopped') return 'no answer';
  const cutShort = mode.kind === 'random' && executions !== null && done < executions;
  return cutShort ? 'no answer' : coverage.kind;
}

/** `seqcount`, `seqcount/no-retry` */
export function subjectText({ model, mutant }: Subject): string {
  return mutant === null ? model : `${model}/${mutant}`;
}

/** What `dynticks replay` takes: `seqcount/no-retry:0000-1-00` */
export function replayText(subject: Subject, schedule: string): string {
  return `${subjectText(subject)}:${schedule}`;
}

/** The opposite, as far as the form goes; undefined if it is not of that form. */
export function parseReplayText(text: string): (Subject & { readonly schedule: string }) | undefined {
  const parts = /^([a-z0-9-]+)(?:\/([a-z0-9-]+))?:(\S*)$/.exec(text);
  return parts === null ? undefined : { model: parts[1]!, mutant: parts[2] ?? null, schedule: parts[3]! };
}

function searchOf(models: readonly Catalogued[], { subject, mode, executions }: SearchTask): Search {
  const { quick, thorough = quick } = cataloguedOf(models, subject);
  switch (mode.kind) {
    // a bug that is planted is soon found where few preemptions come first, and its schedule is easy to follow
    case 'quick': return subject.mutant === null ? quick() : fewestFirst();
    case 'thorough': return thorough();
    case 'exhaustive': return exhaustive();
    case 'bounded': return fewestFirst(mode.preemptions);
    case 'random': return random({ seed: mode.seed, ...(executions === null ? {} : { executions }) });
  }
}

function simplest(model: Model, subject: Subject, { schedule, failure }: Found): Execution {
  return shown(model, subject, shrink(model, schedule, failure.kind));
}

/** With the name by which the catalogue knows it. Options that the model was given may be anything, so they become text. */
function shown(model: Model, subject: Subject, schedule: Schedule): Execution {
  const execution = replay(model, schedule);
  const chosen = Object.fromEntries(Object.entries(execution.chosen).map(([name, option]) => [name, String(option)]));
  return { ...execution, chosen, model: subjectText(subject), replay: replayText(subject, execution.replay) };
}

function modelOf(models: readonly Catalogued[], subject: Subject): Model {
  const catalogued = cataloguedOf(models, subject);
  if (subject.mutant === null) return catalogued.model;
  const mutant = catalogued.mutants.find(({ id }) => id === subject.mutant);
  if (mutant === undefined) throw new BadModel(`there is no ${subjectText(subject)}`);
  return mutant.model;
}

function cataloguedOf(models: readonly Catalogued[], { model }: Subject): Catalogued {
  const catalogued = models.find(({ id }) => id === model);
  if (catalogued === undefined) throw new BadModel(`there is no model ${model}`);
  return catalogued;
}
