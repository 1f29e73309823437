import { expect, it } from 'vitest';
import { words } from '../../src/cli/progress.ts';

it('the bar tells simulated time, host time and speed', () => {
  const progress = { simulatedNs: 1_500_000_000, limitNs: 6_000_000_000, events: 250_000 };
  expect(words(progress, 2)).toEqual({ simulated: '1.50 of 6.00 s', host: '2.0 s', rate: '125,000' });
});

it('the bar survives a run that has only begun', () => {
  expect(words({ simulatedNs: 0, limitNs: 0, events: 1 }, 0).rate).toBe('1,000');
});
