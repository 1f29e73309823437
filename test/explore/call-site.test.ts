import { expect, test } from 'vitest';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { explore } from '../../src/explore/explore.ts';
import { replay } from '../../src/explore/counterexample.ts';
import { CATALOGUE } from '../../src/models/catalogue.ts';

test('an access is said to stand where the code calls a memory, whatever memory stands in between', () => {
  const mutant = CATALOGUE.find(({ id }) => id === 'seqcount')!.mutants.find(({ id }) => id === 'no-retry')!;
  const { found } = explore(mutant.model, exhaustive());
  const execution = JSON.stringify(replay(mutant.model, found!.schedule));
  expect(execution).toContain('seqcount.ts:');
  expect(execution).not.toContain('-memory.ts');
});
