import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/explore/counterexample.ts';
import { explore } from '../../src/explore/explore.ts';
import { fewestFirst } from '../../src/explore/state-walk.ts';
import { parseSchedule, printSchedule } from '../../src/explore/schedule.ts';
import { CATALOGUE } from '../../src/models/catalogue.ts';

/** Set it to have each model explored as far as it is ever: minutes. */
const THOROUGH = process.env.DYNTICKS_EXPLORE === 'thorough';
/** Every planted bug shows with as few preemptions. */
const PREEMPTIONS = 2;

describe.each(CATALOGUE)('the model $id', ({ model, mutants, quick, thorough }) => {
  test('passes, and has covered what it set out to cover', () => {
    const report = explore(model, THOROUGH && thorough !== undefined ? thorough() : quick());
    expect(report).toMatchObject({ verdict: 'pass', found: undefined, failures: {} });
    expect(report.executions).toBeGreaterThan(1);
  }, 3_600_000);

  test.runIf(mutants.length > 0).each(mutants)('fails as the mutant $id, and the schedule replays to the same failure', (mutant) => {
    const { found } = explore(mutant.model, fewestFirst(PREEMPTIONS));
    expect(found).toBeDefined();
    const again = replay(mutant.model, parseSchedule(printSchedule(found!.schedule)));
    expect(again.kind).toBe(found!.failure.kind);
  });
});

test('each model has a name of its own, and so has each mutant of it', () => {
  const ids = CATALOGUE.flatMap(({ id, mutants }) => [id, ...mutants.map((mutant) => `${id}/${mutant.id}`)]);
  expect(new Set(ids).size).toBe(ids.length);
});

test('docs/CHECKING.md has a row for each, with the number of its mutants', () => {
  const rows = readFileSync('docs/CHECKING.md', 'utf8').split('\n').filter((line) => line.startsWith('| `'));
  const wanted = CATALOGUE.map(({ id, mutants }) => [id, mutants.length === 0 ? '' : String(mutants.length)]);
  const found = rows.map((row) => row.split('|').map((cell) => cell.trim())).map((cells) => [cells[1]!.replaceAll('`', ''), cells[5]!]);
  expect(found).toEqual(expect.arrayContaining(wanted));
});
