/**
 * Remote reads that race real writers, on threads in `free`: every one is legal; and a reader or a
 * writer that breaks the rules is caught, its window widened by a pause. How often that happens without
 * the pause is in docs/PERFORMANCE.md (`npm run soak -- faults`).
 */
import { afterAll, describe, expect, it } from 'vitest';
import { CpuPool } from '../../src/host/threads/cpu-pool.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import type { Overrides } from '../../src/workload/resolve.ts';
import { brokenOf, fileOf, resolveFile } from '../support/shipped.ts';

const file = fileOf('racing-reads');

function race(memory: 'wasm' | 'atomics', overrides: Overrides = {}): Promise<RunResult> {
  return simulate(resolveFile(file, overrides), { engine: { kind: 'threads', sync: 'free', memory } });
}

afterAll(() => CpuPool.closeAll());

describe.each(['wasm', 'atomics'] as const)('two readers of two writers, over %s', (memory) => {
  it('make 30,000 reads of running tasks, all judged, all legal, none backward', { timeout: 60_000 }, async () => {
    const run = await race(memory, { durationNs: 60e6 });
    expect(brokenOf(run)).toEqual({});
    expect(run.readRaces.running).toBeGreaterThan(30_000);
    expect(run.readRaces).toMatchObject({ illegal: 0, unjudged: 0, backward: 0 });
  });

  it('never look further apart than the skew and one event’s cost', { timeout: 60_000 }, async () => {
    const skewNs = 20_000;
    const { readRaces: { ahead, behind } } = await race(memory, { skewNs, durationNs: 40e6 });
    const longestEvent = 10_000;
    for (const { fromNs } of [...ahead, ...behind]) expect(fromNs).toBeLessThan(skewNs + longestEvent);
    expect(ahead.length + behind.length).toBeGreaterThan(0);
  });

  it('read what holds at their own instant if reads are to be fresh', { timeout: 60_000 }, async () => {
    const { readRaces } = await race(memory, { reads: 'fresh', skewNs: 20_000, durationNs: 30e6 });
    expect(readRaces.behind).toEqual([]);
    expect(readRaces.running).toBeGreaterThan(1_000);
  });
});

describe('what breaks the rules of racing reads', () => {
  it.each([
    ['torn-vtime', ['C-01', 'V-01']], ['missing-retry', ['V-02']], ['promise-outside', ['V-02']], ['own-clock', ['V-02']],
    ['B-01', ['V-02']],
  ])('is caught: %s', { timeout: 60_000 }, async (fault, by) => {
    const broken = Object.keys(brokenOf(await race('wasm', { faults: [fault], widenNs: 50_000, durationNs: 40e6 })));
    expect(broken).toEqual(expect.arrayContaining(by));
  });
});
