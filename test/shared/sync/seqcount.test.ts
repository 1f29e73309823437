import { expect, it } from 'vitest';
import { KernelBug } from '../../../shared/assert.ts';
import { doesRelax } from '../../support/relaxing.ts';
import { readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import {
  readSeqbegin, readSeqlockExcl, readSeqretry, readSequnlockExcl, writeSeqlock, writeSequnlock,
} from '../../../shared/sync/seqlock.ts';
import { describeEachMemory } from '../../support/each-memory.ts';

const SEQ = 64;
const LOCK = 128;

describeEachMemory('a seqcount', (make) => {
  it('counts by two for each section and is odd inside', () => {
    const memory = make(256);
    writeSeqcountBegin(memory, SEQ);
    expect(memory.load(SEQ)).toBe(1);
    writeSeqcountEnd(memory, SEQ);
    expect(memory.load(SEQ)).toBe(2);
  });

  it('asks a reader to retry if a section began or ended meanwhile, and only then', () => {
    const memory = make(256);
    const first = readSeqcountBegin(memory, SEQ);
    expect(readSeqcountRetry(memory, SEQ, first)).toBe(false);
    writeSeqcountBegin(memory, SEQ);
    expect(readSeqcountRetry(memory, SEQ, first)).toBe(true);
    writeSeqcountEnd(memory, SEQ);
    expect(readSeqcountRetry(memory, SEQ, first)).toBe(true);
    expect(readSeqcountRetry(memory, SEQ, readSeqcountBegin(memory, SEQ))).toBe(false);
  });

  it('keeps a reader waiting while it is odd', () => {
    const memory = make(256);
    writeSeqcountBegin(memory, SEQ);
    const turns = doesRelax(memory, 3, () => writeSeqcountEnd(memory, SEQ));
    expect(readSeqcountBegin(memory, SEQ)).toBe(2);
    expect(turns()).toBe(3);
  });

  it('refuses a nested section, a second writer and an end without a beginning', () => {
    const memory = make(256);
    expect(() => writeSeqcountEnd(memory, SEQ)).toThrow(KernelBug);
    writeSeqcountBegin(memory, SEQ);
    expect(() => writeSeqcountBegin(memory, SEQ)).toThrow(/a second writer, or a nested section/);
    writeSeqcountEnd(memory, SEQ);
    expect(() => writeSeqcountEnd(memory, SEQ)).toThrow(/no section is open/);
  });

  it('goes on across the wrap of 32 bits', () => {
    const memory = make(256);
    memory.store(SEQ, 0x7fff_fffe);
    const before = readSeqcountBegin(memory, SEQ);
    for (const expected of [0x7fff_ffff, -0x8000_0000]) {
      (expected & 1 ? writeSeqcountBegin : writeSeqcountEnd)(memory, SEQ);
      expect(memory.load(SEQ)).toBe(expected);
    }
    expect(readSeqcountRetry(memory, SEQ, before)).toBe(true);
    expect(readSeqcountBegin(memory, SEQ)).toBe(-0x8000_0000);
  });
});

describeEachMemory('a seqlock', (make) => {
  it('opens and closes lock and count together, and goes on at the last release', () => {
    const memory = make(256);
    expect(writeSeqlock(memory, LOCK, SEQ, 0, 100)).toBe(100);
    expect(memory.load(SEQ)).toBe(1);
    writeSequnlock(memory, LOCK, SEQ, 0, 130);
    expect(writeSeqlock(memory, LOCK, SEQ, 1, 110)).toBe(130);
  });

  it('lets a reader that was overtaken keep writers out on its second pass', () => {
    const memory = make(256);
    const start = readSeqbegin(memory, SEQ);
    writeSeqlock(memory, LOCK, SEQ, 1, 100);
    writeSequnlock(memory, LOCK, SEQ, 1, 140);
    expect(readSeqretry(memory, SEQ, start)).toBe(true);
    const now = readSeqlockExcl(memory, LOCK, 0, 105);
    expect(now).toBe(140);
    const turns = doesRelax(memory, 2, () => readSequnlockExcl(memory, LOCK, 0, now + 5));
    expect(writeSeqlock(memory, LOCK, SEQ, 1, 141), 'the writer waits for the reader').toBe(145);
    expect(turns()).toBe(2);
  });
});
