/** A spin loop on one thread: what another CPU would do happens inside `relax`. */
import type { Memory } from '../../shared/memory/memory.ts';

/** From now on `relax` counts, and at its `turn`-th call does what the other CPU does. Returns the counter. */
export function doesRelax(memory: Memory, turn: number, other: () => void): () => number {
  let turns = 0;
  memory.relax = () => {
    turns++;
    if (turns === turn) other();
    if (turns > turn) throw new Error('spins on after the other CPU is through');
  };
  return () => turns;
}
