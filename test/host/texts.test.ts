import { expect, it } from 'vitest';
import { count, milliseconds, seconds } from '../../src/host/texts.ts';

it('numbers are grouped by three, the same on every host', () => {
  expect([0, 999, 1000, 1234567].map(count)).toEqual(['0', '999', '1,000', '1,234,567']);
});

it('times keep every digit that is shown', () => {
  expect(seconds(6_004_000_001)).toBe('6.004000001');
  expect(seconds(Number.MAX_SAFE_INTEGER)).toBe('9007199.254740991');
  expect(milliseconds(1_234_567_999)).toBe('1,234.567');
  expect(milliseconds(999)).toBe('0.000');
});
