/**
 * What /proc and /sys show of a machine at one instant, as plain data: every counter that a file prints.
 * `machine-snapshot-collector.ts` gathers it from the event stream; the files are pure functions of it,
 * and two of them can be subtracted.
 */
import type { ClockEventState, TickHandler } from '../../shared/structs/cpu.ts';
import type { HrtimerFunction } from '../../shared/structs/hrtimer.ts';
import type { CpuId, Jiffies, Ns, TimerId } from '../../shared/units.ts';
import type { KcpustatSlot } from './run-figures.ts';

export interface MachineSnapshot {
  /** CLOCK_MONOTONIC, as CPU 0 reads it. */
  readonly monotonicNs: Ns;
  /** What the other clocks are ahead of CLOCK_MONOTONIC by. CLOCK_REALTIME and CLOCK_TAI count from `epochS`. */
  readonly offsets: ClockOffsets;
  /** The wall clock at boot, in s since 1970. */
  readonly epochS: number;
  /** since boot: Linux prints them with INITIAL_JIFFIES added */
  readonly jiffies: Jiffies;
  /** Whether a tick may stop. Idle time is counted by sleeps then, by ticks otherwise. */
  readonly nohzActive: boolean;
  /** Load averages over 1, 5 and 15 minutes, in 1/2048. */
  readonly loads: readonly [number, number, number];
  readonly clocksources: readonly ClocksourceSnapshot[];
  readonly contextSwitches: number;
  /** forks since boot */
  readonly processes: number;
  readonly procsRunning: number;
  /** tasks that wait for I/O */
  readonly procsBlocked: number;
  /** tasks that exist, ended ones that nobody has waited for included */
  readonly threads: number;
  /** the pid given out last; 0: none */
  readonly lastPid: number;
  readonly cpus: readonly CpuSnapshot[];
  /** The global event device, when no CPU's tick runs on it; null: there is none, or one does. */
  readonly broadcastDevice: ClockEventDeviceSnapshot | null;
  /** Tasks with a pid: those that exist, ended ones included (as zombies). */
  readonly tasks: readonly ProcTask[];
  readonly threadGroups: readonly ProcProcess[];
}

export interface ClockOffsets {
  readonly realNs: Ns;
  readonly bootNs: Ns;
  readonly taiNs: Ns;
}

export interface ClocksourceSnapshot {
  readonly name: string;
  readonly rating: number;
  readonly current: boolean;
  readonly validForHres: boolean;
}

export interface CpuSnapshot {
  readonly cpu: CpuId;
  readonly online: boolean;
  /** With what the running task has not been charged yet, as a reader sees it. */
  readonly kcpustat: Readonly<Record<KcpustatSlot, Ns>>;
  readonly interrupts: InterruptCounts;
  /** runs by vector, HI to RCU */
  readonly softirqs: readonly number[];
  readonly nrRunning: number;
  readonly nrSwitches: number;
  readonly nrIowait: number;
  /** The scheduler has no domain for it: tasks come and go by their affinity only. */
  readonly isolated: boolean;
  /** Run time of all tasks that ran here, how long they had waited before, and how often one came to run. */
  readonly cpuTimeNs: Ns;
  readonly runDelayNs: Ns;
  readonly timeslices: number;
  /**
   * Idle and iowait time by the tick's own count of sleeps, a sleep that is under way included. What
   * Linux shows while `nohzActive`.
   */
  readonly idleSleepNs: Ns;
  readonly iowaitSleepNs: Ns;
  readonly tick: TickSnapshot;
  readonly hrtimers: HrtimerBaseSnapshot;
  /** The device that its tick runs on; null before it has one. */
  readonly device: ClockEventDeviceSnapshot | null;
}

/** Interrupts of one CPU by row of /proc/interrupts. */
export interface InterruptCounts {
  /** LOC */
  readonly localTimer: number;
  /** RES */
  readonly reschedule: number;
  /** CAL */
  readonly callFunction: number;
  /** IWI */
  readonly irqWork: number;
  /** by interrupt line */
  readonly lines: ReadonlyMap<number, number>;
}

/** A CPU's `tick_sched`. @linux kernel/time/tick-sched.h struct tick_sched */
export interface TickSnapshot {
  /** The tick may stop. */
  readonly nohz: boolean;
  /** The tick is an hrtimer. */
  readonly highres: boolean;
  readonly tickStopped: boolean;
  readonly lastTick: Ns;
  readonly idleActive: boolean;
  readonly idleJiffies: Jiffies;
  readonly idleCalls: number;
  readonly idleSleeps: number;
  readonly idleEntrytime: Ns;
  readonly idleWaketime: Ns;
  readonly idleExittime: Ns;
  /** As it stands, without the sleep that is under way. */
  readonly idleSleeptime: Ns;
  readonly iowaitSleeptime: Ns;
  readonly lastJiffies: Jiffies;
  readonly nextTimer: Ns;
  readonly idleExpires: Ns;
  /** when this CPU's part was read */
  readonly jiffies: Jiffies;
}

/** A CPU's `hrtimer_cpu_base`. @linux include/linux/hrtimer_defs.h struct hrtimer_cpu_base */
export interface HrtimerBaseSnapshot {
  readonly expiresNext: Ns;
  readonly hresActive: boolean;
  readonly nrEvents: number;
  readonly nrRetries: number;
  readonly nrHangs: number;
  readonly maxHangTime: Ns;
  readonly offsets: ClockOffsets;
  /** Those queued, in the order of each clock base's queue; by clock base, 0 to 7. */
  readonly bases: readonly (readonly HrtimerSnapshot[])[];
}

export interface HrtimerSnapshot {
  readonly timer: TimerId;
  readonly function: HrtimerFunction;
  /** on the base's own clock */
  readonly softexpires: Ns;
  readonly expires: Ns;
}

/** @linux include/linux/clockchips.h struct clock_event_device */
export interface ClockEventDeviceSnapshot {
  /** `lapic`, `pit` */
  readonly name: string;
  /** of the tick that runs on it: 0 periodic, 1 one-shot */
  readonly tickMode: number;
  readonly state: ClockEventState;
  readonly handler: TickHandler;
  readonly mult: number;
  readonly shift: number;
  readonly minDeltaNs: Ns;
  readonly maxDeltaNs: Ns;
  readonly nextEvent: Ns;
  readonly retries: number;
}

/** Times of a thread, or of a whole process, as /proc shows them. */
export interface ProcTimes {
  /** adjusted: scaled to the run time and never decreasing */
  readonly utimeNs: Ns;
  readonly stimeNs: Ns;
  readonly guestNs: Ns;
  // of the process's children that were waited for
  readonly cutimeNs: Ns;
  readonly cstimeNs: Ns;
  readonly cguestNs: Ns;
}

/** A thread. */
export interface ProcTask extends ProcTimes {
  /** its own number; that of its process is `tgid` */
  readonly pid: number;
  readonly tgid: number;
  readonly ppid: number;
  /** threads of its process */
  readonly threads: number;
  /** not yet cut to 15 characters */
  readonly name: string;
  readonly kernelThread: boolean;
  readonly state: 'R' | 'S' | 'D' | 'Z';
  readonly startNs: Ns;
  readonly processor: CpuId;
  /** The kernel's own priority: -1 deadline, 0 .. 98 real time, 100 .. 139 fair. */
  readonly prio: number;
  /** Run time by the scheduler's clock, as it was charged last. */
  readonly runtimeNs: Ns;
  readonly runDelayNs: Ns;
  readonly timeslices: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  /** Where it may run, ascending. */
  readonly cpusAllowed: readonly CpuId[];
}

/** A process: what its threads share. */
export interface ProcProcess {
  /** the thread whose number is the process's */
  readonly leader: ProcTask;
  /** that still exist, ascending */
  readonly threads: readonly ProcTask[];
  readonly times: ProcTimes;
}
