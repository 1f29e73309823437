/**
 * What may differ, and by how much, in words: `exact`, `±2`, `±5%`, `±5% or ±2`, `100 ..108`, `order`,
 * `noise`; before each of them `sum`: not CPU by CPU, but all CPUs together.
 */
import { z } from 'zod';
import type { Leaf } from './leaves.ts';

export type Tolerance = {
  /** all CPUs together */
  readonly sum: boolean;
} & (
  | { readonly kind: 'exact' | 'order' | 'noise' }
  /** either of the two is enough */
  | { readonly kind: 'near'; readonly counts: number; readonly percent: number }
  /** the simulated figure lies there, whatever the real one was; a rate where `per` names a figure: for each of it */
  | { readonly kind: 'within'; readonly least: number; readonly most: number; readonly per: string | null }
);

const NEAR = /^±(\d+(?:\.\d+)?)(%?)$/;
const WITHIN = /^(\d+(?:\.\d+)?) \.\. (\d+(?:\.\d+)?)(?: per (\S+))?$/;

export const toleranceText = z.string().refine((text) => parseTolerance(text) !== null, {
  error: 'exact, ±2, ±5%, ±5% or ±2, 280 .. 305, order or noise; before it: sum',
});

/** The tolerance that some words name, or null. */
export function parseTolerance(text: string): Tolerance | null {
  const sum = text.startsWith('sum ');
  const words = sum ? text.slice('sum '.length) : text;
  if (words === 'exact' || words === 'order' || words === 'noise') return { sum, kind: words };
  const [, least, most, per] = WITHIN.exec(words) ?? [];
  if (least !== undefined) return { sum, kind: 'within', least: Number(least), most: Number(most), per: per ?? null };
  const parts = words.split(' or ').map((part) => NEAR.exec(part));
  if (parts.length > 2 || parts.some((part) => part === null)) return null;
  const most2 = (unit: string): number => Math.max(0, ...parts.filter((part) => part![2] === unit).map((part) => Number(part![1])));
  return { sum, kind: 'near', counts: most2(''), percent: most2('%') };
}

/** Below that, a count has no order of magnitude. */
const SMALL = 5;

/** Whether two figures are of one order of magnitude: neither more than half a power of ten from the other. */
export function sameOrder(real: number, simulated: number): boolean {
  return Math.abs(Math.log10((Math.abs(real) + SMALL) / (Math.abs(simulated) + SMALL))) <= 0.5;
}

/** Whether the tolerance holds. `valueOf`: other figures of the recording, for a rate. */
export function holds(tolerance: Tolerance, real: Leaf, simulated: Leaf | undefined, valueOf: (key: string) => number): boolean {
  if (tolerance.kind === 'noise') return true;
  if (simulated === undefined) return false;
  if (typeof real === 'string' || typeof simulated === 'string') return real === simulated;
  const apart = Math.abs(real - simulated);
  switch (tolerance.kind) {
    case 'exact': return apart === 0;
    case 'order': return sameOrder(real, simulated);
    case 'near': return apart <= tolerance.counts || apart * 100 <= tolerance.percent * Math.abs(real);
    case 'within': {
      const times = tolerance.per === null ? 1 : valueOf(tolerance.per);
      return simulated >= tolerance.least * times && simulated <= tolerance.most * times;
    }
  }
}
