/**
 * What may differ, and by how much, in words: `exact`, `±2`, `±5%`, `±5% or ±2`, `100 .. 108`, `order` (half
 * a power of ten to either side), `×10` (a whole one), `noise`; before each of them `sum`: not CPU by CPU, but
 * all CPUs together.
 */
import { z } from 'zod';
import type { Leaf } from './leaves.ts';

/** So many of another figure of the recording. */
interface Per {
  readonly times: number;
  readonly key: string;
}

type Bounds =
  | { readonly kind: 'exact' | 'noise' }
  /** neither more than so many times the other */
  | { readonly kind: 'order'; readonly factor: number }
  /** either of the two is enough */
  | { readonly kind: 'near'; readonly counts: number; readonly percent: number }
  /** the simulated figure lies there, whatever the real one was; a rate where `per` names a figure: for so many of it */
  | { readonly kind: 'within'; readonly least: number; readonly most: number; readonly per: Per | null };

/** `sum`: all CPUs together. */
export type Tolerance = Bounds & { readonly sum: boolean };

const NEAR = /^±(\d+(?:\.\d+)?)(%?)$/;
const WITHIN = /^(-?\d+) \.\. (\d+)(?: per (\d+) (\S+))?$/;

export const toleranceText = z.string().refine((text) => parseTolerance(text) !== null, {
  error: 'exact, ±2, ±5%, ±5% or ±2, 280 .. 305, order, ×10 or noise; before it: sum',
});

/** The tolerance that some words name, or null. */
export function parseTolerance(text: string): Tolerance | null {
  const sum = text.startsWith('sum ');
  const words = sum ? text.slice('sum '.length) : text;
  if (words === 'exact' || words === 'noise') return { sum, kind: words };
  if (words === 'order' || words === '×10') return { sum, kind: 'order', factor: words === 'order' ? Math.sqrt(10) : 10 };
  const [, least, most, times, key] = WITHIN.exec(words) ?? [];
  if (least !== undefined) {
    return { sum, kind: 'within', least: Number(least), most: Number(most), per: key === undefined ? null : { times: Number(times), key } };
  }
  const parts = words.split(' or ').map((part) => NEAR.exec(part));
  if (parts.length > 2 || parts.some((part) => part === null)) return null;
  const most2 = (unit: string): number => Math.max(0, ...parts.filter((part) => part![2] === unit).map((part) => Number(part![1])));
  return { sum, kind: 'near', counts: most2(''), percent: most2('%') };
}

/** Below that, a count has no order of magnitude. */
const SMALL = 5;

/** Whether neither of two figures is more than so many times the other. */
export function sameOrder(real: number, simulated: number, factor: number): boolean {
  const [a, b] = [Math.abs(real) + SMALL, Math.abs(simulated) + SMALL];
  return Math.max(a, b) <= factor * Math.min(a, b);
}

/** Other figures of the recording, for a rate. */
type FigureOf = (key: string) => number;

/** Whether the tolerance holds. */
export function holds(tolerance: Tolerance, real: Leaf, simulated: Leaf | undefined, figureOf: FigureOf): boolean {
  if (tolerance.kind === 'noise') return true;
  if (simulated === undefined) return false;
  if (typeof real === 'string' || typeof simulated === 'string') return real === simulated;
  const apart = Math.abs(real - simulated);
  switch (tolerance.kind) {
    case 'exact': return apart === 0;
    case 'order': return sameOrder(real, simulated, tolerance.factor);
    case 'near': return apart <= tolerance.counts || apart * 100 <= tolerance.percent * Math.abs(real);
    case 'within': return isWithin(tolerance, simulated, figureOf);
  }
}

function isWithin({ least, most, per }: Extract<Bounds, { kind: 'within' }>, simulated: number, figureOf: FigureOf): boolean {
  const times = per === null ? 1 : figureOf(per.key) / per.times;
  return simulated >= least * times && simulated <= most * times;
}
