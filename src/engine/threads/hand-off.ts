/**
 * Handing a turn from one thread to another over one word of shared memory: a number, and a bit that
 * says whether its waiter sleeps. One thread waits on a word, one at a time gives.
 *
 * The waiter looks as often as it may and then sleeps, without any time-out. The bit and the number
 * are one cell, so that going to sleep and giving cannot miss each other:
 *
 *      gives                     waits           or, the other way round
 *                                word is 7                   word is 7
 *                                7 -> 7, asleep
 *      exchanges it for 8:                                   exchanges it for 8:
 *        asleep: notify                                        awake: silent
 *                                waits while it              cas 7 -> 7, asleep fails:
 *                                is 7, asleep:                 stays awake
 *                                it is 8, stays awake
 *
 * Were the bit a cell of its own, the waiter would have to look at the number a second time after
 * setting it, and the giver would need two accesses instead of one.
 */
import type { Memory } from '../../../shared/memory/memory.ts';
import type { Word } from '../../../shared/units.ts';

const ASLEEP = 1 << 30;
const NUMBER = ASLEEP - 1;

/** Waits until the word's number is another than `seen`, and returns it; looks `loads` times before it sleeps. */
export function awaitTurn(memory: Memory, at: Word, seen: number, loads: number): number {
  for (let left = loads; left > 0; left--) {
    const turn = memory.load(at);
    if (turn !== seen) return turn;
  }
  if (memory.cas(at, seen, seen | ASLEEP) === seen) sleepOut(memory, at, seen | ASLEEP);
  return memory.load(at);
}

/** Sets the word's number, which must be another than before and fits 30 bits; wakes whoever sleeps on it. */
export function giveTurn(memory: Memory, at: Word, turn: number): void {
  const before = memory.exchange(at, turn & NUMBER);
  if ((before & ASLEEP) !== 0) memory.notify(at, 1);
}

/** A sleeper may be woken without a cause: it looks what the word says now. */
function sleepOut(memory: Memory, at: Word, asleep: number): void {
  do memory.wait(at, asleep, Infinity);
  while (memory.load(at) === asleep);
}
