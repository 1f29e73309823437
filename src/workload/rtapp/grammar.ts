/**
 * rt-app's words: which keys stand where, and which names begin an event. One table each, so that
 * parsing, warnings and documentation cannot disagree. Times in rt-app are integers in microseconds.
 */

/** The events, in the order in which rt-app matches the beginning of a key: `runtime` before `run`. */
export const EVENT_NAMES = [
  'lock', 'unlock', 'wait', 'signal', 'broad', 'sync', 'sleep', 'runtime', 'run', 'timer', 'suspend', 'resume',
  'memrun', 'mem', 'iorun', 'yield', 'barrier', 'fork', 'sem_post', 'sem_wait',
] as const;

/** What phases of ours may do beside that; a name or a name and digits. */
export const OWN_EVENT_NAMES = [
  'syscall', 'slack', 'timeout', 'io', 'itimer', 'pipe', 'call', 'clock_nanosleep', 'posix_timer', 'posix_timer_gettime',
  'posix_timer_delete', 'fd_timer', 'fd_read', 'sigmask', 'pause', 'free', 'reap', 'guest', 'cputimer',
] as const;

export type EventName = (typeof EVENT_NAMES)[number] | (typeof OWN_EVENT_NAMES)[number];

/** The event that a key begins, or null. rt-app: any key that starts with the name (`run0`, `timerA`). */
export function eventNameOf(key: string): EventName | null {
  const rtApp = EVENT_NAMES.find((name) => key.startsWith(name));
  return rtApp ?? OWN_EVENT_NAMES.find((name) => isNumbered(key, name)) ?? null;
}

const isNumbered = (key: string, name: string): boolean => key.startsWith(name) && /^[0-9]*$/.test(key.slice(name.length));

export const ROOT_KEYS = ['global', 'tasks', 'resources', 'dynticks'] as const;

export const GLOBAL_KEYS = [
  'duration', 'calibration', 'default_policy', 'pi_enabled', 'lock_pages', 'logdir', 'log_basename', 'log_size',
  'ftrace', 'gnuplot', 'io_device', 'mem_buffer_size', 'cumulative_slack', 'frag', 'logstats',
] as const;

/** Keys that a phase shares with a task. */
export const PHASE_KEYS = [
  'loop', 'policy', 'priority', 'dl-runtime', 'dl-period', 'dl-deadline', 'util_min', 'util_max', 'cpus',
  'nodes_membind', 'taskgroup',
] as const;

/** Keys of a task alone; the last three are the older spelling of dl-*. */
export const TASK_KEYS = ['instance', 'delay', 'phases', 'runtime', 'period', 'deadline'] as const;

/** Keys that only the grammar before rt-app 1.0 has. */
export const PRE_1_0_KEYS = ['exec', 'lock_order', 'resources', 'acl'] as const;

/** Policies as a file names them, with Linux's numbers (`Policy`). */
export const POLICIES: Readonly<Record<string, number>> = {
  SCHED_OTHER: 0, SCHED_FIFO: 1, SCHED_RR: 2, SCHED_BATCH: 3, SCHED_IDLE: 5, SCHED_DEADLINE: 6,
};

/** Clocks that a timer can be on, as a file names them, with Linux's numbers (`ClockId`). */
export const TIMER_CLOCKS: Readonly<Record<string, number>> = { realtime: 0, monotonic: 1, boottime: 7, tai: 11 };

/** And those that count CPU time: of the process, or of the one thread. */
export const POSIX_TIMER_CLOCKS: Readonly<Record<string, number>> = { ...TIMER_CLOCKS, process_cputime: 2, thread_cputime: 3 };

/** And those that a task can sleep on: none is its own CPU clock, which stands still meanwhile (EINVAL). */
export const SLEEP_CLOCKS: Readonly<Record<string, number>> = { ...TIMER_CLOCKS, process_cputime: 2 };

/** What a `cputimer` counts by: an interval timer of the process, or a POSIX timer. */
export const CPUTIMER_CLOCKS = ['prof', 'virtual', 'thread', 'process'] as const;

/** Distinct task groups that rt-app can handle. */
export const TASKGROUPS_MAX = 32;
