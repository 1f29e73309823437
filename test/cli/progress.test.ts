import { expect, it } from 'vitest';
import { searchWords, words } from '../../src/cli/progress.ts';

it('the bar tells simulated time, host time and speed', () => {
  const progress = { simulatedNs: 1_500_000_000, limitNs: 6_000_000_000, events: 250_000 };
  expect(words(progress, 2)).toEqual({ simulated: '1.50 of 6.00 s', host: '2.0 s', rate: '125,000' });
});

it('the bar survives a run that has only begun', () => {
  expect(words({ simulatedNs: 0, limitNs: 0, events: 1 }, 0).rate).toBe('1,000');
});

it('the bar of a search says that its share is an estimate, or unknown', () => {
  const progress = { executions: 2_048, steps: 9_000, share: 0.1234 };
  expect(searchWords(progress, 2)).toEqual({ executions: '2,048', share: '~12.3 %', rate: '1,024' });
  expect(searchWords({ executions: 1, steps: 3, share: 0 }, 0).share).toBe('share unknown');
});
