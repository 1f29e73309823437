/** `dynticks explore`: searches one model after the other for an execution that fails. `dynticks replay` shows one again. */
import { BadModel } from '../explore/bad-model.ts';
import type { Execution } from '../explore/counterexample.ts';
import {
  subjectText, verdictOf, type SearchAnswer, type SearchProgress, type SearchTask, type SearchVerdict, type Subject,
} from '../explorer.ts';
import { packageVersion } from '../host/package-root.ts';
import type { JobWatch } from '../host/threads/job-thread.ts';
import type { Catalogued } from '../models/catalogued.ts';
import { EXPLORER } from './engines.ts';
import { ExitCode } from './exit-codes.ts';
import { parseReplayLine, type ExploreOptions } from './explore-options.ts';
import { exploreHead, exploreTail, replayTail } from './explore-text.ts';
import { flagError } from './flags.ts';
import { listenForInterrupt, type Interrupt, type SignalSource } from './interrupt.ts';
import { startSearchProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

/** What the commands need of the rest of the program and of the process; tests bring their own. */
export interface ExploreDoors {
  readonly models: readonly Catalogued[];
  /** Null: the signal ended it. */
  search(task: SearchTask, watch: JobWatch<SearchProgress>): Promise<SearchAnswer | null>;
  /** @throws BadModel if it is no schedule of the subject */
  replay(subject: Subject, schedule: string): Promise<Execution>;
  readonly signals: SignalSource;
}

/** What came of one task. */
export interface Searched {
  readonly task: SearchTask;
  readonly verdict: SearchVerdict;
  readonly answer: SearchAnswer;
}

export type ExploreOutcome = 'fail' | 'pass' | 'no answer' | 'interrupted';

export async function exploreCommand(options: ExploreOptions, terminal: Terminal, doors: ExploreDoors): Promise<ExitCode> {
  const { tasks, json } = options;
  if (!json) terminal.out(exploreHead(tasks));
  const interrupt = listenForInterrupt(doors.signals, () => {});
  try {
    const searched = await searchAll(tasks, terminal, doors, interrupt);
    const outcome = outcomeOf(searched, interrupt.signal.aborted);
    const exitCode = CODES[outcome];
    terminal.out(json ? printed(exploreDocument(searched, outcome, exitCode)) : exploreTail(searched, tasks, outcome, terminal.colour));
    return exitCode;
  } finally {
    interrupt.stopListening();
  }
}

async function searchAll(
  tasks: readonly SearchTask[], terminal: Terminal, doors: ExploreDoors, { signal }: Interrupt,
): Promise<Searched[]> {
  const searched: Searched[] = [];
  for (const task of tasks) {
    const view = startSearchProgress(terminal.bar, subjectText(task.subject));
    try {
      const answer = await doors.search(task, { signal, onProgress: (progress) => view.update(progress) });
      if (answer === null) break;
      searched.push({ task, answer, verdict: verdictOf(task, answer.report) });
    } finally {
      view.stop();
    }
  }
  return searched;
}

const CODES: Readonly<Record<ExploreOutcome, ExitCode>> = {
  'fail': ExitCode.Broken, 'pass': ExitCode.Held, 'no answer': ExitCode.Limit, 'interrupted': ExitCode.Interrupted,
};

/** As of a run: who is interrupted has no answer; a failure is one even if a limit came before another. */
function outcomeOf(searched: readonly Searched[], interrupted: boolean): ExploreOutcome {
  if (interrupted) return 'interrupted';
  const verdicts = new Set(searched.map(({ verdict }) => verdict));
  return verdicts.has('fail') ? 'fail' : verdicts.has('no answer') ? 'no answer' : 'pass';
}

const FORMAT = 'dynticks explore 1';

/** All but `seconds` is the same each time, unless time ended a search. */
function exploreDocument(searched: readonly Searched[], outcome: ExploreOutcome, exitCode: ExitCode): object {
  return {
    format: FORMAT, version: packageVersion(), engine: EXPLORER,
    complete: outcome !== 'interrupted', outcome, exitCode,
    searches: searched.map(({ task, verdict, answer: { report, counterexample, seconds } }) => ({
      model: task.subject.model, mutant: task.subject.mutant, mode: task.mode,
      search: report.search, verdict, coverage: report.coverage,
      executions: report.executions, classes: report.areClasses ? report.executions : null,
      steps: report.steps, longest: report.longest, starts: report.starts,
      failures: report.failures, outcomes: Object.fromEntries(report.outcomes),
      foundAt: report.found?.execution ?? null, counterexample, seconds,
    })),
  };
}

/** Shows the execution again, whether or not it still fails. */
export async function replayCommand(line: string, json: boolean, terminal: Terminal, doors: ExploreDoors): Promise<ExitCode> {
  const { subject, schedule } = parseReplayLine(line, doors.models);
  const execution = await doors.replay(subject, schedule).catch((error: unknown) => {
    if (!(error instanceof BadModel)) throw error;
    throw flagError('replay', { found: `"${line}" (${error.message})`, expected: `a schedule of ${subjectText(subject)} as it is now` });
  });
  const exitCode = execution.kind === undefined ? ExitCode.Held : ExitCode.Broken;
  terminal.out(json ? printed(replayDocument(execution, exitCode)) : replayTail(execution, terminal.colour));
  return exitCode;
}

function replayDocument(execution: Execution, exitCode: ExitCode): object {
  return { format: FORMAT, version: packageVersion(), engine: EXPLORER, complete: true, exitCode, execution };
}

function printed(document: object): string {
  return `${JSON.stringify(document, null, 1)}\n`;
}
