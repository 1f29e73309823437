/** What a thread is given to build its participant from, beside the scenario: all of it can be posted. */
import type { SharedWasmMemory } from '../../../shared/memory/wasm-memory.ts';
import type { CpuId } from '../../../shared/units.ts';
import type { ThreadsChoice } from '../run.ts';
import type { FreeRules } from './free-pace.ts';

export interface Seat {
  /** A CPU, or the coordinator: number `cpus`. */
  readonly id: CpuId;
  readonly choice: ThreadsChoice;
  readonly rules: FreeRules;
  /** The machine's memory. */
  readonly shared: SharedWasmMemory;
  /** The doubles of its ring of records. */
  readonly rows: SharedArrayBuffer;
  /** Hash of the memory map: a thread that computes another one must not touch the memory. */
  readonly layoutHash: string;
  /** Cores that the host lets this process use. */
  readonly cores: number;
  /** Longest pause of a fault where it does its harm, in host ns; 0: none. */
  readonly widenNs: number;
  /** Whether its stores to the machine's records are counted; slower. */
  readonly counted: boolean;
  /** Longest pause between two events, in host ns; 0: none. Whatever it changes is a bug of ours. */
  readonly jitterNs: number;
  /** Whether it sleeps now and then in the midst of a look at another CPU, so that many looks are overtaken. */
  readonly napsInLooks: boolean;
}

/** What a thread has to say when the run is over. */
export interface ThreadReport {
  readonly id: CpuId;
  readonly events: number;
  readonly windows: number;
  /** Turns in spin loops: waiting for locks and sections of others. */
  readonly spins: number;
  /** Its reads of tasks by passes that were thrown away: none, one, two and so on, and more. */
  readonly readRetries: readonly number[];
  /** Counted stores; 0 when not asked to count. */
  readonly stores: number;
  /** Whether each of the scenario's cuts has run on this thread. */
  readonly cutsRan: readonly boolean[];
}
