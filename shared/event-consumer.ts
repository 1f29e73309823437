/** What follows a run's merged event stream: oracles, figures, digest, trace file. */
import type { CputimeFlavour } from './cputime-flavour.ts';
import type { CpuId, Ns, TaskId } from './units.ts';

export interface EventConsumer {
  /** Ids of the events it does something with; a dispatcher may leave out all others. Absent: every event. */
  readonly interests?: readonly number[];
  /**
   * One event, in the order of the merged stream. `fields[at + i]` is field i of the schema of event
   * `id`; the array is reused, so copy what you keep. The coordinator is CPU number `facts.cpus`.
   */
  onEvent(id: number, cpu: CpuId, t: Ns, fields: Float64Array, at: number): void;
}

/** What is known of a run before its first event. Immutable, equal for all who follow it. */
export interface RunFacts {
  readonly cpus: number;
  /** Task records; 0 .. cpus - 1 are the idle tasks. */
  readonly tasks: readonly TaskFacts[];
  readonly processes: readonly ProcessFacts[];
  readonly tickNs: Ns;
  readonly hz: number;
  /** How each CPU accounts CPU time. */
  readonly cputime: readonly CputimeFlavour[];
  /** Shortest way of a message between two participants. */
  readonly ipiDelayNs: Ns;
  /** Whether CPUs race (`free`): what they do takes effect in an order that the stream, by keys, need not have. */
  readonly racing: boolean;
  /** How far apart in time two CPUs may be at one moment; 0 where they do not race. */
  readonly skewNs: Ns;
  /** How long the hardware keeps each CPU from an interrupt, all in all: firmware, and the way out of an idle state once. */
  readonly stalledNs: readonly Ns[];
  /** What the longest path of the kernel costs, with interrupts off. */
  readonly longestPathNs: Ns;
  /** The wall clock at boot, in seconds since 1970: realtime and TAI count from there. */
  readonly epochSec: number;
  /** How the machine's clocks really run. */
  readonly clocks: ClockFacts;
  /** A hypervisor may take processors. */
  readonly steals: boolean;
  /** CPUs that may run without a tick, and so never keep the time. */
  readonly nohzFull: readonly CpuId[];
  /** Of those, CPUs whose tick is off while a task runs there. */
  readonly tickOff: readonly CpuId[];
  /** How readers read that do not say, /proc at the end of the run among them. */
  readonly reader: 'linux' | 'complete';
  /** Whether this kernel leaves a forced event of a device alone when another is to be forced. */
  readonly keepsForcedEvent: boolean;
}

export interface ClockFacts {
  readonly sources: readonly CounterFacts[];
  /** Frequencies, in parts per billion, that the kernel is asked for beside what it takes for true; empty: none. */
  readonly frequencies: readonly number[];
}

/** A counter that a clock source reads, as it really is. */
export interface CounterFacts {
  /** A `ClocksourceId`. */
  readonly id: number;
  /** What the kernel takes for its frequency. */
  readonly hz: number;
  /** How long it takes to read, when its value is known already. */
  readonly readNs: Ns;
  /** How far from that it runs, in parts per billion, from when on; in the order of time. */
  readonly drifts: readonly { readonly at: Ns; readonly ppb: number }[];
  /** When the counter of one CPU jumps, and by how much. */
  readonly skews: readonly { readonly at: Ns; readonly cpu: CpuId; readonly byNs: Ns }[];
}

/** Tasks that are threads of one process. */
export interface ProcessFacts {
  readonly name: string;
  /** All that may ever be its threads, its leader first. */
  readonly threads: readonly TaskId[];
  /** Times of threads that were dead at boot. */
  readonly age: { readonly utime: Ns; readonly stime: Ns };
}

export interface TaskFacts {
  readonly task: TaskId;
  /** 0 for the idle tasks, 1000 and up for the workload. */
  readonly pid: number;
  /** As Linux shows it in comm, not cut to 15 characters: `swapper/0`, `thread0-0`. */
  readonly name: string;
  /** Index of its declaration in the workload, -1 for idle tasks. */
  readonly declaration: number;
  /** nice at boot. */
  readonly nice: number;
  /** The first thread of its process, whose number is that one's; absent: itself. */
  readonly leader?: TaskId;
  /** A kernel thread, which never enters user mode. */
  readonly kernel?: true;
}
