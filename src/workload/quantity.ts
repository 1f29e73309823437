/**
 * Quantities with units, as our own parts of a scenario and our flags take them: `5s`, `1.5ms`,
 * `200us`, `10ns`; `2.4GHz`. A bare number is refused, because nobody can see what it means.
 */
import { KTIME_MAX, NSEC_PER_MSEC, NSEC_PER_SEC, NSEC_PER_USEC, type Ns } from '../../shared/units.ts';

/** Text that is no quantity: what was found and what is wanted, for whoever knows the place. */
export class BadQuantity extends Error {
  override readonly name = 'BadQuantity';
  readonly found: string;
  readonly expected: string;

  constructor(found: string, expected: string) {
    super(`found ${found}, expected ${expected}`);
    this.found = found;
    this.expected = expected;
  }
}

/** Digits after the point that make one unit: 1 s = 10^9 ns. */
const TIME_UNITS: Readonly<Record<string, number>> = { s: 9, ms: 6, us: 3, 'µs': 3, ns: 0 };
const FREQUENCY_UNITS: Readonly<Record<string, number>> = { GHz: 9, MHz: 6, kHz: 3, Hz: 0 };

/** For JSON Schema; the parser below says more. */
export const TIME_PATTERN = '^[0-9]+(\\.[0-9]+)?(s|ms|us|µs|ns)$';
export const FREQUENCY_PATTERN = '^[0-9]+(\\.[0-9]+)?(GHz|MHz|kHz|Hz)$';

/** How far one thing is from another: with a sign. */
export const SIGNED_TIME_PATTERN = '^[-+]?[0-9]+(\\.[0-9]+)?(s|ms|us|µs|ns)$';
export const RATE_PATTERN = '^[-+]?[0-9]+(\\.[0-9]+)?(ppm|ppb)$';

const TIME_EXPECTED = 'a time with its unit, such as "5s", "1.5ms", "200us" or "10ns"';
const FREQUENCY_EXPECTED = 'a frequency with its unit, such as "2.4GHz" or "100MHz"';

/** A time: 0 <= ns < 2^53, exact; throws BadQuantity. */
export function parseTime(text: string): Ns {
  return parseWith(text, TIME_UNITS, TIME_EXPECTED);
}

const EXACT_UNITS = [['s', NSEC_PER_SEC], ['ms', NSEC_PER_MSEC], ['us', NSEC_PER_USEC], ['ns', 1]] as const;

const RATE_UNITS: Readonly<Record<string, number>> = { ppm: 3, ppb: 0 };
const RATE_EXPECTED = 'a rate with its unit, such as "20ppm" or "-500ppb"';

/** A frequency's error in parts per billion, exact; throws BadQuantity. */
export function parseRate(text: string): number {
  return signOf(text) * parseWith(text.replace(/^[-+]/, ''), RATE_UNITS, RATE_EXPECTED);
}

/** A time forward or (with -) back; throws BadQuantity. */
export function parseSignedTime(text: string): Ns {
  return signOf(text) * parseTime(text.replace(/^[-+]/, ''));
}

const signOf = (text: string): 1 | -1 => (text.startsWith('-') ? -1 : 1);

/** With the largest unit that keeps it exact; `parseTime` reads it back. */
export function timeText(ns: Ns): string {
  const [unit, size] = EXACT_UNITS.find(([, each]) => ns % each === 0)!;
  return `${ns / size}${unit}`;
}

/** A frequency in Hz, an integer; throws BadQuantity. */
export function parseFrequency(text: string): number {
  return parseWith(text, FREQUENCY_UNITS, FREQUENCY_EXPECTED);
}

function parseWith(text: string, units: Readonly<Record<string, number>>, expected: string): number {
  const match = /^([0-9]+)(?:\.([0-9]+))?([A-Za-zµ]*)$/.exec(text.trim());
  const [, whole = '', fraction = '', unit = ''] = match ?? [];
  const digits = Object.hasOwn(units, unit) ? units[unit]! : -1;
  if (match === null || digits < 0) throw new BadQuantity(describeText(text, match !== null && unit === ''), expected);
  const tail = fraction.replace(/0+$/, '');
  if (tail.length > digits) {
    throw new BadQuantity(`"${text}"`, `${expected}, without a fraction of the smallest unit`);
  }
  const value = Number(whole + tail.padEnd(digits, '0'));
  if (value > KTIME_MAX) throw new BadQuantity(`"${text}"`, 'less than 2^53 ns (104 days of simulated time)');
  return value;
}

function describeText(text: string, lacksUnit: boolean): string {
  return lacksUnit ? `"${text}", a number without a unit` : `"${text}"`;
}
