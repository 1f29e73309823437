import { expect, it } from 'vitest';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { ClockError } from '../../src/check/clock-error.ts';

const MS = 1e6;
const skews = [{ at: 50 * MS, cpu: 1, byNs: 300 }, { at: 90 * MS, cpu: 0, byNs: -20 }];
const source = { id: ClocksourceId.Tsc, hz: 1e9, readNs: 0, drifts: [{ at: 0, ppb: -1_000 }], skews };
const error = (skewNs = 0) => new ClockError({ sources: [source], frequencies: [500] }, skewNs);

it('counts a jump from when it happened, or an event and what CPUs stand apart before', () => {
  expect([0, 49 * MS - 1, 49 * MS, 89 * MS - 1, 89 * MS, Infinity].map((t) => error().jumpedBy(t))).toEqual([0, 0, 300, 300, 320, 320]);
  expect([46 * MS - 1, 46 * MS].map((t) => error(3 * MS).jumpedBy(t))).toEqual([0, 300]);
});

it('adds up what clocks are off by their rate', () => {
  expect([error().ppb, error().after(10 * MS), error().after(60 * MS)]).toEqual([1_500, 15, 390]);
});
