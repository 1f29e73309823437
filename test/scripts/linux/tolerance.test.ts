import { describe, expect, test } from 'vitest';
import type { Leaf } from '../../../scripts/linux/leaves.ts';
import { holds, parseTolerance, sameOrder } from '../../../scripts/linux/tolerance.ts';

const isHeld = (text: string, real: Leaf, simulated: Leaf | undefined, others: Record<string, number> = {}): boolean =>
  holds(parseTolerance(text)!, real, simulated, (key) => others[key]!);

describe('a tolerance', () => {
  test.each([
    ['exact', 7, 7, true], ['exact', 7, 8, false], ['exact', 'ns', 'ns', true], ['exact', 'ns', 'us', false],
    ['±2', 10, 12, true], ['±2', 10, 13, false], ['±2', 10, 7, false],
    ['±5%', 1_000, 1_050, true], ['±5%', 1_000, 949, false], ['±5%', 0, 1, false],
    ['±5% or ±2', 10, 12, true], ['±5% or ±2', 1_000, 1_049, true], ['±5% or ±2', 30, 33, false],
    ['280 .. 305', 1, 280, true], ['280 .. 305', 1, 306, false],
    ['noise', 1, 1_000_000, true], ['noise', 1, undefined, true],
    ['order', 1_000, 320, true], ['order', 1_000, 310, false], ['order', 0, 10, true], ['order', 0, 11, false],
    ['×10', 100, 1_045, true], ['×10', 100, 1_046, false],
  ] as const)('%s, real %s, simulated %s: %s', (text, real, simulated, held) => {
    expect(isHeld(text, real, simulated)).toBe(held);
  });

  test.each(['exact', '±2', 'order', '0 .. 9'])('%s does not hold for a figure that the machine has not got', (text) => {
    expect(isHeld(text, 0, undefined)).toBe(false);
  });

  test('that is a rate is one of another figure of the recording', () => {
    expect([99, 100, 108, 109].map((n) => isHeld('200 .. 216 per 200 rounds', 0, n, { rounds: 100 }))).toEqual([false, true, true, false]);
  });

  test('is for all CPUs together where it says sum', () => {
    expect(parseTolerance('sum ±5%')).toEqual({ sum: true, kind: 'near', counts: 0, percent: 5 });
    expect(parseTolerance('±5%')).toMatchObject({ sum: false });
  });

  test.each(['', '5%', '± 2', '±2 or', '±1 or ±2 or ±3', 'sum', 'about', '3 .. '])('is not "%s"', (text) => {
    expect(parseTolerance(text)).toBeNull();
  });
});

test('an order of magnitude is half a power of ten to either side, and small counts have none', () => {
  const same = (real: number, simulated: number): boolean => sameOrder(real, simulated, Math.sqrt(10));
  expect([same(100, 300), same(300, 100), same(100, 330), same(3, 0), same(0, 0)]).toEqual([true, true, false, true, true]);
});
