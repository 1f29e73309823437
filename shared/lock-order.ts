/**
 * Every lock of the kernel, in the order in which they nest: whoever holds one may only take one that
 * stands further down (or, of the same class, a higher instance). An oracle judges each run by it.
 */
// table: outermost first; a new lock goes where it nests
export const LockClass = {
  /** a mutex, condition, barrier or semaphore of the workload (Linux: the futex hash bucket) */
  SyncObject: 0,
  /** a timer that tasks of the workload share */
  SharedTimer: 1,
  /** a POSIX timer. @linux include/linux/posix-timers.h k_itimer.it_lock */
  PosixTimer: 2,
  /** CPU timers of a process. @linux include/linux/sched/signal.h sighand_struct.siglock */
  Siglock: 3,
  /** a timer that is a file. @linux fs/timerfd.c timerfd_ctx.wqh */
  TimerFd: 4,
  /** the list of clock sources and their watchdog. @linux kernel/time/clocksource.c clocksource_mutex, watchdog_lock */
  Clocksources: 5,
  /** works that wait for a worker thread. @linux kernel/workqueue.c worker_pool.lock */
  WorkerPool: 6,
  /** a run queue. @linux kernel/sched/sched.h rq.__lock */
  Rq: 7,
  /** one of a CPU's timer wheels. @linux kernel/time/timer.c timer_base.lock */
  TimerBase: 8,
  /** a CPU's hrtimer queue. @linux include/linux/hrtimer_defs.h hrtimer_cpu_base.lock */
  HrtimerBase: 9,
  /** @linux kernel/time/jiffies.c jiffies_lock */
  Jiffies: 10,
  /** @linux kernel/time/timekeeping.c tk_core.lock */
  Timekeeper: 11,
  /** times of a process's dead threads and children. @linux include/linux/sched/signal.h signal_struct.stats_lock */
  Stats: 12,
  /** a task's monotonic filter, or (behind all tasks) a process's. @linux include/linux/sched.h prev_cputime.lock */
  PrevCputime: 13,
  /** grace periods. @linux kernel/rcu/tree.h rcu_node.lock */
  Rcu: 14,
  /** a task's vtime, as of 2013. @linux include/linux/sched.h vtime_seqlock */
  Vtime: 15,
} as const;
export type LockClass = (typeof LockClass)[keyof typeof LockClass];

/** Lock names by class, for witnesses. */
export const LOCK_NAMES: readonly string[] = Object.keys(LockClass);
