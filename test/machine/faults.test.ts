import { describe, expect, test } from 'vitest';
import { oracleCatalog } from '../../src/check/all-oracles.ts';
import { asLinux, type Decisions } from '../../src/kernel/decisions.ts';
import { breakGuards, decisionsWith, FAULTS } from '../../src/machine/faults.ts';

/** What a set of decisions does, functions by their answers. */
const behaviour = ({ dropsMessage, losesDoorbell, ignoresStop, raisesSoftirqAgain, scaledStime, ...flags }: Decisions): string =>
  JSON.stringify([flags, scaledStime?.(2 ** 40, 2 ** 41, 2 ** 42), Array.from({ length: 50 }, (_, n) => [
    dropsMessage(0, 1, n), losesDoorbell(0, 1, n), ignoresStop(n), raisesSoftirqAgain(0, n),
  ])], (_, value: unknown) => (typeof value === 'function' ? value.name : value));

describe('the catalogue of faults', () => {
  test('names each fault once', () => expect(new Set(FAULTS.map(({ id }) => id)).size).toBe(FAULTS.length));

  test.each(FAULTS)('$id decides otherwise than Linux', ({ id }) => {
    expect(behaviour(decisionsWith([id]))).not.toBe(behaviour(asLinux));
  });

  test('no two faults decide alike', () => {
    expect(new Set(FAULTS.map(({ id }) => behaviour(decisionsWith([id])))).size).toBe(FAULTS.length);
  });

  test.each(FAULTS)('$id names an oracle that exists, and says what goes wrong', ({ caughtBy, says }) => {
    const known = oracleCatalog.map(({ id }) => id);
    expect(caughtBy.length).toBeGreaterThan(0);
    for (const id of caughtBy) expect(known).toContain(id);
    expect(says).not.toBe('');
  });

  test('leaves Linux’s decisions alone when nothing is switched on, and joins those of several', () => {
    expect(decisionsWith([])).toEqual(asLinux);
    const both = decisionsWith(['torn-vtime', 'missing-retry']);
    expect([both.tearVtimeWrite, both.skipReadRetry, both.vtimeDeltaOutsideSection]).toEqual([true, true, false]);
  });

  test('lowers the guards of memory only for a fault that needs it', () => {
    expect([breakGuards([]), breakGuards(['torn-vtime']), breakGuards(['torn-vtime', 'B-01'])]).toEqual([false, false, true]);
  });
});
