/**
 * Raw spinlock: three threads each add 1 to a plain long, in two steps, under the lock.
 * Verdict: no addition is lost, and no two are inside at one simulated instant; without the lock some are lost.
 */
import { describe, expect, it } from 'vitest';
import { NATIVE } from '../support/each-memory.ts';
import { runThreads, type Body } from '../support/threads.ts';

interface Turns {
  readonly times: number;
  readonly locked: boolean;
}

const adder: Body<Turns> = ({ memory, lib, id, arg }) => {
  const [LOCK, SUM, LAST, DONE] = [64, 128, 136, 192];
  let [now, overlaps] = [0, 0];
  for (let i = 0; i < arg.times; i++) {
    if (arg.locked) now = lib.rawSpinLock(memory, LOCK, id, now);
    const sum = memory.loadLong(SUM);
    if (memory.loadLong(LAST) > now) overlaps++;
    now += 3;
    for (let wide = arg.locked ? 45 : 0; wide < 50; wide++) memory.load(DONE);
    memory.storeLong(LAST, now);
    memory.storeLong(SUM, sum + 1);
    if (arg.locked) lib.rawSpinUnlock(memory, LOCK, id, now);
  }
  memory.add(DONE, 1);
  while (memory.load(DONE) !== 3) memory.relax();
  return { sum: memory.loadLong(SUM), generation: lib.rawSpinGeneration(memory, LOCK), overlaps };
};

describe.each(NATIVE)('a raw spinlock on %s memory', (kind) => {
  it('lets one thread in at a time, on the host’s clock and on the simulated one', async () => {
    const ends = await runThreads(kind, [adder, adder, adder], { times: 20_000, locked: true });
    expect(ends).toEqual(Array(3).fill({ sum: 60_000, generation: 60_000, overlaps: 0 }));
  });

  it('is needed: without it additions are lost', async () => {
    const [end] = (await runThreads(kind, [adder, adder, adder], { times: 100_000, locked: false })) as [{ sum: number }];
    expect(end.sum).toBeLessThan(300_000);
  });
});
