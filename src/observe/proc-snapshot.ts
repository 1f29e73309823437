/**
 * What /proc shows of a machine, as plain data. `proc-snapshot-collector.ts` gathers it from the event
 * stream; the files are pure functions of it (`proc-stat.ts`, `proc-pid-stat.ts`).
 */
import type { CpuId, Ns } from '../../shared/units.ts';
import type { KcpustatSlot } from './run-figures.ts';

/** The real time at which every machine boots: 2026-01-01 00:00:00 UTC, in s since 1970. No host clock shows in a run. */
export const BOOT_TIME_S = 1_767_225_600;

export interface ProcSnapshot {
  /** s since 1970 */
  readonly bootTimeS: number;
  /** CLOCK_BOOTTIME at the snapshot */
  readonly uptimeNs: Ns;
  readonly contextSwitches: number;
  /** forks since boot */
  readonly processes: number;
  readonly procsRunning: number;
  /** tasks that wait for I/O */
  readonly procsBlocked: number;
  readonly cpus: readonly ProcCpu[];
  /** Tasks with a pid: those that exist, ended ones included (as zombies). */
  readonly tasks: readonly ProcTask[];
}

export interface ProcCpu {
  readonly cpu: CpuId;
  readonly online: boolean;
  readonly kcpustat: Readonly<Record<KcpustatSlot, Ns>>;
  readonly interrupts: ProcInterrupts;
  /** runs by vector, HI to RCU */
  readonly softirqs: readonly number[];
}

/** Interrupts of one CPU by row of /proc/interrupts. */
export interface ProcInterrupts {
  readonly localTimer: number;
  readonly reschedule: number;
  readonly callFunction: number;
  /** by interrupt line */
  readonly lines: ReadonlyMap<number, number>;
}

export interface ProcTask {
  readonly pid: number;
  readonly ppid: number;
  /** not yet cut to 15 characters */
  readonly name: string;
  readonly state: 'R' | 'S' | 'Z';
  /** adjusted: scaled to the run time and never decreasing */
  readonly utimeNs: Ns;
  readonly stimeNs: Ns;
  readonly guestNs: Ns;
  readonly startNs: Ns;
  readonly processor: CpuId;
  /** The kernel's own priority: -1 deadline, 0 .. 98 real time, 100 .. 139 fair. */
  readonly prio: number;
}
