/**
 * Taking a raw spinlock as a CPU: the lock's release stamp moves this CPU's clock, and the trace
 * says which lock was taken, so that an oracle can judge the order.
 */
import { Event } from '../../../shared/events.ts';
import type { LockClass } from '../../../shared/lock-order.ts';
import { rawSpinLock, rawSpinUnlock } from '../../../shared/sync/raw-spinlock.ts';
import type { KernelCpu } from '../kernel-cpu.ts';

/** @linux include/linux/spinlock.h raw_spin_lock_irqsave */
export function spinLock(cpu: KernelCpu, lock: number, lockClass: LockClass, instance: number): void {
  const { arch } = cpu;
  cpu.irqsOff += 1;
  arch.advanceTo(rawSpinLock(cpu.memory, lock, cpu.id, arch.schedClock()));
  arch.trace(Event.lock_acquire, lockClass, instance);
}

/** @linux include/linux/spinlock.h raw_spin_unlock_irqrestore */
export function spinUnlock(cpu: KernelCpu, lock: number, lockClass: LockClass, instance: number): void {
  const { arch } = cpu;
  arch.trace(Event.lock_release, lockClass, instance);
  rawSpinUnlock(cpu.memory, lock, cpu.id, arch.schedClock());
  cpu.irqsOff -= 1;
}
