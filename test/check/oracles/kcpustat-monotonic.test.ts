import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../shared/event-consumer.ts';
import { KcpustatMonotonic } from '../../../src/check/oracles/kcpustat-monotonic.ts';
import { EventStream, runFacts, TICK } from '../../support/event-stream.ts';
import { judgeStream, witnessOf } from '../../support/verdicts.ts';

const facts = runFacts(2, ['gen', 'tick'], ['reader-0']);
const reads = (...of: Record<string, number>[]) => readsOn(facts, ...of);
const readsOn = (on: RunFacts, ...of: Record<string, number>[]) => {
  const stream = new EventStream();
  of.forEach((fields, i) => stream.add('kcpustat_cpu_fetch', 0, 100 * i, { by: 2, ...fields }));
  return judgeStream(KcpustatMonotonic, on, stream);
};

describe('R-03, one reader of one CPU', () => {
  it('holds while slots grow, and lets slots with pending time fall by less than a tick', () => {
    expect(reads({ user: 10 }, { user: 20 })).toEqual({ verdict: 'held', checked: 1 });
    expect(reads({ user: TICK }, { user: 1 }).verdict).toBe('held');
  });

  it('is not exercised by one read of each CPU', () => {
    expect(reads({ cpu: 0, user: 10 }, { cpu: 1, user: 5 })).toEqual({ verdict: 'not exercised' });
  });

  it('finds a fall by a tick', () => {
    const witness = witnessOf(reads({ system: TICK }, { system: 0 }));
    expect(witness.says).toBe(`reader-0 (linux reader) saw system of CPU 0 fall from ${TICK} to 0`);
    expect(witness.events.map((event) => event.t)).toEqual([0, 100]);
  });

  it('finds falls that add up to a tick, held against the highest value', () => {
    const witness = witnessOf(reads({ user: 2 * TICK }, { user: TICK + 2 }, { user: TICK }));
    expect(witness.events.map((event) => event.t)).toEqual([0, 200]);
  });

  it('finds any fall of idle, and any fall on a CPU that samples', () => {
    expect(witnessOf(reads({ idle: 10 }, { idle: 9 })).says).toContain('saw idle of CPU 0 fall from 10 to 9');
    expect(witnessOf(reads({ cpu: 1, reader: 1, user: 10 }, { cpu: 1, reader: 1, user: 9 })).says)
      .toContain('(complete reader) saw user of CPU 1 fall from 10 to 9');
  });

  it('finds any fall that complete sees of a CPU off which nobody carries time', () => {
    const exact = runFacts(2, 'gen-exact', ['reader-0']);
    expect(readsOn(exact, { reader: 1, user: 10 }, { reader: 1, user: 9 }).verdict).toBe('broken');
    expect(readsOn(exact, { reader: 1, system: 10 }, { reader: 1, system: 9 }).verdict).toBe('broken');
    expect(readsOn(exact, { reader: 0, user: 10 }, { reader: 0, user: 9 }).verdict).toBe('held');
  });

  it('lets a task take its time from user to nice there', () => {
    const exact = runFacts(2, 'gen-exact', ['reader-0']);
    expect(readsOn(exact, { reader: 1, user: 10 }, { reader: 1, user: 4, nice: 6 }).verdict).toBe('held');
    expect(readsOn(exact, { reader: 1, user: 10 }, { reader: 1, user: 4, nice: 5 }).verdict).toBe('broken');
  });

  it('lets idle become iowait on a CPU that accounts without ticks, as long as their sum does not fall', () => {
    expect(reads({ idle: 9 * TICK }, { idle: 2 * TICK, iowait: 7 * TICK }).verdict).toBe('held');
    expect(reads({ idle: 9 * TICK }, { idle: 2 * TICK, iowait: 7 * TICK - 1 }).verdict).toBe('broken');
    expect(reads({ cpu: 1, idle: 9 }, { cpu: 1, idle: 2, iowait: 8 }).verdict).toBe('broken');
  });
});
