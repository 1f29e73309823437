import { expect, it } from 'vitest';
import { KernelBug } from '../../../shared/assert.ts';
import {
  readSeqcountLatch, readSeqcountLatchRetry, writeSeqcountLatch, writeSeqcountLatchBegin,
} from '../../../shared/sync/seqcount-latch.ts';
import { describeEachMemory } from '../../support/each-memory.ts';

const SEQ = 64;

describeEachMemory('a latch', (make) => {
  it('turns readers to copy 1 while copy 0 is in the making, and back', () => {
    const memory = make(256);
    expect(readSeqcountLatch(memory, SEQ) & 1).toBe(0);
    writeSeqcountLatchBegin(memory, SEQ);
    expect(readSeqcountLatch(memory, SEQ) & 1).toBe(1);
    writeSeqcountLatch(memory, SEQ);
    expect(readSeqcountLatch(memory, SEQ) & 1).toBe(0);
  });

  it('never keeps a reader waiting, and has it look again only if it was turned away meanwhile', () => {
    const memory = make(256);
    writeSeqcountLatchBegin(memory, SEQ);
    const inside = readSeqcountLatch(memory, SEQ);
    expect(readSeqcountLatchRetry(memory, SEQ, inside)).toBe(false);
    writeSeqcountLatch(memory, SEQ);
    expect(readSeqcountLatchRetry(memory, SEQ, inside)).toBe(true);
  });

  it('refuses an update within an update and an end without a beginning', () => {
    const memory = make(256);
    expect(() => writeSeqcountLatch(memory, SEQ)).toThrow(KernelBug);
    writeSeqcountLatchBegin(memory, SEQ);
    expect(() => writeSeqcountLatchBegin(memory, SEQ)).toThrow(/an update within an update/);
  });

  it('goes on across the wrap of 32 bits', () => {
    const memory = make(256);
    memory.store(SEQ, 0x7fff_fffe);
    writeSeqcountLatchBegin(memory, SEQ);
    writeSeqcountLatch(memory, SEQ);
    expect(readSeqcountLatch(memory, SEQ)).toBe(-0x8000_0000);
    expect(readSeqcountLatch(memory, SEQ) & 1).toBe(0);
  });
});
