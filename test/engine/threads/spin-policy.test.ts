import { describe, expect, it } from 'vitest';
import { mayHaveCores, SPIN_LOADS, spinLoads, type HandOff } from '../../../src/engine/threads/spin-policy.ts';
import { NATIVE } from '../../support/each-memory.ts';
import { runThreads, type Body } from '../../support/threads.ts';

const FAST: HandOff = { spinningNs: 300, sleepingNs: 20_000 };

describe('the spin policy', () => {
  it('is much or none, never in between', () => {
    const all = [1, 2, 4, 64].flatMap((cpus) => [1, 2, 4, 8].map((cores) => spinLoads(cpus, cores, FAST)));
    expect(new Set(all)).toEqual(new Set([0, SPIN_LOADS]));
    expect(SPIN_LOADS).toBeGreaterThanOrEqual(20_000);
  });

  it('never looks where there are more CPUs than cores, whatever was measured; the coordinator needs no core', () => {
    expect([1, 2, 3, 4].map((cpus) => mayHaveCores(cpus, 3))).toEqual([true, true, true, false]);
    expect(spinLoads(3, 3, FAST)).toBe(SPIN_LOADS);
    expect(spinLoads(4, 3, FAST)).toBe(0);
  });

  it('does not look without a measurement', () => {
    expect(spinLoads(2, 8, undefined)).toBe(0);
  });

  it('looks only if that hands over in less than a third of the time', () => {
    const loads = (spinningNs: number) => spinLoads(2, 2, { spinningNs, sleepingNs: 3_000 });
    expect([999, 1_000, 3_000, 80_000].map(loads)).toEqual([SPIN_LOADS, 0, 0, 0]);
  });
});

/** Measures, with a clock that goes on by `stepMs` at each look (0: the host's). Returns hand-overs given, too. */
const measurer: Body<{ stepMs: number }> = ({ memory, lib, id, arg }) => {
  const exchange = memory.exchange.bind(memory);
  let [gave, now] = [0, 0];
  memory.exchange = (at, value) => {
    gave++;
    return exchange(at, value);
  };
  if (arg.stepMs > 0) performance.now = () => (now += arg.stepMs);
  const measured = id === 0 ? lib.measureHandOff(memory, 0, 64, 128) : lib.measureHandOff(memory, 1, 128, 64);
  return { ...measured, gave };
};

describe.each(NATIVE)('a hand-over between two threads, measured on %s memory', (kind) => {
  it('takes some time, both ways of waiting', async () => {
    const ends = (await runThreads(kind, [measurer, measurer], { stepMs: 0 })) as (HandOff & { gave: number })[];
    for (const { spinningNs, sleepingNs } of ends) {
      expect(spinningNs).toBeGreaterThan(0);
      expect(sleepingNs).toBeGreaterThan(0);
    }
    expect(ends[0]!.gave).toBe(ends[1]!.gave);
  });

  it('is half a round', async () => {
    const [end] = (await runThreads(kind, [measurer, measurer], { stepMs: 0.01 })) as HandOff[];
    expect(end).toMatchObject({ spinningNs: 5_000, sleepingNs: 5_000 });
  });

  it('gives up on a host that is so busy that a round takes as long as all of them should', async () => {
    const ends = await runThreads(kind, [measurer, measurer], { stepMs: 5 });
    const two = { spinningNs: 2_500_000, sleepingNs: 2_500_000, gave: 4 };
    expect(ends).toEqual([two, two]);
  });
});
