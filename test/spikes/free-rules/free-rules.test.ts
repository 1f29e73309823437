/**
 * Evidence for docs/adr/0004-free-rules.md: two writers, a task that moves between them by message,
 * three readers, five real threads, each value judged at once and compared with the truth at the end.
 */
import { describe, expect, it } from 'vitest';
import { SKEW } from './records.ts';
import { runFree, type FreeFigures, type FreeOptions } from './run.ts';

const total = (figures: FreeFigures, of: (reader: FreeFigures['readers'][number]) => number) =>
  figures.readers.reduce((sum, reader) => sum + of(reader), 0);
const illegal = (figures: FreeFigures) => total(figures, ({ reads, verdicts }) => reads - verdicts.legal - verdicts.unjudged);

describe.each(['wasm', 'atomics'] as const)('three readers on %s memory', (kind) => {
  it('get 120,000 values that are all legal, all true, and never step back', { timeout: 60_000 }, async () => {
    const figures = await runFree({ kind, limit: 40_000, step: 500 });
    expect(total(figures, ({ reads }) => reads)).toBe(120_000);
    expect(total(figures, ({ verdicts }) => verdicts.legal)).toBe(120_000);
    expect(total(figures, ({ backward }) => backward)).toBe(0);
    expect(figures.untrue + figures.trueButFlagged).toBe(0);
    expectSound(figures);
  });
});

/** What must hold however the threads were scheduled. */
function expectSound({ writers, readers }: FreeFigures): void {
  expect(writers.map(({ brokenPromises, lateMessages }) => brokenPromises + lateMessages)).toEqual([0, 0]);
  expect(writers[0]!.sent + writers[1]!.sent).toBe(writers[0]!.received + writers[1]!.received);
  expect(writers[0]!.sent).toBeGreaterThan(100);
  for (const { maxAhead, maxBehind } of readers) {
    expect(maxAhead).toBeLessThan(SKEW);
    expect(maxBehind).toBeLessThan(SKEW);
  }
}

describe('threads that do not follow the rules', () => {
  it('step out of the truth if readers use their own clock, and the oracle sees each case', { timeout: 60_000 }, async () => {
    const figures = await runFree({ mutant: 'own clock', limit: 10_000, step: 500 });
    expect(figures.untrue).toBeGreaterThan(0);
    expect(figures.untrueButLegal).toBe(0);
    expect(illegal(figures)).toBeGreaterThanOrEqual(figures.untrue);
  });

  it('do the same thing in every run but for what readers see', { timeout: 60_000 }, async () => {
    const [one, other] = [await runFree({ limit: 2_000, step: 2_000 }), await runFree({ limit: 2_000, step: 2_000, kind: 'atomics' })];
    expect(other.writers).toEqual(one.writers);
  });
});

/** `RATES=1 npx vitest run test/spikes/free-rules` prints how often luck finds what a schedule forces. */
describe.runIf(process.env['RATES'] !== undefined)('rates in free running', () => {
  const mutants: FreeOptions[] = [
    {}, { kind: 'atomics' }, { mutant: 'own clock' }, { mutant: 'promise outside' }, { mutant: 'no retry' }, { mutant: 'wrong cpu' },
    { faults: { tornWrite: true } }, { faults: { earlyPromise: true } }, { faults: { lateLook: true } },
  ];
  it.each(mutants)('%o', { timeout: 120_000 }, async (options) => {
    const started = performance.now();
    const figures = await runFree({ limit: 200_000, step: 500, ...options });
    console.log(JSON.stringify({
      ...options, ms: Math.round(performance.now() - started), reads: total(figures, ({ reads }) => reads), illegal: illegal(figures),
      untrue: figures.untrue, untrueButLegal: figures.untrueButLegal, trueButFlagged: figures.trueButFlagged,
      flaggedByTrust: total(figures, ({ flaggedByTrust }) => flaggedByTrust),
      backward: total(figures, ({ backward }) => backward), retries: total(figures, ({ retries }) => retries),
      overlaps: total(figures, ({ overlaps }) => overlaps), broken: figures.writers.map(({ brokenPromises }) => brokenPromises),
      late: figures.writers.map(({ lateMessages }) => lateMessages), moves: figures.writers.map(({ sent }) => sent),
      versions: figures.writers.map(({ contexts }) => contexts.length / 4),
      ahead: Math.max(...figures.readers.map(({ maxAhead }) => maxAhead)),
      behind: Math.max(...figures.readers.map(({ maxBehind }) => maxBehind)),
    }));
    expect(figures.readers).toHaveLength(3);
  });
});
