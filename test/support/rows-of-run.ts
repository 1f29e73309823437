/** What a whole machine left in its trace, by the names of events. */
import { expect } from 'vitest';
import { EVENTS } from '../../shared/events.ts';
import { simulate } from '../../src/sim.ts';
import { resolve } from './engine.ts';
import { brokenOf } from './shipped.ts';

export const MS = 1e6;
export type Row = Record<string, number> & { t: number };

/** Runs some tasks under a `dynticks` block, no oracle broken; gives all rows of an event that have the given values. */
export async function rowsOfRun(
  tasks: string, block: string, durationNs: number,
): Promise<(event: string, given?: Record<string, number>) => Row[]> {
  const seen: { event: string; row: Row }[] = [];
  const scenario = resolve(`{"tasks": {${tasks}}, "dynticks": {${block}}}`, { durationNs });
  const result = await simulate(scenario, { consumers: [{
    onEvent: (id, _cpu, t, fields, at) => {
      const { name, fields: schema } = EVENTS[id]!;
      seen.push({ event: name, row: { ...Object.fromEntries(schema.map((field, i) => [field.name, fields[at + i]!])), t } });
    },
  }] });
  expect(brokenOf(result)).toEqual({});
  const fits = (row: Row, given: Record<string, number>) => Object.entries(given).every(([key, is]) => row[key] === is);
  return (event, given = {}) => seen.filter((each) => each.event === event && fits(each.row, given)).map(({ row }) => row);
}

/** Ways of counting CPU time: blocks of a machine with two CPUs, of which the second one has the work. */
export const CPUTIME_BLOCKS: readonly (readonly [string, string])[] = [
  ['ticks', '"cpus": 2, "cmdline": "nohz=off"'], ['dynamic ticks', '"cpus": 2'],
  ['low resolution', '"cpus": 2, "cmdline": "highres=off"'], ['context tracking', '"cpus": 2, "cmdline": "nohz_full=1"'],
  ['context tracking, exact', '"cpus": 2, "cmdline": "nohz_full=1", "cputime": "gen-exact"'],
];
