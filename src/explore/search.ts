/** What every search has in common: it moves machines, and says when an execution has ended. */
import type { ExploredMachine } from './explored-machine.ts';

/** What a search that ended by itself has seen. */
export type Coverage =
  /** every execution, or one of each class of executions that differ only in the order of steps that do not touch */
  | { readonly kind: 'exhaustive' }
  /** every execution with no more preemptions than this */
  | { readonly kind: 'bounded'; readonly preemptions: number }
  /** some, drawn at random */
  | { readonly kind: 'sampled' };

/** Told at the end of each execution, while the machine still stands there. False: enough, stop. */
export type Ended = (machine: ExploredMachine) => boolean;

export interface Search {
  /** For people. */
  readonly name: string;
  /** True: no two executions are of one class. */
  readonly countsClasses: boolean;
  /** States that it has met, where it looks for those. */
  readonly states?: number;
  /** Explores from each of the starts. Returns early once `ended` says so. */
  run(starts: readonly ExploredMachine[], ended: Ended): Coverage;
  /** How much is done, 0 to 1, as far as it can tell at this moment. */
  share(): number;
}

/** Number of the lowest bit of a set of strands that is not empty. */
export function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** How many bits a set has. */
export function sizeOf(bits: number): number {
  let size = 0;
  for (let left = bits; left !== 0; left &= left - 1) size++;
  return size;
}
