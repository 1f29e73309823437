import { expect, it } from 'vitest';
import { didYouMean } from '../../src/workload/did-you-mean.ts';

const EVENTS = ['run', 'sleep', 'timer', 'resume', 'suspend', 'barrier'];

it.each([['rum', 'run'], ['slepe', 'sleep'], ['Timer', 'timer'], ['resum', 'resume'], ['susspend', 'suspend']])(
  '%s was meant as %s', (word, meant) => expect(didYouMean(word, EVENTS)).toBe(meant),
);

it('does not guess where nothing is near', () => {
  expect(didYouMean('zzzzz', EVENTS)).toBeNull();
  expect(didYouMean('x', EVENTS)).toBeNull();
});
