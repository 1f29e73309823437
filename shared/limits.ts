/** Every limit of the machine, in one place. A message that reports one of them names it. */

/** CPUs of one machine. An affinity mask is this many bits. */
export const NR_CPUS_MAX = 256;
/** Words of an affinity mask. */
export const CPUMASK_WORDS = NR_CPUS_MAX / 32;
/** Tasks of one machine, idle tasks and fork pools included. */
export const NR_TASKS_MAX = 8192;
/** Living instances of one declaration that `fork` may have at a time. */
export const FORK_POOL = 64;
/** Timers of its own ("unique") that one task may use. */
export const TIMERS_PER_TASK = 8;
/** Bytes that a pipe holds. @linux include/linux/pipe_fs_i.h PIPE_DEF_BUFFERS */
export const PIPE_CAPACITY = 65_536;
/** Messages that one CPU may have under way, where a scenario does not say. */
export const CSD_POOL = 256;
/** The most that a scenario may say. */
export const CSD_POOL_MAX = 4_096;
/** Passes of a softirq run before the rest is left to the next tick. @linux kernel/softirq.c MAX_SOFTIRQ_RESTART */
export const MAX_SOFTIRQ_RESTART = 10;
/** Reports of softirqs that wait while their CPU goes idle. @linux kernel/time/tick-sched.c report_idle_softirq */
export const SOFTIRQ_IDLE_REPORTS = 10;
/** Passes of the hrtimer interrupt before it declares a hang. @linux kernel/time/hrtimer.c hrtimer_interrupt */
export const HRTIMER_INTERRUPT_PASSES = 3;
/** Longest pause after a hang of the hrtimer interrupt. */
export const HRTIMER_HANG_MAX_NS = 100_000_000;
/** Overruns of a POSIX timer that are told at most. @linux include/linux/limits.h DELAYTIMER_MAX */
export const DELAYTIMER_MAX = 0x7fff_ffff;
/** Attempts to program an event with the minimum delta before that delta grows. */
export const MIN_DELTA_TRIES = 3;
/** The same where that delta does not grow, but is added once more each time. */
export const MIN_DELTA_TRIES_FIXED = 10;
/** Turns of a spin loop after which a thread's wait is called a hang (usual cause: a lost unlock). */
export const SPIN_TURNS_MAX = 1_000_000_000;
/** Phases of a program that a lookahead walks over before it says how far it has come. */
export const LOOKAHEAD_PHASES = 32;
/** User or system time that a process may have had before the machine boots: 26 days, so that sums stay below 2^53 ns. */
export const AGE_MAX_NS = 2_250_000_000_000_000;
/** Versions of tasks' vtime records that the oracle of remote reads keeps at a time, all tasks together: 120 MB. */
export const VERSIONS_KEPT = 1 << 20;
