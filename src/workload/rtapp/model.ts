/** An rt-app workload as read: everything resolved to units and names, nothing compiled yet. */
import type { Ns } from '../../../shared/units.ts';
import type { Position } from '../bad-input.ts';
import type { JsonNode } from './document.ts';
import type { EventName } from './grammar.ts';

export interface RtAppWorkload {
  readonly global: RtAppGlobal;
  readonly tasks: readonly TaskDeclaration[];
  /** The `dynticks` block, not looked into. */
  readonly dynticks: JsonNode | null;
}

export interface RtAppGlobal {
  /** null: without limit. */
  readonly durationNs: Ns | null;
  /** A `Policy`. */
  readonly defaultPolicy: number;
  readonly ioDevice: string;
  /** Bytes. */
  readonly memBufferSize: number;
}

export interface TaskDeclaration {
  readonly name: string;
  readonly at: Position;
  readonly path: string;
  /** Instances that start at boot; 0: only by `fork`. */
  readonly instances: number;
  readonly delay: Ns;
  /** Passes over all phases; -1 for ever. */
  readonly loop: number;
  readonly sched: SchedKeys;
  readonly cpus: CpuList | null;
  readonly phases: readonly PhaseDeclaration[];
}

export interface PhaseDeclaration {
  /** Its key; phase names may repeat. Empty when the task has no `phases`. */
  readonly name: string;
  readonly path: string;
  /** Passes over the phase; -1 for ever. */
  readonly loop: number;
  /** null: it changes nothing. */
  readonly sched: SchedKeys | null;
  readonly cpus: CpuList | null;
  readonly events: readonly EventDeclaration[];
}

export interface CpuList {
  readonly at: Position;
  readonly path: string;
  readonly cpus: readonly number[];
}

/** Scheduling keys as a task or phase gives them. */
export interface SchedKeys {
  readonly at: Position;
  readonly path: string;
  /** null: unchanged (only in a phase). */
  readonly policy: number | null;
  /** Nice or real-time priority, by policy; null: unchanged. */
  readonly priority: number | null;
  readonly dlRuntime: Ns;
  readonly dlDeadline: Ns;
  readonly dlPeriod: Ns;
}

/** One event. Which of the optional members exist depends on `name`. */
export interface EventDeclaration {
  readonly name: EventName;
  readonly key: string;
  readonly at: Position;
  readonly path: string;
  /** Place in the task's file order, 0 first. */
  readonly index: number;
  /** run, runtime, sleep, syscall, guest, slack, timeout; itimer (0: off); a timer's period; what mem, memrun, iorun cost. */
  readonly ns: Ns;
  /** Mutex, condition, barrier, semaphore, pipe, timer, or task to fork; empty where the event has none. */
  readonly ref: string;
  /** The mutex of wait and sync. */
  readonly mutex: string;
  /** timer, clock_nanosleep, posix_timer, fd_timer: the mode is absolute. */
  readonly absolute: boolean;
  /** timer: it expires on whole periods of CLOCK_MONOTONIC (ours). */
  readonly grid: boolean;
  /** itimer, posix_timer, fd_timer: its period from then on, 0: it fires once. */
  readonly intervalNs: Ns;
  /** pipe: how many, and whether they are written. */
  readonly bytes: number;
  readonly writes: boolean;
  readonly call: CallDeclaration | null;
  /** clock_nanosleep, posix_timer, fd_timer: a `ClockId`. */
  readonly clock: number;
  /** fd_timer: a step of the wall clock ends a read. */
  readonly cancelOnSet: boolean;
  /** fd_timer: a softirq expires it. */
  readonly soft: boolean;
}

/** A function called on other CPUs. */
export interface CallDeclaration {
  /** null: all. */
  readonly cpus: CpuList | null;
  /** Whether the caller waits until it was called everywhere. */
  readonly wait: boolean;
  /** Only where other tasks of the workload run (membarrier). */
  readonly membarrier: boolean;
}
