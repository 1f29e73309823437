/** What a person is told about a scenario that is wrong. */
import { BadInput } from '../../src/workload/bad-input.ts';
import { resolveScenario, type Overrides } from '../../src/workload/resolve.ts';
import type { Scenario } from '../../src/workload/scenario.ts';

const FAULTS = ['torn-vtime', 'missing-retry'];

export const resolve = (text: string, overrides: Overrides = {}): Scenario =>
  resolveScenario(text, 'w.json', overrides, FAULTS);

/** The complaint about it; an error when there is none. */
export function complaintOf(text: string, overrides: Overrides = {}): BadInput {
  try {
    resolve(text, overrides);
  } catch (error) {
    if (error instanceof BadInput) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** A file with one task. */
export const task = (body: string): string => `{"tasks": {"t": {${body}}}}`;
/** A file with a block. */
export const block = (body: string): string => `{"tasks": {"t": {"run": 1}}, "dynticks": {${body}}}`;
