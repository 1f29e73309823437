/**
 * A seqcount over two copies of a record, so that a reader never waits for the writer: not even one that
 * has interrupted it in the middle of its update, and would wait for ever under a plain seqcount.
 *
 * The lowest bit of the count says which copy is the reader's. The writer turns the readers to one copy
 * and stores into the other, then the other way round; so there is always one that stands still.
 *
 *      CPU 0 (writer)                         CPU 1, or an interrupt on CPU 0 (reader)
 *      seq 8 -> 9: readers to copy 1
 *        copy 0 = new                         seq is 9: copy 1, old and whole; still 9: good
 *      seq 9 -> 10: readers to copy 0
 *        copy 1 = new                         seq is 10: copy 0, new and whole; still 10: good
 *
 * A reader that was overtaken by a whole step of the writer looks again, but never at a copy in the
 * making: it can only be overtaken while it runs, so an interrupt on the writer's own CPU never is.
 *
 * Writer: one, or several under a lock.  Readers: any CPU, at any time, an NMI included.
 */
import { KernelBug } from '../assert.ts';
import type { Memory } from '../memory/memory.ts';
import type { Word } from '../units.ts';

/**
 * Turns readers to copy 1; what follows may store into copy 0. Throws `KernelBug` within an update.
 * @linux include/linux/seqlock.h write_seqcount_latch_begin
 */
export function writeSeqcountLatchBegin(memory: Memory, seq: Word): void {
  const value = memory.load(seq);
  if ((value & 1) !== 0) throw new KernelBug(`latch at ${seq} is ${value}: a second writer, or an update within an update`);
  memory.store(seq, (value + 1) | 0);
}

/**
 * Turns readers to copy 0, which is complete; what follows may store into copy 1. The update is over when
 * both copies are equal again; nothing needs to be said then.
 * @linux include/linux/seqlock.h write_seqcount_latch
 */
export function writeSeqcountLatch(memory: Memory, seq: Word): void {
  const value = memory.load(seq);
  if ((value & 1) === 0) throw new KernelBug(`latch at ${seq} is ${value}: no update is under way, or a second writer has ended it`);
  memory.store(seq, (value + 1) | 0);
}

/** The count, which `& 1` is the copy to read. It never waits. @linux include/linux/seqlock.h read_seqcount_latch */
export function readSeqcountLatch(memory: Memory, seq: Word): number {
  return memory.load(seq);
}

/** Whether the writer turned readers away from that copy meanwhile. @linux include/linux/seqlock.h read_seqcount_latch_retry */
export function readSeqcountLatchRetry(memory: Memory, seq: Word, start: number): boolean {
  return memory.load(seq) !== start;
}
