import { describe, expect, it } from 'vitest';
import { exitCodeOf, outcomeOf, unexercised } from '../../src/cli/exit-codes.ts';
import type { EndReason } from '../../src/engine/run.ts';
import { verdicts } from '../host/run-record.ts';

const good = verdicts.filter((oracle) => oracle.verdict.verdict !== 'broken');

describe('what a run comes to', () => {
  const cases: readonly (readonly [string, EndReason, typeof verdicts, readonly string[], number])[] = [
    ['held if nothing broke', 'duration', good, [], 0],
    ['held if nothing can ever wake', 'nothing can ever wake', good, [], 0],
    ['held if nobody judged', 'all tasks ended', [], [], 0],
    ['broken if one property was', 'duration', verdicts, [], 1],
    ['broken even if a limit came later', 'limit', verdicts, [], 1],
    ['a failure if what is required had nothing to judge', 'duration', good, ['X-S1'], 1],
    ['a failure if what is required did not judge at all', 'duration', [], ['G-01'], 1],
    ['held if what is required judged', 'duration', good, ['G-01'], 0],
    ['a limit if it was reached before the answer', 'limit', good, [], 4],
    ['an interruption, whatever was seen before it', 'interrupted', verdicts, ['X-S1'], 130],
  ];
  it.each(cases)('is %s', (_, reason, judged, required, code) => {
    expect(exitCodeOf(outcomeOf({ reason, verdicts: judged, missedCuts: [] }, required))).toBe(code);
  });

  it('is a limit if a cut was never reached, because its race was not run', () => {
    expect(exitCodeOf(outcomeOf({ reason: 'duration', verdicts: good, missedCuts: [0] }, []))).toBe(4);
  });

  it('counts a broken property as exercised', () => {
    expect(unexercised(verdicts, ['V-02', 'X-S1'])).toEqual(['X-S1']);
  });
});
