/** Reports and executions as text. */
import type { Execution } from './counterexample.ts';
import type { Report } from './explore.ts';
import type { Row } from './film.ts';

const NUMBER_WIDTH = 4;
const OUTCOME_WIDTH = 10;
/** A longer execution is shown without its middle. */
const ROWS_MAX = 200;
const ROWS_AT_ENDS = 40;
const GAP = '  ';

/**
 *     FAIL seqcount: torn: a = 2, b = 10
 *       11 steps, 1 preemption, replay: 0000-1-00-11-00
 *        #  writer               reader                      code
 *        4  store seq 1 -> 2                                 seqcount.ts:40
 *        5                       load seq = 2  (from 4)      seqcount.ts:53
 *       why: reader was overtaken between its steps 5 and 8: meanwhile ...
 */
export function printExecution(execution: Execution): string {
  const { columns, waiting } = execution;
  const isLong = execution.rows.length > ROWS_MAX;
  const rows = isLong ? [...execution.rows.slice(0, ROWS_AT_ENDS), ...execution.rows.slice(-ROWS_AT_ENDS)] : execution.rows;
  const texts = rows.map((row) => stepText(row, columns));
  const widths = columns.map((name, column) =>
    Math.max(name.length, ...texts.filter((_, i) => rows[i]!.column === column).map(({ length }) => length)));
  const line = (number: string, column: number, text: string, site: string) =>
    [number.padStart(NUMBER_WIDTH), ...widths.map((width, i) => (i === column ? text : '').padEnd(width)), site].join(GAP).trimEnd();
  return [
    ...headLines(execution),
    ['#'.padStart(NUMBER_WIDTH), ...columns.map((name, i) => name.padEnd(widths[i]!)), 'code'].join(GAP),
    ...rows.flatMap((row, i) => [
      ...(isLong && i === ROWS_AT_ENDS ? ['...'.padStart(NUMBER_WIDTH)] : []),
      line(String(row.step), row.column, texts[i]!, row.site),
      ...(row.ends === '' ? [] : [line('', row.column, `${irqPrefix(row, columns)}${row.ends}`, '')]),
    ]),
    ...waiting.map(({ column, strand, text, site }) => line('', column, `${irqPrefix({ column, strand }, columns)}${text}`, site)),
    ...execution.why.map((sentence) => `  why: ${sentence}`),
  ].join('\n');
}

function headLines({ model, kind, says, rows, preemptions, replay, chosen }: Execution): string[] {
  const named = kind === 'assertion' || kind === undefined ? '' : `${kind}: `;
  const options = Object.entries(chosen).map(([name, option]) => `${name} = ${String(option)}`);
  return [
    kind === undefined ? `${model}: this execution holds` : `FAIL ${model}: ${named}${says}`,
    `  ${[count(rows.length, 'step'), count(preemptions, 'preemption'), ...options, `replay: ${replay}`].join(', ')}`,
  ];
}

function stepText(row: Row, columns: readonly string[]): string {
  return `${irqPrefix(row, columns)}${row.text}${row.reads && row.from > 0 ? `  (from ${row.from})` : ''}`;
}

/** An interrupt stands in the column of its CPU. */
function irqPrefix({ strand, column }: Pick<Row, 'strand' | 'column'>, columns: readonly string[]): string {
  return strand === columns[column] ? '' : `[${strand}] `;
}

/**
 *     PASS seqcount: 383 classes, every one of them; 2,767 steps, the longest 24
 *     outcomes: 3
 *           128  - [0,0]
 */
export function printReport(report: Report): string {
  const { model, verdict, executions, areClasses, states, steps, longest, failures } = report;
  const failed = Object.entries(failures).map(([kind, times]) => count(times, kind));
  const head = { pass: 'PASS', fail: 'FAIL', incomplete: 'NOT DECIDED' }[verdict];
  const what = states > 0 ? count(states, 'state') : count(executions, areClasses ? 'class' : 'execution');
  return [
    `${head} ${model}: ${[what, ...failed].join(', ')} (${coverageText(report)}); ${count(steps, 'step')}, the longest ${longest}`,
    `outcomes: ${report.outcomes.size}`,
    ...[...report.outcomes].map(([outcome, times]) => `${String(times).padStart(OUTCOME_WIDTH)}  ${outcome}`),
  ].join('\n');
}

/** Says in words how much was looked at, so that nobody takes a part for the whole. */
export function coverageText({ coverage, search, starts }: Report): string {
  const ways = starts === 1 ? '' : `, from ${starts} starts`;
  switch (coverage.kind) {
    case 'exhaustive': return `exhaustive: ${search}${ways}`;
    case 'bounded': return `bounded: no execution with more than ${count(coverage.preemptions, 'preemption')} was tried${ways}`;
    case 'sampled': return `some executions ${search}${ways}; others may fail`;
    case 'stopped': return `stopped before its end: ${search}${ways}`;
  }
}

function count(n: number, what: string): string {
  const plural = what.endsWith('s') ? `${what}es` : `${what}s`;
  return `${n.toLocaleString('en-US')} ${n === 1 ? what : plural}`;
}
