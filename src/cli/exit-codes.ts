/** What the process says to the shell that started it. A contract with scripts: numbers never change. */
import type { JudgedRun, OracleVerdict, Outcome } from '../host/judged-run.ts';

export const ExitCode = {
  /** every property that was exercised held */
  Held: 0,
  /** a property was broken, or one that --require names was not exercised */
  Broken: 1,
  /** bad usage or bad input: nothing ran, nothing was written */
  BadInput: 2,
  /** our own bug, or a thread of the machine that died */
  OurBug: 3,
  /** a limit was reached before the answer */
  Limit: 4,
  /** stopped by a signal; the run's folder is readable and says that it is incomplete */
  Interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * What a run comes to. An interrupted run gives no answer, whatever it had seen; a broken property is
 * an answer even if a limit came after it; and where a cut was never reached its race was not run.
 */
export function outcomeOf(run: Pick<JudgedRun, 'reason' | 'verdicts' | 'missedCuts'>, required: readonly string[]): Outcome {
  const { reason, verdicts, missedCuts } = run;
  if (reason === 'interrupted') return 'interrupted';
  if (verdicts.some((oracle) => oracle.verdict.verdict === 'broken')) return 'broken';
  if (unexercised(verdicts, required).length > 0) return 'not exercised';
  return reason === 'limit' || missedCuts.length > 0 ? 'limit' : 'held';
}

/** Those of `required` that had nothing to judge. */
export function unexercised(verdicts: readonly OracleVerdict[], required: readonly string[]): readonly string[] {
  const judged = new Set(verdicts.filter((o) => o.verdict.verdict !== 'not exercised').map((o) => o.id));
  return required.filter((id) => !judged.has(id));
}

export function exitCodeOf(outcome: Outcome): ExitCode {
  switch (outcome) {
    case 'held': return ExitCode.Held;
    case 'broken':
    case 'not exercised': return ExitCode.Broken;
    case 'limit': return ExitCode.Limit;
    case 'interrupted': return ExitCode.Interrupted;
  }
}
