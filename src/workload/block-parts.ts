/**
 * What the `dynticks` block is made of: quantities with their unit, names, CPUs. Each says what it expects,
 * as a noun; whoever reads the block adds the place.
 */
import { z } from 'zod';
import { NR_CPUS_MAX } from '../../shared/limits.ts';
import { KTIME_MAX, type Ns } from '../../shared/units.ts';
import {
  BadQuantity, FREQUENCY_PATTERN, parseFrequency, parseRate, parseSignedTime, parseTime, RATE_PATTERN, SIGNED_TIME_PATTERN, TIME_PATTERN,
  timeText,
} from './quantity.ts';

const TIME = 'a time with its unit, such as "5s", "1.5ms", "200us" or "10ns"';
const FREQUENCY = 'a frequency with its unit, such as "2.4GHz" or "100MHz"';

/** A counter that is further off than this is none. */
const RATE_MAX_PPB = 100_000_000;

function quantity(pattern: string, expected: string, parse: (text: string) => number, least: number) {
  return z.string({ error: expected }).regex(new RegExp(pattern), { error: expected }).transform((text, context) => {
    try {
      const value = parse(text);
      if (value >= least) return value;
      context.addIssue({ code: 'custom', message: `${expected}, at least ${least} of its smallest unit` });
    } catch (error) {
      if (!(error instanceof BadQuantity)) throw error;
      context.addIssue({ code: 'custom', message: error.expected });
    }
    return z.NEVER;
  });
}

export function timeWithin(least: Ns, most: Ns) {
  const error = `${TIME}, from ${timeText(least)} to ${timeText(most)}`;
  return quantity(TIME_PATTERN, TIME, parseTime, 0).refine((ns) => ns >= least && ns <= most, { error });
}

export const time = quantity(TIME_PATTERN, TIME, parseTime, 1);
export const instant = quantity(TIME_PATTERN, TIME, parseTime, 0);
const SIGNED = 'a time forward or back, such as "2s" or "-500us"';
export const signedTime = quantity(SIGNED_TIME_PATTERN, SIGNED, parseSignedTime, -KTIME_MAX);
export const rate = quantity(RATE_PATTERN, 'a rate with its unit, such as "20ppm" or "-500ppb"', parseRate, -RATE_MAX_PPB)
  .refine((ppb) => ppb <= RATE_MAX_PPB, { error: 'at most 100000ppm' });
export const frequency = quantity(FREQUENCY_PATTERN, FREQUENCY, parseFrequency, 1_000);

export const integer = (what: string, least: number, most: number) => {
  const error = `${what}, an integer from ${least} to ${most === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

export const text = (what: string) => z.string({ error: `${what} (a string)` });
export const name = (what: string) => text(what).min(1, { error: `${what}, not empty` });

export const choice = <const T extends readonly string[]>(words: T) =>
  z.enum(words, { error: words.map((word) => `"${word}"`).join(' or ') });

export const flag = z.boolean({ error: 'true or false' });

/** Every CPU number is checked against the machine later; here only that it is one. */
export const cpu = integer('a CPU', 0, NR_CPUS_MAX - 1);

export const allOr = <T extends z.ZodType>(items: T, what: string) =>
  z.union([z.literal('all'), z.array(items)], { error: `"all" or an array of ${what}` });
