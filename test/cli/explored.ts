/** A small catalogue of models, explored in this process. */
import type { Doors } from '../../src/cli/program.ts';
import { boundedAt } from '../../src/explore/depth-first.ts';
import { random } from '../../src/explore/random.ts';
import { exhaustive } from '../../src/explore/source-sets.ts';
import { replayModel, searchModel } from '../../src/explorer.ts';
import type { Catalogued } from '../../src/models/catalogued.ts';
import { seqlock } from '../support/two-fields.ts';

export const MODELS: readonly Catalogued[] = [
  {
    id: 'two-fields', says: 'One writer, one reader.', model: seqlock(1, 1), quick: exhaustive,
    mutants: [
      { id: 'no-retry', says: 'a reader does not look again', model: seqlock(1, 1, { noRetry: true }) },
      { id: 'plain-loads', says: 'loads are not atomic', model: seqlock(1, 1, { plainLoads: true }) },
      { id: 'none', says: 'no bug at all', model: seqlock(1, 1) },
    ],
  },
  {
    id: 'two-readers', says: 'One writer, two readers.', model: seqlock(1, 2), quick: () => boundedAt(1), thorough: exhaustive,
    mutants: [{ id: 'no-retry', says: 'readers do not look again', model: seqlock(1, 2, { noRetry: true }) }],
  },
  { id: 'two-updates', says: 'Two updates.', model: seqlock(2, 1), quick: () => random({ executions: 50 }), mutants: [] },
];

/** Doors to this catalogue. `onSearch`: what happens before each search. */
export function exploredHere(models: readonly Catalogued[] = MODELS, onSearch = (): void => {}): Partial<Doors> {
  return {
    models,
    search: async (task, { signal }) => {
      onSearch();
      return signal?.aborted === true ? null : searchModel(models, task, { now: () => performance.now() });
    },
    replay: async (subject, schedule) => replayModel(models, subject, schedule),
  };
}
