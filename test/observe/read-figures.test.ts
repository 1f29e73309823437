import { describe, expect, it } from 'vitest';
import { VtimeState } from '../../shared/structs/task.ts';
import { KTIME_MAX } from '../../shared/units.ts';
import { ReadRacesCollector } from '../../src/observe/read-figures.ts';
import type { ReadRaces } from '../../src/observe/run-figures.ts';
import { play, row, type Row } from './records.ts';

const JUDGED = { judged: 4, illegal: 0, backward: 0 };
const racesOf = (rows: readonly Row[], judged: typeof JUDGED | undefined = JUDGED): ReadRaces =>
  play(new ReadRacesCollector(), rows).finish(judged);
/** A look at 1,000 at a task that runs. */
const look = (fields: Record<string, number> = {}): Row =>
  row('task_cputime', 0, 1_000, { t: 1_000, k0: 7, k: 7, k1: 7, p: KTIME_MAX, state: VtimeState.User, starttime: 500, ...fields });

describe('how reads and writes met', () => {
  it('tells reads by how far ahead or behind the instant is that the value is the truth for', () => {
    const races = racesOf([
      look(), look({ p: 1_000 }), look({ p: 999 }), look({ p: 900 }), look({ p: 873 }), look({ p: 872 }),
      look({ starttime: 1_001 }), look({ starttime: 1_003, p: 800 }), look({ starttime: 1_500 }),
    ]);
    expect(races).toMatchObject({ reads: 9, running: 9, overlapped: 0, exact: 2 });
    expect(races.behind).toEqual([{ fromNs: 1, reads: 1 }, { fromNs: 64, reads: 2 }, { fromNs: 128, reads: 1 }]);
    expect(races.ahead).toEqual([{ fromNs: 1, reads: 1 }, { fromNs: 2, reads: 1 }, { fromNs: 256, reads: 1 }]);
  });

  it('counts reads during which a version was published, running or not', () => {
    const inactive = { state: VtimeState.Inactive, p: 3 };
    expect(racesOf([look({ k1: 8 }), look(inactive), look({ ...inactive, k0: 6 }), look()]))
      .toMatchObject({ reads: 4, running: 2, overlapped: 2, exact: 2, ahead: [], behind: [] });
  });

  it('says what the oracles say of the same reads, and nothing where nobody judged', () => {
    const reads = [look(), look(), look(), look(), look()];
    expect(racesOf(reads, { judged: 3, illegal: 2, backward: 1 })).toMatchObject({ illegal: 2, unjudged: 2, backward: 1 });
    const { illegal, unjudged, backward } = play(new ReadRacesCollector(), reads).finish(undefined);
    expect([illegal, unjudged, backward]).toEqual([null, null, null]);
  });
});
