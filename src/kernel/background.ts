/**
 * What the kernel does by itself while nobody asks for anything: works, threads and timers that come
 * again and again. Which there are is a fact of a kernel version and its configuration, the same for
 * all workloads; each row has its evidence.
 */
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';

/** How a row comes again. */
export const KTHREAD_TIMERS = ['delayed_work', 'process_timeout', 'deferrable_work', 'deferrable', 'hrtimer'] as const;
export type KthreadTimer = (typeof KTHREAD_TIMERS)[number];
/** And the thread that runs grace periods, when it is asked to. */
export type BackgroundTimer = KthreadTimer | 'grace_period';

/** A row as listed. */
export interface BackgroundRow {
  readonly name: string;
  readonly timer: BackgroundTimer;
  /** Where; `each`: one on each CPU that does housekeeping; null: wherever its worker wakes. */
  readonly cpu: CpuId | 'each' | null;
  readonly every: Ns;
  readonly work: Ns;
  /** It does the tick of a CPU of `nohz_full=`: there is one for each. */
  readonly remoteTick?: boolean;
  /** It stays there, whoever is isolated. */
  readonly pinned?: boolean;
  /** The thread, where it is not named as the row; `/` and the CPU’s number are added where there is one on each. */
  readonly thread?: string;
}

/** A row as a machine has it. */
export interface BackgroundSpec {
  readonly name: string;
  readonly timer: BackgroundTimer;
  readonly cpu: CpuId;
  readonly every: Ns;
  readonly work: Ns;
  /** Who does it; -1: the softirq does. */
  readonly task: TaskId;
  /** The pool of worker threads that does it; -1: none. */
  readonly pool: number;
  /** The CPU whose tick it does; -1: none. */
  readonly ticks: CpuId;
}

const MS: Ns = 1_000_000;
const US: Ns = 1_000;

/** Evidence: recordings of 6.1 and 6.12, configuration d: sched_tick_remote once a second for each CPU of nohz_full=, busy or idle. */
export const REMOTE_TICK_ROW: BackgroundRow =
  { name: 'sched_tick_remote', timer: 'delayed_work', cpu: null, every: 1_000 * MS, work: 1 * US, remoteTick: true };

/**
 * Evidence: expiries a second in the recordings of 6.1.192 (all workloads of the configurations with and without
 * dynamic ticks) and 6.12.95: kcompactd 2.0, tcp_orphan_update 9.5 to 9.6 where ticks go on (0.2 to 0.7 on idle
 * machines, since it may wait), psi 0.4 to 0.6, vmstat_shepherd 1.0 (0.4 to 0.7 idle), vmstat_update 0.4 to 1.0,
 * memcg 0.5 (0.2 to 0.4 idle), neigh_managed 0.4 (two tables), neigh_periodic 0.1 to 0.2 (two tables); the watchdog
 * of each housekeeping CPU 0.25, each time with a switch to its stopper thread and back. How long they work is
 * of their traces, and noise there. rcu_preempt comes when something is freed. The rows of hotplug, of disks and of
 * entropy are not among them.
 */
const LINUX_ROWS: readonly BackgroundRow[] = [
  { name: 'kcompactd0', timer: 'process_timeout', cpu: null, every: 500 * MS, work: 2 * US },
  { name: 'tcp_orphan_update', timer: 'deferrable', cpu: 2, every: 100 * MS, work: 1 * US },
  { name: 'psi_avgs_work', timer: 'delayed_work', cpu: 0, every: 2_000 * MS, work: 4 * US },
  { name: 'vmstat_shepherd', timer: 'deferrable_work', cpu: 0, every: 1_000 * MS, work: 4 * US },
  { name: 'vmstat_update', timer: 'deferrable_work', cpu: 0, every: 2_000 * MS, work: 2 * US },
  { name: 'flush_memcg_stats_dwork', timer: 'deferrable_work', cpu: null, every: 2_000 * MS, work: 4 * US },
  { name: 'neigh_managed_work', timer: 'delayed_work', cpu: 0, every: 5_000 * MS, work: 2 * US },
  { name: 'neigh_managed_work', timer: 'delayed_work', cpu: 0, every: 5_000 * MS, work: 2 * US },
  { name: 'neigh_periodic_work', timer: 'deferrable_work', cpu: 0, every: 15_000 * MS, work: 2 * US },
  { name: 'neigh_periodic_work', timer: 'deferrable_work', cpu: 0, every: 15_000 * MS, work: 2 * US },
  { name: 'rcu_preempt', timer: 'grace_period', cpu: null, every: 0, work: 0 },
  { name: 'watchdog_timer_fn', timer: 'hrtimer', cpu: 'each', every: 4_000 * MS, work: 2 * US, thread: 'migration' },
  REMOTE_TICK_ROW,
];

/** By kernel version. Evidence for 7.0: none; as 6.12. */
export const BACKGROUND: Readonly<Record<string, readonly BackgroundRow[]>> = { '6.1': LINUX_ROWS, '6.12': LINUX_ROWS, '7.0': LINUX_ROWS };
