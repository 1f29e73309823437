/**
 * A sequence count: one writer, any number of readers that never write.
 *
 * The writer makes the count odd, stores, makes it even again. A reader waits while it is odd,
 * loads, and throws away what it has if the count has moved. The writer never waits for a reader.
 *
 *      CPU 0 (writer)                         CPU 1 (reader)
 *      seq 6 -> 7
 *        utime 10 -> 14
 *                                             seq is 7: odd, relax
 *        starttime 100 -> 104
 *      seq 7 -> 8
 *                                             seq is 8; utime 14, starttime 104; still 8: good
 *
 * Every cell under the count is accessed by atomic operations, payload included: JavaScript has no
 * fence that would keep a plain load of the payload before the second look at the count.
 *
 * Writers must be serialised already: by owning the record, or by a lock. Interrupts of the writer's
 * own CPU must be off: a handler that reads would wait for ever.
 */
import { KernelBug } from '../assert.ts';
import type { Memory } from '../memory/memory.ts';
import type { Word } from '../units.ts';

/** Opens a write section. Throws `KernelBug` if one is open. @linux include/linux/seqlock.h write_seqcount_begin */
export function writeSeqcountBegin(memory: Memory, seq: Word): void {
  const value = memory.load(seq);
  if ((value & 1) !== 0) throw new KernelBug(`seqcount at ${seq} is ${value}: a second writer, or a nested section`);
  memory.store(seq, (value + 1) | 0);
}

/** Closes it. Throws `KernelBug` if none is open. @linux include/linux/seqlock.h write_seqcount_end */
export function writeSeqcountEnd(memory: Memory, seq: Word): void {
  const value = memory.load(seq);
  if ((value & 1) === 0) throw new KernelBug(`seqcount at ${seq} is ${value}: no section is open, or a second writer closed it`);
  memory.store(seq, (value + 1) | 0);
}

/**
 * Waits until no writer is inside and returns the count to hand to `readSeqcountRetry`.
 * @linux include/linux/seqlock.h read_seqcount_begin
 */
export function readSeqcountBegin(memory: Memory, seq: Word): number {
  for (;;) {
    const value = memory.load(seq);
    if ((value & 1) === 0) return value;
    memory.relax();
  }
}

/** Whether what was loaded since `start` must be thrown away. @linux include/linux/seqlock.h read_seqcount_retry */
export function readSeqcountRetry(memory: Memory, seq: Word, start: number): boolean {
  return memory.load(seq) !== start;
}
