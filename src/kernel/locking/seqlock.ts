/** Writing under a seqlock as a CPU: its spinlock first, which others see in the trace, then its sequence. */
import type { LockClass } from '../../../shared/lock-order.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import type { KernelCpu } from '../kernel-cpu.ts';
import { spinLock, spinUnlock } from './lock.ts';

/** A record with both. @linux include/linux/seqlock_types.h seqlock_t */
export interface Seqlock {
  readonly lock: number;
  readonly seq: number;
}

/** @linux include/linux/seqlock.h write_seqlock_irqsave */
export function writeSeqlock(cpu: KernelCpu, { lock, seq }: Seqlock, lockClass: LockClass, instance: number): void {
  spinLock(cpu, lock, lockClass, instance);
  writeSeqcountBegin(cpu.memory, seq);
}

/** @linux include/linux/seqlock.h write_sequnlock_irqrestore */
export function writeSequnlock(cpu: KernelCpu, { lock, seq }: Seqlock, lockClass: LockClass, instance: number): void {
  writeSeqcountEnd(cpu.memory, seq);
  spinUnlock(cpu, lock, lockClass, instance);
}
