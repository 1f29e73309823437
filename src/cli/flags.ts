/** What the text of a flag means, or a message that names the flag. */
import type { Ns } from '../../shared/units.ts';
import { BadInput } from '../workload/bad-input.ts';
import { BadQuantity, parseTime } from '../workload/quantity.ts';

/** What may be said about a flag; the rest of a message names the flag. */
export interface Wrong {
  readonly found: string;
  readonly expected: string;
  readonly hint?: string | undefined;
}

export function oneOf<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((c) => c === text);
  if (choice !== undefined) return choice;
  throw flagError(flag, { found: `"${text}"`, expected: choices.map((c) => `"${c}"`).join(' or ') });
}

export function integer(flag: string, text: string, least: number, most: number): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const highest = most === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : most;
  throw flagError(flag, { found: `"${text}"`, expected: `a whole number, ${least} to ${highest}` });
}

/** Above zero: a run of no length is no run. */
export function duration(flag: string, text: string): Ns {
  const ns = time(flag, text);
  if (ns > 0) return ns;
  throw flagError(flag, { found: `"${text}"`, expected: 'a time above zero, such as "5s"', hint: UNITS });
}

const UNITS = 'Units are s, ms, us and ns.';

export function time(flag: string, text: string): Ns {
  try {
    return parseTime(text);
  } catch (error) {
    if (!(error instanceof BadQuantity)) throw error;
    throw flagError(flag, { found: error.found, expected: error.expected, hint: UNITS });
  }
}

export function flagError(flag: string, wrong: Wrong): BadInput {
  return new BadInput({ file: 'command line', path: flag, ...wrong });
}
