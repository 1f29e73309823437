/** What tests ask of a verdict. */
import { expect } from 'vitest';
import type { RunFacts } from '../../shared/event-consumer.ts';
import { Judge } from '../../src/check/judge.ts';
import type { Oracle, Verdict, Witness } from '../../src/check/oracle.ts';
import type { EventStream } from './event-stream.ts';

/** Plays a stream to a fresh oracle through the judge, so that it hears what it asked for and no more. */
export function judgeStream(
  OracleOfRun: new (facts: RunFacts) => Oracle, facts: RunFacts, stream: EventStream, end = 1_000_000_000,
): Verdict {
  return stream.feed(new Judge([new OracleOfRun(facts)])).finish(end)[0]!.verdict;
}

/** The witness of a broken verdict; any other verdict fails the test. */
export function witnessOf(verdict: Verdict): Witness {
  expect(verdict.verdict, JSON.stringify(verdict)).toBe('broken');
  return (verdict as { witness: Witness }).witness;
}
