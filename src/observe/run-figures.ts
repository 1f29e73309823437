/** The figures of a run, per CPU and per task. */
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';

/** One CPU's figures, from the event stream. Times are the machine's own log of contexts: what really was. */
export interface CpuFigures {
  readonly cpu: CpuId;
  readonly userNs: Ns;
  readonly systemNs: Ns;
  readonly softirqNs: Ns;
  readonly irqNs: Ns;
  readonly idleNs: Ns;
  readonly ticks: number;
  readonly timerInterrupts: number;
  /** IPIs taken, by the row of /proc/interrupts that counts them. */
  readonly ipis: { readonly reschedule: number; readonly callFunction: number };
  readonly wakeups: number;
  readonly contextSwitches: number;
  /** As the kernel charged it, slot by slot (ns). */
  readonly kcpustat: Readonly<Record<string, Ns>>;
}

/** One task's figures. */
export interface TaskFigures {
  readonly task: TaskId;
  readonly pid: number;
  readonly name: string;
  /** CPU it ran on last. */
  readonly cpu: CpuId;
  readonly state: 'running' | 'sleeping' | 'dead' | 'unused';
  /** What really was, from the log of contexts. */
  readonly userNs: Ns;
  readonly systemNs: Ns;
  /** As the kernel accounts it, pending time included (`complete` reader at the end). */
  readonly utimeNs: Ns;
  readonly stimeNs: Ns;
  readonly sumExecRuntimeNs: Ns;
  readonly wakeups: number;
  readonly migrations: number;
  readonly contextSwitches: number;
  /** Passes over its phases that are complete. */
  readonly iterations: number;
  /** rt-app events begun. */
  readonly events: number;
}

/** Reads of CPU time, all readers together. */
export interface ReadFigures {
  readonly taskReads: number;
  readonly cpuReads: number;
  /** reads whose task was running when it was read */
  readonly ofRunning: number;
}

export interface RunFigures {
  readonly cpus: readonly CpuFigures[];
  readonly tasks: readonly TaskFigures[];
  readonly reads: ReadFigures;
  readonly events: number;
}
