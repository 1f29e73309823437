/** The comparison as text. */
import type { ComparedFigure } from './compare.ts';
import type { Leaf } from './leaves.ts';

export interface PassReport {
  /** `c-nohz-idle/busy/notrace` */
  readonly name: string;
  readonly figures: readonly ComparedFigure[];
}

export interface Tally {
  readonly ok: number;
  readonly out: number;
  readonly noise: number;
}

export function tallyOf(figures: readonly ComparedFigure[]): Tally {
  const count = (verdict: ComparedFigure['verdict']): number => figures.filter((figure) => figure.verdict === verdict).length;
  return { ok: count('ok'), out: count('OUT'), noise: count('noise') };
}

/** One line for the pass, then its figures: those that are out, or all. */
export function passText({ name, figures }: PassReport, verbose: boolean): string {
  const { ok, out, noise } = tallyOf(figures);
  const head = `${out === 0 ? 'holds' : 'OUT  '} ${name}: ${ok} ok, ${out} out, ${noise} noise`;
  const shown = figures.filter(({ verdict }) => verbose || verdict === 'OUT');
  if (shown.length === 0) return head;
  const rows = shown.map(({ key, real, simulated, tolerance, verdict }) => [key, number(real), number(simulated), tolerance, verdict]);
  return [head, ...table([['figure', 'real', 'simulated', 'tolerance', 'verdict'], ...rows])].join('\n');
}

const number = (value: Leaf | undefined): string => (value === undefined ? '-' : String(value));

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isNumber = (column: number): boolean => column === 1 || column === 2;
  return rows.map((row) => `    ${row
    .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  ')}`.trimEnd());
}
