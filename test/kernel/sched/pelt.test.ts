import { describe, expect, test } from 'vitest';
import { decayLoad, hasBlockedLoad, updateLoadSum } from '../../../src/kernel/sched/pelt.ts';
import { FakeMachine } from '../../support/fake-arch.ts';

const PERIOD = 1_024 * 1_024;

function rqAfter(...stretches: readonly [ns: number, running: boolean][]) {
  const machine = new FakeMachine(1, []);
  machine.memory.lowerGuards();
  const rq = machine.image.rqs[0]!;
  let now = 0;
  for (const [ns, running] of stretches) {
    now += ns;
    updateLoadSum(rq, now, running);
  }
  return rq;
}

/** What the sum would be with numbers that have no end. */
const exact = (units: number): number => {
  let sum = 0;
  for (let i = 0; i < units / 1_024; i++) sum = (sum + 1_024) * 0.5 ** (1 / 32);
  return sum;
};

describe('how much a CPU has run lately', () => {
  test('halves in 32 periods', () => {
    for (const sum of [47_742, 10_000, 77]) {
      expect(Math.abs(decayLoad(sum, 32) - sum / 2)).toBeLessThan(2);
      expect(Math.abs(decayLoad(sum, 17) - sum * 0.5 ** (17 / 32))).toBeLessThan(2);
    }
    expect(decayLoad(47_742, 32 * 63 + 1)).toBe(0);
  });

  test('is within a few of the sum without rounding, however the time is cut', () => {
    const whole = rqAfter([40 * PERIOD, true]).loadSum;
    const pieces = rqAfter(...Array.from({ length: 400 }, () => [PERIOD / 10, true] as [number, boolean])).loadSum;
    expect(Math.abs(whole - exact(40 * 1_024))).toBeLessThan(60);
    // each piece rounds down
    expect(Math.abs(pieces - whole)).toBeLessThan(400);
  });

  test('comes to the most that there is, and leaves nothing after ten half-lives', () => {
    const busy = rqAfter([2e9, true]);
    expect(busy.loadSum).toBeGreaterThan(47_000);
    expect(hasBlockedLoad(busy)).toBe(true);
    expect(hasBlockedLoad(rqAfter([2e9, true], [250e6, false]))).toBe(true);
    expect(hasBlockedLoad(rqAfter([2e9, true], [370e6, false]))).toBe(false);
  });

  test('is nothing after a moment of work', () => {
    expect(hasBlockedLoad(rqAfter([20_000, true]))).toBe(false);
    expect(hasBlockedLoad(rqAfter([100_000, true]))).toBe(true);
  });
});
