import { anyWriter, long, seqcount, spinlock, struct, word, type ViewOf } from '../memory/struct.ts';
import type { Ns, ProcessId, TaskId } from '../units.ts';

/** What has become of a process. */
export const ProcessState = {
  /** no thread has ever been in it, or its last one is gone for good */
  None: 0,
  /** its leader lives */
  Living: 1,
  /** its leader has ended, other threads go on. @linux kernel/exit.c delay_group_leader */
  Leaderless: 2,
  /** all its threads have ended, and its parent has not asked for it. @linux include/linux/sched.h EXIT_ZOMBIE */
  Zombie: 3,
  /** one thread of its parent has claimed it, and takes its times. @linux include/linux/sched.h EXIT_DEAD */
  Reaped: 4,
} as const;
export type ProcessState = (typeof ProcessState)[keyof typeof ProcessState];

/**
 * What the threads of a process share. The times of threads that live are in their own records; here are those of
 * threads that are gone, moved in one section of `stats_lock` (lock and sequence), so that a sum over both has each
 * thread once.
 * @linux include/linux/sched/signal.h struct signal_struct
 */
export const SignalStruct = struct(
  'signal_struct',
  {
    lock: spinlock('stats_lock: whoever moves times, and readers that were overtaken'),
    seq: seqcount('stats_lock: odd while times move'),
    state: anyWriter(word<ProcessState>('what has become of the process; changed in a section, and by compare-and-swap by who reaps it')),
    nrThreads: word('threads on its list: those that live, and a leader that has ended before them'),
    parent: word<ProcessId>('whose child it is; -1: nobody waits for it'),
    children: word('children that it has not waited for'),
    waitHead: word<TaskId>('first of its threads that wait for a child to end'),
    waitTail: word<TaskId>('last of them'),
    nvcsw: word('voluntary context switches of dead threads'),
    nivcsw: word('involuntary ones'),
    cnvcsw: word('voluntary context switches of children that were waited for'),
    cnivcsw: word('involuntary ones'),
    utime: long<Ns>('user time of dead threads, as `task_cputime` saw it at their end'),
    stime: long<Ns>('system time of dead threads'),
    gtime: long<Ns>('guest time of dead threads, contained in utime'),
    sumSchedRuntime: long<Ns>('run time of dead threads by the scheduler’s clock'),
    chargedUtime: long<Ns>('user time that dead threads were charged with'),
    chargedStime: long<Ns>('system time of that kind'),
    restUtime: long<Ns>('user time of theirs that `task_cputime` leaves out: accumulators of what they were not doing'),
    restStime: long<Ns>('system time of that kind'),
    restGtime: long<Ns>('guest time of that kind'),
    cutime: long<Ns>('user time of children that were waited for, and of theirs'),
    cstime: long<Ns>('system time of those'),
    cgtime: long<Ns>('guest time of those'),
  },
  { writer: 'any cpu', lock: 'lock', seqcount: 'seq' },
);
export type SignalStruct = ViewOf<typeof SignalStruct>;
