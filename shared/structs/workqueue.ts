import { anyWriter, spinlock, struct, word, type ViewOf } from '../memory/struct.ts';

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

/** The work of one row of the background. @linux include/linux/workqueue.h struct work_struct */
export const Work = struct(
  'work',
  {
    pending: anyWriter(word('1 from the moment it is queued until it begins')),
    next: anyWriter(word('the work that came after it; -1 none; its pool’s lock guards it')),
  },
  { writer: 'any cpu' },
);
export type Work = ViewOf<typeof Work>;
