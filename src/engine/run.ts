/** What a run gives back, whichever engine ran it. */
import type { Ns } from '../../shared/units.ts';

/** Why a run ended. */
export type EndReason =
  | 'duration'
  | 'all tasks ended'
  | 'nothing can ever wake'
  | 'limit'
  | 'interrupted';

/** Where a run stands; handed to whoever watches it. */
export interface Progress {
  readonly simulatedNs: Ns;
  readonly limitNs: Ns;
  readonly events: number;
}

/** What runs the machine: one thread for all CPUs, or a thread for each. */
export type EngineChoice = { readonly kind: 'inline' } | ThreadsChoice;

export interface ThreadsChoice {
  readonly kind: 'threads';
  /** `lockstep`: byte for byte what inline does; `free`: CPUs race, and oracles judge. */
  readonly sync: 'free' | 'lockstep';
  /** Which implementation of the same memory operations. */
  readonly memory: 'wasm' | 'atomics';
}
