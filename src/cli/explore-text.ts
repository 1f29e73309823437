/** What `dynticks explore` and `dynticks replay` print for people. A search that left something out says so in words. */
import type { Execution } from '../explore/counterexample.ts';
import { printExecution } from '../explore/print.ts';
import { subjectText, type SearchMode, type SearchTask, type Subject } from '../explorer.ts';
import { count, plural } from '../host/texts.ts';
import { engineLine, EXPLORER } from './engines.ts';
import type { ExploreOutcome, Searched } from './explore-command.ts';
import { painter, type Paint, type Tone } from './paint.ts';
import { shellWord } from './reproduce.ts';
import { table } from './tables.ts';

/** Outcomes that are shown where there is one model; the document has all. */
const OUTCOMES_MAX = 12;

/** Every choice that was made, before the first execution. */
export function exploreHead(tasks: readonly SearchTask[]): string {
  const [{ subject, mode }] = tasks as [SearchTask];
  const what = tasks.length === 1 ? subjectText(subject) : `${tasks.length} models`;
  return `${what}: ${modeText(mode, subject)}\n${engineLine(EXPLORER)}\n\n`;
}

function modeText(mode: SearchMode, { mutant }: Subject): string {
  switch (mode.kind) {
    case 'quick': return mutant === null ? 'the quick search that each model names' : 'bounded, fewest preemptions first, until it fails';
    case 'thorough': return 'the thorough search that each model names';
    case 'exhaustive': return 'exhaustive: one execution of each class of interleavings';
    case 'bounded': return `bounded: executions with at most ${plural(mode.preemptions, 'preemption')}; others are not looked at`;
    case 'random': return `random: some executions, drawn with seed ${mode.seed}; others are not looked at`;
  }
}

export function exploreTail(searched: readonly Searched[], tasks: readonly SearchTask[], outcome: ExploreOutcome, colour: boolean): string {
  const paint = painter(colour);
  const found = searched.flatMap(({ answer }) => (answer.counterexample === null ? [] : [executionText(answer.counterexample, paint)]));
  return [
    exploreTable(searched, tasks, outcome, paint), '',
    ...(tasks.length === 1 && searched.length === 1 && found.length === 0 ? [...outcomeLines(searched[0]!), ''] : []),
    ...found.flatMap((text) => [text, '']),
    lastLine(searched, outcome, paint),
  ].join('\n').concat('\n');
}

export function replayTail(execution: Execution, colour: boolean): string {
  return `${engineLine(EXPLORER)}\n\n${executionText(execution, painter(colour))}\n`;
}

function executionText(execution: Execution, paint: Paint): string {
  const [first, ...rest] = printExecution(execution).split('\n');
  const line = execution.kind === undefined ? [] : [`again: ${['dynticks', 'replay', execution.replay].map(shellWord).join(' ')}`];
  return [paint(execution.kind === undefined ? 'good' : 'bad', first!), ...rest, ...line].join('\n');
}

const HEAD = ['model', 'search', 'verdict', 'executions', 'classes', 'steps', 'seconds'];

function exploreTable(searched: readonly Searched[], tasks: readonly SearchTask[], outcome: ExploreOutcome, paint: Paint): string {
  const rows = searched.map((one) => rowOf(one, paint));
  const stopped = outcome === 'interrupted' ? tasks.slice(searched.length) : [];
  const left = stopped.map(({ subject }, i) =>
    [subjectText(subject), '', paint('open', i === 0 ? 'interrupted' : 'not begun'), '', '', '', '']);
  return table(HEAD, [...rows, ...left], 3);
}

function rowOf(searched: Searched, paint: Paint): string[] {
  const { task, verdict, answer: { report, seconds } } = searched;
  return [
    subjectText(task.subject), report.search, paint(TONES[verdict], verdictText(searched)),
    count(report.executions), report.areClasses ? count(report.executions) : '-', count(report.steps), seconds.toFixed(2),
  ];
}

const TONES: Readonly<Record<Searched['verdict'], Tone>> = {
  fail: 'bad', exhaustive: 'good', bounded: 'good', sampled: 'open', 'no answer': 'open',
};

function verdictText({ verdict, answer: { report: { coverage, found } } }: Searched): string {
  switch (verdict) {
    case 'fail': return `FAIL: ${found?.failure.kind}`;
    case 'exhaustive': return 'pass: exhaustive';
    case 'bounded': return `pass: bounded, up to ${plural(coverage.kind === 'bounded' ? coverage.preemptions : 0, 'preemption')}`;
    case 'sampled': return 'no failure seen: sampled';
    case 'no answer': return 'no answer: a limit came first';
  }
}

/** How often the threads returned what, most often first. */
function outcomeLines({ answer: { report: { outcomes } } }: Searched): string[] {
  const sorted = [...outcomes].sort(([, a], [, b]) => b - a);
  const wide = count(sorted[0]?.[1] ?? 0).length;
  const shown = sorted.slice(0, OUTCOMES_MAX).map(([outcome, times]) => `  ${count(times).padStart(wide)}  ${outcome}`);
  const left = sorted.length - shown.length;
  const more = left > 0 ? [`  and ${count(left)} more: --json has all`] : [];
  return [`outcomes (times, what each thread returned): ${count(sorted.length)}`, ...shown, ...more];
}

const OUTCOME_TONES: Readonly<Record<ExploreOutcome, Tone>> = { 'pass': 'good', 'fail': 'bad', 'no answer': 'open', 'interrupted': 'open' };

const TALLY: Readonly<Record<Searched['verdict'], string>> = {
  'exhaustive': 'passed exhaustively', 'bounded': 'passed up to a bound only', 'sampled': 'sampled only',
  'fail': 'failed', 'no answer': 'without an answer',
};

/** The last line, for people and for `tail -1`. */
function lastLine(searched: readonly Searched[], outcome: ExploreOutcome, paint: Paint): string {
  const parts = Object.entries(TALLY).flatMap(([kind, words]) => {
    const times = searched.filter(({ verdict }) => verdict === kind).length;
    return times === 0 ? [] : [`${times} ${words}`];
  });
  const word = paint(OUTCOME_TONES[outcome], `verdict: ${outcomeWord(searched, outcome)}`);
  return parts.length === 0 ? word : `${word} (${parts.join(', ')})`;
}

/** Nothing that was sampled has passed. */
function outcomeWord(searched: readonly Searched[], outcome: ExploreOutcome): string {
  return outcome === 'pass' && searched.some(({ verdict }) => verdict === 'sampled') ? 'no failure seen' : outcome;
}
