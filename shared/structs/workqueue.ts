import { anyWriter, spinlock, struct, word, type ViewOf } from '../memory/struct.ts';

/** Works that the kernel has whatever is listed. @dynticks a work is a number, because a closure cannot cross threads */
export const KernelWork = {
  /** @linux kernel/time/clocksource.c clocksource_watchdog_work */
  ClocksourceWatchdog: 0,
} as const;
export type KernelWork = (typeof KernelWork)[keyof typeof KernelWork];
export const NR_KERNEL_WORKS = Object.keys(KernelWork).length;

/** Works that wait for one worker thread. @linux kernel/workqueue.c struct worker_pool */
export const WorkerPool = struct(
  'worker_pool',
  {
    lock: spinlock('guards the list'),
    head: word('the work that came first; -1 none'),
    tail: word('the work that came last'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type WorkerPool = ViewOf<typeof WorkerPool>;

/** One work: first the kernel’s own, then one for each row of the background. @linux include/linux/workqueue.h struct work_struct */
export const Work = struct(
  'work',
  {
    pending: anyWriter(word('1 from the moment it is queued until it begins')),
    next: anyWriter(word('the work that came after it; -1 none; its pool’s lock guards it')),
  },
  { writer: 'any cpu' },
);
export type Work = ViewOf<typeof Work>;
