/**
 * A lock of 16 bytes (`SPINLOCK_BYTES`):
 *
 *      +0  word   owner + 1, 0 when free
 *      +4  word   generation: how often it was taken, counted while it is held
 *      +8  long   release stamp: the simulated instant at which its last holder let go
 *
 * Waiting costs no simulated time by itself. The stamp does: the taker goes on no earlier than its
 * predecessor let go, so on no engine are two CPUs inside at one simulated instant.
 *
 *      CPU 0, at 100 .. 130                   CPU 1, at 110
 *      owner 0 -> 1
 *                                             owner is 1: relax
 *        (spends 30 ns)
 *      stamp = 130
 *      owner 1 -> 0
 *                                             owner 0 -> 2, stamp is 130: goes on at 130
 *
 * The generation names each holding: by it a replay restores the order in which CPUs got in.
 */
import { KernelBug } from '../assert.ts';
import type { Memory } from '../memory/memory.ts';
import type { CpuId, Ns, Word } from '../units.ts';

const GENERATION = 4;
const STAMP = 8;

/**
 * Takes the lock for `cpu`, whose clock shows `now`, and returns the instant at which it goes on:
 * `now`, or the last release if that is later. Throws `KernelBug` if `cpu` holds it already.
 * @linux include/linux/spinlock.h raw_spin_lock
 */
export function rawSpinLock(memory: Memory, lock: Word, cpu: CpuId, now: Ns): Ns {
  for (;;) {
    const owner = memory.cas(lock, 0, cpu + 1);
    if (owner === 0) break;
    if (owner === cpu + 1) throw new KernelBug(`CPU ${cpu} takes the lock at ${lock} twice`);
    while (memory.load(lock) !== 0) memory.relax();
  }
  memory.add(lock + GENERATION, 1);
  return Math.max(now, memory.loadLong(lock + STAMP));
}

/**
 * Lets go at `now`. The stamp is stored first: whoever finds the lock free must find it too.
 * Throws `KernelBug` if `cpu` is not the holder.
 * @linux include/linux/spinlock.h raw_spin_unlock
 */
export function rawSpinUnlock(memory: Memory, lock: Word, cpu: CpuId, now: Ns): void {
  const owner = memory.load(lock);
  if (owner !== cpu + 1) {
    const holder = owner === 0 ? 'nobody' : `CPU ${owner - 1}`;
    throw new KernelBug(`CPU ${cpu} frees the lock at ${lock}, held by ${holder}`);
  }
  memory.storeLong(lock + STAMP, now);
  memory.store(lock, 0);
}

/** The CPU that holds the lock, or -1. */
export function rawSpinOwner(memory: Memory, lock: Word): CpuId {
  return memory.load(lock) - 1;
}

/** How often the lock has been taken (wrapping at 32 bits). */
export function rawSpinGeneration(memory: Memory, lock: Word): number {
  return memory.load(lock + GENERATION);
}

/** When its last holder let go of it; 0 if it was never held. */
export function rawSpinStamp(memory: Memory, lock: Word): Ns {
  return memory.loadLong(lock + STAMP);
}
