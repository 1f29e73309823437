import { expect, it } from 'vitest';
import { rawSpinGeneration, rawSpinLock, rawSpinOwner, rawSpinUnlock } from '../../../shared/sync/raw-spinlock.ts';
import { NOBODY } from '../../../shared/units.ts';
import { describeEachMemory } from '../../support/each-memory.ts';
import { doesRelax } from '../../support/relaxing.ts';

const LOCK = 64;

describeEachMemory('a raw spinlock', (make) => {
  it('knows its owner, CPU 0 included, and how often it was taken', () => {
    const memory = make(128);
    expect(rawSpinOwner(memory, LOCK)).toBe(NOBODY);
    for (const cpu of [0, 3, 0]) {
      rawSpinLock(memory, LOCK, cpu, 10);
      expect(rawSpinOwner(memory, LOCK)).toBe(cpu);
      rawSpinUnlock(memory, LOCK, cpu, 10);
    }
    expect([rawSpinOwner(memory, LOCK), rawSpinGeneration(memory, LOCK)]).toEqual([NOBODY, 3]);
  });

  it('lets its taker go on at the last release or at its own clock, whichever is later', () => {
    const memory = make(128);
    expect(rawSpinLock(memory, LOCK, 0, 100)).toBe(100);
    rawSpinUnlock(memory, LOCK, 0, 130);
    expect(rawSpinLock(memory, LOCK, 1, 110)).toBe(130);
    rawSpinUnlock(memory, LOCK, 1, 150);
    expect(rawSpinLock(memory, LOCK, 2, 2 ** 53 - 1)).toBe(2 ** 53 - 1);
  });

  it('keeps a second CPU out until the first lets go', () => {
    const memory = make(128);
    rawSpinLock(memory, LOCK, 0, 100);
    const turns = doesRelax(memory, 3, () => rawSpinUnlock(memory, LOCK, 0, 120));
    expect(rawSpinLock(memory, LOCK, 1, 105)).toBe(120);
    expect([turns(), rawSpinOwner(memory, LOCK)]).toEqual([3, 1]);
  });

  it('refuses to be taken twice by one CPU, and to be freed by another', () => {
    const memory = make(128);
    expect(() => rawSpinUnlock(memory, LOCK, 1, 0)).toThrow('CPU 1 frees the lock at 64, held by nobody');
    rawSpinLock(memory, LOCK, 0, 0);
    expect(() => rawSpinLock(memory, LOCK, 0, 0)).toThrow('CPU 0 takes the lock at 64 twice');
    expect(() => rawSpinUnlock(memory, LOCK, 1, 0)).toThrow('CPU 1 frees the lock at 64, held by CPU 0');
  });
});
