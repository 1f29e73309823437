/** The figures of a run, per CPU and per task. */
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';

/** Slots of kcpustat as the event `kcpustat_final` names them, in Linux's order. */
export const KCPUSTAT_SLOTS = [
  'user', 'nice', 'system', 'softirq', 'irq', 'idle', 'iowait', 'steal', 'guest', 'guest_nice',
] as const;
export type KcpustatSlot = (typeof KCPUSTAT_SLOTS)[number];

/**
 * One CPU's figures, from the event stream. Times are the machine's own log of contexts: what really
 * was. The seven of them add up to the end of the run (to the CPU's own clock, where its last event ran past that).
 */
export interface CpuFigures {
  readonly cpu: CpuId;
  /** before its first instruction */
  readonly offlineNs: Ns;
  /** user mode, guests included, as Linux's column `user` includes them */
  readonly userNs: Ns;
  readonly systemNs: Ns;
  readonly softirqNs: Ns;
  readonly irqNs: Ns;
  readonly idleNs: Ns;
  /** a hypervisor had the processor */
  readonly stealNs: Ns;
  readonly ticks: number;
  readonly timerInterrupts: number;
  /** IPIs taken, by the row of /proc/interrupts that counts them. */
  readonly ipis: { readonly reschedule: number; readonly callFunction: number };
  /** Wake-ups of tasks that this CPU was chosen for, first ones included. */
  readonly wakeups: number;
  readonly contextSwitches: number;
  /** As the kernel charged it, slot by slot (ns). */
  readonly kcpustat: Readonly<Record<KcpustatSlot, Ns>>;
}

/** One task's figures. */
export interface TaskFigures {
  readonly task: TaskId;
  readonly pid: number;
  readonly name: string;
  /** CPU it ran on last. */
  readonly cpu: CpuId;
  readonly state: 'runnable' | 'sleeping' | 'dead' | 'unused';
  /** What really was, from the log of contexts. */
  readonly userNs: Ns;
  readonly systemNs: Ns;
  /** Interrupts and softirqs while it was the running task. Linux charges them to its stime. */
  readonly irqNs: Ns;
  /** As the kernel accounts it, pending time included (`complete` reader at the end). */
  readonly utimeNs: Ns;
  readonly stimeNs: Ns;
  readonly sumExecRuntimeNs: Ns;
  readonly wakeups: number;
  readonly migrations: number;
  /** Times that the CPU was switched away from it. */
  readonly contextSwitches: number;
  /** Complete passes over one phase: a task of two phases with `loop` 3 each makes six in one pass over both. */
  readonly iterations: number;
  /** rt-app events begun. */
  readonly events: number;
}

/** Reads of CPU time, all readers together. */
export interface ReadFigures {
  readonly taskReads: number;
  readonly cpuReads: number;
  /** task reads whose task was on a CPU when it was read */
  readonly ofRunning: number;
}

/** Reads by how far apart reader and writer were: from `fromNs` to twice that. */
export interface SkewBucket {
  readonly fromNs: Ns;
  readonly reads: number;
}

/** What readers of tasks' CPU time met where CPUs race. */
export interface ReadRaces {
  readonly reads: number;
  /** of a task for which time ran */
  readonly running: number;
  /** during which a version was published */
  readonly overlapped: number;
  /** that no published version explains; null where nobody judged */
  readonly illegal: number | null;
  /** that could not be judged */
  readonly unjudged: number | null;
  /** that went back behind the same reader's last one */
  readonly backward: number | null;
  /** of running tasks: the value is the truth for the reader's own instant, or for one ahead of it, or behind */
  readonly exact: number;
  readonly ahead: readonly SkewBucket[];
  readonly behind: readonly SkewBucket[];
}

export interface RunFigures {
  readonly cpus: readonly CpuFigures[];
  readonly tasks: readonly TaskFigures[];
  readonly reads: ReadFigures;
  /** Entries into the kernel: timer interrupts, IPIs, device interrupts, steps. */
  readonly events: number;
}

/** Whether a hypervisor ever had the processor of one of its CPUs. */
export function isStolenFrom({ cpus }: RunFigures): boolean {
  return cpus.some(({ stealNs }) => stealNs > 0);
}
