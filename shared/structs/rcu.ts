import { CPUMASK_WORDS } from '../limits.ts';
import { spinlock, struct, unguarded, word, words, type ViewOf } from '../memory/struct.ts';

/**
 * Grace periods: a time in which every CPU has been seen where it holds no reference to anything. The three
 * numbers count them; the CPUs load the first two at each tick without the lock.
 * @linux kernel/rcu/tree.h struct rcu_state
 */
export const RcuPage = struct(
  'rcu_state',
  {
    lock: spinlock('guards the numbers and the mask'),
    started: unguarded(word('number of the grace period that began last')),
    completed: unguarded(word('number of the one that ended last; the same while none is under way')),
    requested: word('number of the latest that somebody waits for'),
    qsMask: words(CPUMASK_WORDS, 'a bit for each CPU that has still to be seen in the one under way'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type RcuPage = ViewOf<typeof RcuPage>;
