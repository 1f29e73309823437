import { CPUMASK_WORDS, TIMERS_PER_TASK } from '../limits.ts';
import { anyWriter, long, longs, seqcount, spinlock, struct, word, words, type ViewOf } from '../memory/struct.ts';
import type { CpuId, Ns, TaskId } from '../units.ts';

/** Linux's task states, as a waker sees them. */
export const TaskState = {
  /** the record is free: a member of a fork pool that nobody uses */
  Free: 0,
  /** runnable or running */
  Running: 1,
  /** sleeping until somebody wakes it */
  Sleeping: 2,
  /** a waker has claimed it; its message to the CPU where it will run is under way */
  Waking: 3,
  Dead: 4,
} as const;
export type TaskState = (typeof TaskState)[keyof typeof TaskState];

/** @linux include/uapi/linux/sched.h SCHED_NORMAL and friends */
export const Policy = { Other: 0, Fifo: 1, Rr: 2, Batch: 3, Idle: 5, Deadline: 6 } as const;
export type Policy = (typeof Policy)[keyof typeof Policy];

/**
 * What the scheduler and the accounts know of a task. All of it travels with the task: the CPU
 * whose run queue it is on (or was on last) writes it.
 */
export const Task = struct(
  'task',
  {
    state: anyWriter(word<TaskState>('changed by compare-and-swap: any waker may claim a sleeper')),
    onCpu: word('1 from the switch to the task until the switch away from it is complete'),
    cpu: word<CpuId>('CPU whose run queue the task is on, or was on last'),
    onRq: word('1 while the task is in its CPU’s run queue or running'),
    declaration: word('which declaration of the workload it instantiates; -1 for an idle task'),
    instance: word('which instance of that declaration'),
    policy: word<Policy>('scheduling policy'),
    nice: word('-20 .. 19; matters to the fair class'),
    rtPriority: word('1 .. 99 for SCHED_FIFO and SCHED_RR'),
    allowed: words(CPUMASK_WORDS, 'affinity mask, one bit a CPU'),
    inIowait: word('1 while it sleeps until a device answers'),
    rqNext: word<TaskId>('next in the run queue'),
    waitNext: anyWriter(word<TaskId>('next in the wait queue of a lock, condition, barrier or semaphore; its lock guards it')),
    nvcsw: word('voluntary context switches'),
    nivcsw: word('involuntary context switches'),
    vruntime: long<Ns>('weighted run time of the fair class'),
    deadline: long<Ns>('virtual deadline (fair) or absolute deadline (deadline class)'),
    slice: long<Ns>('request size of the fair class; 0: the task has never been on a run queue'),
    vlag: long<Ns>('off the queue: lag behind the average (EEVDF) or distance above the floor (CFS); running: protected deadline (EEVDF)'),
    pickedAt: long<Ns>('CFS: sumExecRuntime when it was last picked'),
    execStart: anyWriter(long<Ns>('rq clock up to which sumExecRuntime has been charged; under its queue’s lock')),
    sumExecRuntime: anyWriter(long<Ns>('run time by the scheduler’s clock; of a running task whoever asks brings it up to date, so')),
    refreshed: anyWriter(long<Ns>('what others have added to sumExecRuntime, and its class does not know of yet; under that lock')),
    listed: anyWriter(word('1 while its process sums it up: from its fork until its times are moved to the process')),
    lastQueued: long<Ns>('since when it waits to run, by the rq clock; 0: it does not'),
    lastArrival: long<Ns>('when it came to run last'),
    runDelay: long<Ns>('how long it has waited to run'),
    pcount: word('how often it came to run'),
    rrLeft: long<Ns>('rest of the SCHED_RR time slice'),
    dlRuntime: long<Ns>('SCHED_DEADLINE: budget per period'),
    dlDeadline: long<Ns>('SCHED_DEADLINE: relative deadline'),
    dlPeriod: long<Ns>('SCHED_DEADLINE: period'),
    dlBudget: long<Ns>('SCHED_DEADLINE: what is left of the budget'),
    dlThrottled: word('SCHED_DEADLINE: 1 while it waits for its next period'),
    timerSlackNs: long<Ns>('slack of its sleeps'),
    utime: long<Ns>('charged user time'),
    stime: long<Ns>('charged system time'),
    gtime: long<Ns>('charged guest time, contained in utime'),
    vcpu: word('PF_VCPU: 1 from where the task’s guest is entered to where it is left'),
  },
  { writer: 'task cpu' },
);
export type Task = ViewOf<typeof Task>;

/** States of a task's virtual CPU clock. @linux include/linux/sched.h enum vtime_state */
export const VtimeState = { Inactive: 0, Idle: 1, Sys: 2, User: 3, Guest: 4 } as const;
export type VtimeState = (typeof VtimeState)[keyof typeof VtimeState];

/** Pending CPU time of a task that no tick has charged. @linux include/linux/sched.h struct vtime */
export const Vtime = struct(
  'vtime',
  {
    seq: seqcount('odd while the CPU that runs the task is inside a section'),
    lock: spinlock('what writers took in 2013, though there is one at a time'),
    state: word<VtimeState>('what the task has been doing since starttime'),
    cpu: word<CpuId>('where; -1 while inactive'),
    starttime: long<Ns>('sched_clock() of the last flush'),
    utime: long<Ns>('user time not yet charged, below a tick after a flush'),
    stime: long<Ns>('system time not yet charged'),
    gtime: long<Ns>('guest time not yet charged'),
  },
  { writer: 'task cpu', seqcount: 'seq' },
);
export type Vtime = ViewOf<typeof Vtime>;

/** Memory of the monotonic filter. @linux include/linux/sched.h struct prev_cputime */
export const PrevCputime = struct(
  'prev_cputime',
  {
    lock: spinlock('any reader takes it'),
    utime: long<Ns>('last adjusted user time that anybody was given'),
    stime: long<Ns>('last adjusted system time'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type PrevCputime = ViewOf<typeof PrevCputime>;

/** Where a task is in its program: the registers that a migration must carry along. */
export const UserRegs = struct(
  'user_regs',
  {
    pc: word('index of the next instruction of the declaration’s program'),
    threadLoop: word('passes over all phases that are complete'),
    phaseLoop: word('passes over the present phase that are complete'),
    mode: word('0 in the kernel, 1 in user mode, 2 in its guest (a `RegsMode`)'),
    kind: word('kind of the operation under way (an `OpKind`)'),
    remaining: long<Ns>('work left of the operation under way'),
    until: long<Ns>('instant at which a busy wait ends'),
    firstStart: long<Ns>('when its first phase began'),
    timerNext: longs(TIMERS_PER_TASK, 'next expiry of each timer of its own; 0 before the first use'),
    argA: long('first argument of the operation under way'),
    argB: long('second argument'),
    argC: long('third argument'),
    stage: word('how far a system call that sleeps has come'),
  },
  { writer: 'task cpu' },
);
export type UserRegs = ViewOf<typeof UserRegs>;
