import { CPUMASK_WORDS } from '../limits.ts';
import { anyWriter, long, longs, seqcount, spinlock, struct, unguarded, word, words, type ViewOf } from '../memory/struct.ts';
import type { CpuId, Jiffies, Ns } from '../units.ts';

/** The jiffies page. @linux kernel/time/jiffies.c jiffies_lock, jiffies_seq */
export const JiffiesPage = struct(
  'jiffies',
  {
    lock: spinlock('serialises whoever advances jiffies'),
    seq: seqcount('odd while it advances'),
    jiffies: long<Jiffies>('ticks since boot; any CPU reads it without the lock'),
    lastJiffiesUpdate: long<Ns>('instant of the last jiffy boundary'),
    tickNextPeriod: long<Ns>('instant of the next one; stored last, read without the lock'),
    tickDoTimerCpu: unguarded(word<CpuId>('who has the duty; -1 nobody, -2 not yet')),
    rescuing: unguarded(word('1 while a CPU without the duty advances them')),
  },
  { writer: 'any cpu', lock: 'lock', seqcount: 'seq' },
);
export type JiffiesPage = ViewOf<typeof JiffiesPage>;

/** Nobody has ever had the do_timer duty. @linux kernel/time/tick-internal.h TICK_DO_TIMER_BOOT */
export const TICK_DO_TIMER_BOOT = -2;
/** The duty was dropped. @linux kernel/time/tick-internal.h TICK_DO_TIMER_NONE */
export const TICK_DO_TIMER_NONE = -1;

/** A lock, condition, barrier or semaphore of the workload, with the queue of tasks that wait for it. */
export const SyncObject = struct(
  'sync_object',
  {
    lock: spinlock('guards the object, as a futex hash bucket does'),
    value: word('mutex: owner + 1; semaphore: count; barrier: arrived'),
    parties: word('barrier: how many must arrive'),
    waitHead: word('first waiting task, -1 when none'),
    waitTail: word('last waiting task'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type SyncObject = ViewOf<typeof SyncObject>;

/** A timer of the workload that several tasks share. */
export const SharedTimer = struct(
  'shared_timer',
  {
    lock: spinlock('guards next'),
    next: long<Ns>('next expiry; 0 before the first use'),
  },
  { writer: 'any cpu', lock: 'lock' },
);
export type SharedTimer = ViewOf<typeof SharedTimer>;

/** How far the machine as a whole has come. @linux include/linux/kernel.h enum system_states */
export const SystemState = { Booting: 0, Running: 3 } as const;
export type SystemState = (typeof SystemState)[keyof typeof SystemState];

/** State of the whole system. @linux init/main.c system_state */
export const SystemPage = struct(
  'system',
  {
    state: anyWriter(word<SystemState>('Running once the workload has been started')),
    schedClockIrqtime: anyWriter(word('1 while sched_clock() is good enough to time interrupts')),
  },
  { writer: 'any cpu' },
);
export type SystemPage = ViewOf<typeof SystemPage>;

/** Which CPUs have stopped their tick, for those that have work to spare. @linux kernel/sched/fair.c nohz */
export const NohzPage = struct(
  'nohz',
  {
    idleCpus: words(CPUMASK_WORDS, 'a bit for each CPU whose tick is stopped, by `or` and `and`'),
    nrCpus: word('how many they are; loaded without a look at the mask'),
    active: word('1 once any CPU’s tick is able to stop'),
    needsUpdate: word('1: a CPU has come since `nextBalance` was worked out'),
    hasBlocked: word('1: an idle CPU may have load that has still to decay'),
    nextBalance: long<Jiffies>('when the idle CPUs are to be balanced next'),
    nextBlocked: long<Jiffies>('when their load is to decay next'),
  },
  { writer: 'any cpu' },
);
export type NohzPage = ViewOf<typeof NohzPage>;

/** The load average. @linux kernel/sched/loadavg.c avenrun, calc_load_tasks, calc_load_nohz */
export const LoadPage = struct(
  'loadavg',
  {
    tasks: long('runnable tasks, as the CPUs have counted them since the last window began'),
    update: long<Jiffies>('when the present window ends'),
    avenrun: longs(3, 'load of 1, 5 and 15 minutes, 11 bits of fraction'),
    nohz: longs(2, 'what CPUs that stopped their tick have counted; two slots, by the window'),
    nohzIndex: word('which window it is'),
  },
  { writer: 'any cpu' },
);
export type LoadPage = ViewOf<typeof LoadPage>;
