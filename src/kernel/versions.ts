/** What differs between kernel versions: facts, each with its evidence; mechanisms read them here. */
import type { Ns } from '../../shared/units.ts';

export interface KernelVersion {
  readonly name: string;
  /** The grid of jiffies starts at a multiple of the tick. Evidence: recordings of 6.1 and 6.12, tick expiries. */
  readonly alignedFirstTick: boolean;
  /** Ticks of a CPU that see jiffies stand still before it advances them itself. From memory: 5.18 and later. */
  readonly maxStalledJiffies: number;
  /** Of the CPUs that would advance them one does, and the others go on. From memory: 7.0. */
  readonly oneRescuer: boolean;
  /** An event that was forced because its moment had passed stays when another is forced after it. From memory: a fix of April 2026. */
  readonly keepsForcedEvent: boolean;
  /** Policy of the fair class. From memory: EEVDF since 6.6; recordings of 6.1, workload share: a switch each third tick, as CFS. */
  readonly fairClass: 'cfs' | 'eevdf';
  /** EEVDF's slice for one CPU; scales with 1 + log2(CPUs), at most of 8. From memory: 6.6, shortened in 6.15. */
  readonly baseSliceNs: Ns;
  /** Default slack of a sleep. Evidence: recordings, workload slack. */
  readonly timerSlackNs: Ns;
  /** A POSIX timer that is set anew takes back a signal that was not delivered. From memory: 6.13 and later. */
  readonly dropsQueuedTimerSignal: boolean;
  /**
   * A wheel timer that is bound to no CPU is pushed to one that is awake and does housekeeping. From memory: until 6.8; later
   * ones stay where they are put up, and others pull them.
   */
  readonly pushesWheelTimers: boolean;
  /** Time slice of SCHED_RR. From memory. */
  readonly rrTimesliceNs: Ns;
  /** Form of /proc/timer_list. Evidence: recordings of 6.1 and 6.12; 7.0 from memory. */
  readonly timerList: TimerListForm;
  /** Lines of /proc/<pid>/status. Evidence: recordings of 6.1 and 6.12; 7.0 from memory. */
  readonly pidStatus: PidStatusForm;
  /** Form of /proc/schedstat. Evidence: recordings of 6.1 and 6.12; 7.0 from memory. */
  readonly schedstat: SchedstatForm;
  /** /proc/interrupts has the rows of machine checks (THR, DFR, MCE, MCP). Evidence: recordings of 6.1 and 6.12. */
  readonly machineCheckRows: boolean;
}

/** How a version prints /proc/timer_list. */
export interface TimerListForm {
  /** First line. */
  readonly version: string;
  /** Each clock base has a line `.get_time`. */
  readonly getTime: boolean;
  /** One line `.nohz_mode`, or two, `.nohz` and `.highres`. */
  readonly nohzMode: boolean;
  /** Name of the tick's function as an hrtimer. */
  readonly tickFunction: string;
  /** Name of the handler of a low-resolution tick that may stop. */
  readonly lowresHandler: string;
}

/** Which lines a version has in /proc/<pid>/status beside those that all have. */
export interface PidStatusForm {
  readonly kthread: boolean;
  readonly untagMask: boolean;
  readonly threadFeatures: boolean;
}

/** How a version prints /proc/schedstat. */
export interface SchedstatForm {
  readonly version: number;
  /** Name of the one domain there is; null: they have none. */
  readonly domainName: string | null;
  /** Counters of a domain, for each kind of idleness and for all together. */
  readonly domainCounters: number;
}

/** What 6.12 has and the others share with it. */
const V6_12: KernelVersion = {
  name: '6.12',
  alignedFirstTick: true,
  maxStalledJiffies: 5,
  oneRescuer: false,
  keepsForcedEvent: false,
  fairClass: 'eevdf',
  baseSliceNs: 750_000,
  timerSlackNs: 50_000,
  dropsQueuedTimerSignal: false,
  pushesWheelTimers: false,
  rrTimesliceNs: 100_000_000,
  timerList: {
    version: 'v0.10', getTime: true, nohzMode: false, tickFunction: 'tick_nohz_handler', lowresHandler: 'tick_nohz_lowres_handler',
  },
  pidStatus: { kthread: true, untagMask: true, threadFeatures: true },
  schedstat: { version: 16, domainName: null, domainCounters: 36 },
  machineCheckRows: true,
};

/** The versions that exist here; the first is the default. */
export const KERNEL_VERSIONS: readonly KernelVersion[] = [
  V6_12,
  {
    ...V6_12, name: '6.1', fairClass: 'cfs', pushesWheelTimers: true, machineCheckRows: false,
    pidStatus: { kthread: false, untagMask: false, threadFeatures: false },
    schedstat: { version: 15, domainName: null, domainCounters: 36 },
    timerList: { version: 'v0.9', getTime: true, nohzMode: true, tickFunction: 'tick_sched_timer', lowresHandler: 'tick_nohz_handler' },
  },
  {
    ...V6_12, name: '7.0', oneRescuer: true, dropsQueuedTimerSignal: true, keepsForcedEvent: true, baseSliceNs: 700_000,
    timerList: { ...V6_12.timerList, getTime: false },
    schedstat: { version: 17, domainName: 'MC', domainCounters: 45 },
  },
];
