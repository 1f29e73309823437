/** The verdict: one line an oracle, the evidence under those that are broken, one last line. */
import type { Judgement, OracleVerdict, Outcome } from '../host/judged-run.ts';
import { witnessLine } from '../host/report-html.ts';
import { count } from '../host/texts.ts';
import type { Paint, Tone } from './paint.ts';

/** Every oracle, in the catalogue's order. */
export function verdictLines(verdicts: readonly OracleVerdict[], cpus: number, paint: Paint): string {
  const wide = Math.max(0, ...verdicts.map((oracle) => oracle.id.length));
  return verdicts.map((oracle) => oracleLines(oracle, wide, cpus, paint)).join('\n');
}

/** Only what broke: all that a quiet run says besides its last line. */
export function brokenLines(verdicts: readonly OracleVerdict[], cpus: number, paint: Paint): string {
  return verdictLines(verdicts.filter((oracle) => oracle.verdict.verdict === 'broken'), cpus, paint);
}

const TONES: Readonly<Record<Judgement['verdict'], Tone>> = { held: 'good', broken: 'bad', 'not exercised': 'quiet' };

function oracleLines(oracle: OracleVerdict, wide: number, cpus: number, paint: Paint): string {
  const { verdict } = oracle;
  const line = `${oracle.id.padEnd(wide)}  ${paint(TONES[verdict.verdict], wordOf(verdict))}  ${oracle.says}`;
  if (verdict.verdict !== 'broken') return line;
  const indent = ' '.repeat(wide + 2);
  const events = verdict.witness.events.map((event) => `${indent}  ${witnessLine(event, cpus)}`);
  return [line, `${indent}${verdict.witness.says}`, ...events].join('\n');
}

function wordOf(verdict: Judgement): string {
  switch (verdict.verdict) {
    case 'held': return `held (${count(verdict.checked)} checked)`;
    case 'broken': return `BROKEN (${count(verdict.violations)} of ${count(verdict.checked)})`;
    case 'not exercised': return 'not exercised';
  }
}

const OUTCOME_TONES: Readonly<Record<Outcome, Tone>> = {
  held: 'good', broken: 'bad', 'not exercised': 'bad', limit: 'open', interrupted: 'open',
};

/** The last line of a run, for people and for `tail -1`. */
export function lastLine(outcome: Outcome, verdicts: readonly OracleVerdict[], missing: readonly string[], paint: Paint): string {
  const word = paint(OUTCOME_TONES[outcome], `verdict: ${outcome}`);
  const required = missing.length === 0 ? '' : `; required, but not exercised: ${missing.join(', ')}`;
  return `${word} (${tally(verdicts)})${required}`;
}

function tally(verdicts: readonly OracleVerdict[]): string {
  if (verdicts.length === 0) return 'nobody judged';
  const of = (word: Judgement['verdict']): number => verdicts.filter((o) => o.verdict.verdict === word).length;
  return `${of('held')} held, ${of('broken')} broken, ${of('not exercised')} not exercised`;
}
