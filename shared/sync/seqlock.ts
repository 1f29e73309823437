/**
 * A seqcount whose writers are several, serialised by a raw spinlock.
 *
 * A reader that was overtaken may take the lock on its second pass (what Linux's
 * read_seqbegin_or_lock does), so that writers in a tight loop cannot starve it:
 *
 *      const seq = readSeqbegin(memory, record.seq);
 *      let sum = sumUp(record);
 *      if (readSeqretry(memory, record.seq, seq)) {
 *        now = readSeqlockExcl(memory, record.lock, cpu, now);
 *        sum = sumUp(record);
 *        readSequnlockExcl(memory, record.lock, cpu, now);
 *      }
 *
 *      CPU 0 (writer)                         CPU 1 (reader)
 *                                             seq is 6; loads utime
 *      lock; seq 6 -> 7 … 7 -> 8; unlock
 *                                             seq is 8, was 6: throws the sum away
 *                                             lock; loads all; unlock: good, whatever the count
 *      lock: waits meanwhile
 *
 * The lock moves the reader's clock as it does any taker's, hence two functions where Linux has one.
 */
import type { Memory } from '../memory/memory.ts';
import type { CpuId, Ns, Word } from '../units.ts';
import { rawSpinLock, rawSpinUnlock } from './raw-spinlock.ts';
import { readSeqcountBegin, readSeqcountRetry, writeSeqcountBegin, writeSeqcountEnd } from './seqcount.ts';

/** Takes the lock, then opens the section. Returns the instant at which the writer goes on. @linux include/linux/seqlock.h write_seqlock */
export function writeSeqlock(memory: Memory, lock: Word, seq: Word, cpu: CpuId, now: Ns): Ns {
  const goesOn = rawSpinLock(memory, lock, cpu, now);
  writeSeqcountBegin(memory, seq);
  return goesOn;
}

/** Closes the section, then lets go at `now`. @linux include/linux/seqlock.h write_sequnlock */
export function writeSequnlock(memory: Memory, lock: Word, seq: Word, cpu: CpuId, now: Ns): void {
  writeSeqcountEnd(memory, seq);
  rawSpinUnlock(memory, lock, cpu, now);
}

/** Waits until no writer is inside. @linux include/linux/seqlock.h read_seqbegin */
export function readSeqbegin(memory: Memory, seq: Word): number {
  return readSeqcountBegin(memory, seq);
}

/** Whether the pass was overtaken. @linux include/linux/seqlock.h read_seqretry */
export function readSeqretry(memory: Memory, seq: Word, start: number): boolean {
  return readSeqcountRetry(memory, seq, start);
}

/**
 * Keeps writers out, and other readers of this kind. Returns the instant at which the reader goes on.
 * @linux include/linux/seqlock.h read_seqlock_excl
 */
export function readSeqlockExcl(memory: Memory, lock: Word, cpu: CpuId, now: Ns): Ns {
  return rawSpinLock(memory, lock, cpu, now);
}

/** @linux include/linux/seqlock.h read_sequnlock_excl */
export function readSequnlockExcl(memory: Memory, lock: Word, cpu: CpuId, now: Ns): void {
  rawSpinUnlock(memory, lock, cpu, now);
}
