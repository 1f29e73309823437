/**
 * The third door: what a task does next. Implemented by the workload; the kernel asks, executes and
 * asks again. A program is immutable and equal in every thread; where a task stands in it is in its
 * `UserRegs`, which migrate with it. So `next` keeps no state of its own and allocates nothing.
 */
import type { ClockId } from '../../shared/structs/timekeeper.ts';
import type { UserRegs } from '../../shared/structs/task.ts';
import type { Ns, ProcessId, TaskId } from '../../shared/units.ts';
import type { Arch } from './arch.ts';
import type { BackgroundSpec } from './background.ts';

/** Modes of a task's timer, argC of `OpKind.Timer`. */
export const TimerMode = { Relative: 0, Absolute: 1, Grid: 2 } as const;

/** What a program can ask for. Arguments a, b, c in the comment. */
// table: kinds of operations
export const OpKind = {
  /** the program is over */
  Exit: 0,
  /** a = ns of work in user mode; preemption stretches it (rt-app `run`) */
  Run: 1,
  /** a = ns: user mode until that long after its start, whoever else ran (rt-app `runtime`) */
  RunUntil: 2,
  /** a = ns: `clock_nanosleep` relative */
  Sleep: 3,
  /**
   * a = timer (own: index in UserRegs.timerNext; shared: -1 - index), b = period ns, c = 0 relative, 1 absolute,
   * 2 on whole periods (rt-app `timer`)
   */
  Timer: 4,
  /** a = mutex */
  Lock: 5,
  /** a = mutex */
  Unlock: 6,
  /** a = condition, b = mutex */
  CondWait: 7,
  /** a = condition */
  CondSignal: 8,
  /** a = condition */
  CondBroadcast: 9,
  /** a = barrier */
  Barrier: 10,
  /** a = semaphore */
  SemPost: 11,
  /** a = semaphore */
  SemWait: 12,
  Yield: 13,
  /** a = declaration whose pool gives the new task */
  Fork: 14,
  /** a = index into `Workload.attributes` (sched_setattr and affinity at the start of a phase) */
  SetAttributes: 15,
  /** a = ns of work in the kernel (our `syscall`; also rt-app's `iorun`), c = 1: it frees what others may be looking at (our `free`) */
  Syscall: 16,
  /** a = ns: PR_SET_TIMERSLACK (our `slack`) */
  SetSlack: 17,
  /** a = index into `Workload.reads`: look at somebody's CPU time; b = how many looks that is, c = 1 if any takes a lock */
  ReadCputime: 18,
  /** a mark: a = 0 start, 1 end of one pass over a phase; b = phase */
  Mark: 19,
  /** a = index into `Workload.calls`: a function on other CPUs */
  Call: 20,
  /** a = ns: asleep on the timer wheel, in whole jiffies (our `timeout`; how a kernel thread sleeps) */
  Timeout: 21,
  /** ITIMER_REAL: a = ns until it fires, 0 disarms it; b = ns of its period, 0: once (our `itimer`) */
  SetItimer: 22,
  /** a = pipe, a + 1 = where its writers wait, b = bytes (our `pipe`) */
  PipeRead: 23,
  /** the same */
  PipeWrite: 24,
  /** a kernel thread: a = ns of work */
  KthreadWork: 25,
  /** a kernel thread: asleep until somebody wakes it for row `a` of `Workload.background` */
  KthreadWait: 26,
  /** a worker thread: does the works of its pool `a`, and sleeps when there is none */
  Work: 27,
  /** a CPU’s ksoftirqd: runs what softirqs have been left to it, and sleeps when there are none */
  Ksoftirqd: 28,
  /** a = index into `Workload.clockSteps`: sleep until its instant, then change a clock */
  ClockCall: 29,
  /** the watchdog's thread waits for work, and does it */
  Kwatchdog: 30,
  /** a = ns, b = clock, c = 1 absolute: `clock_nanosleep` */
  ClockNanosleep: 31,
  /** a = index into `Workload.posixTimers`, the task’s instance to be added; b = ns (0: never), c = ns of its period (0: once) */
  TimerSettime: 32,
  /** a = POSIX timer */
  TimerGettime: 33,
  /** a = POSIX timer */
  TimerDelete: 34,
  /** a = index into `Workload.timerfds`; b = ns (0: never), c = ns of its period (0: once) */
  TimerfdSettime: 35,
  /** a = timerfd */
  TimerfdRead: 36,
  /** a = `SignalBit`s that the task does not want from now on */
  Sigprocmask: 37,
  /** asleep until a signal comes */
  Pause: 38,
  /** the thread of grace periods: begins and ends them, and sleeps while nobody asks for one */
  RcuGpKthread: 39,
  /** a = ns: asleep until a device has answered (our `io`) */
  Io: 40,
  /** asleep until a child has ended, whose times it takes; at once if there is none (our `reap`) */
  Reap: 41,
  /** a = ns of work in a guest, of which the task is a virtual CPU (our `guest`) */
  Guest: 42,
  /** ITIMER_PROF or ITIMER_VIRTUAL, as c says (a `CpuClock`): a, b as `SetItimer` (our `cputimer`) */
  SetCpuItimer: 43,
  /** a = index into `Workload.reads`, b = ns: each so often a timer looks there, or (c = 1) the coordinator; the task sleeps for good */
  ReaderTimer: 44,
  /** `clock_nanosleep` on the CPU clock of the task's process: a as `TimerSettime`; b = ns */
  CpuNanosleep: 45,
} as const;
export type OpKind = (typeof OpKind)[keyof typeof OpKind];

/** How much of what a task does is quiet: each level lets pass what the ones before it do. */
export const Quiet = {
  /** work in user mode */
  Work: 0,
  /** and calls that touch the task's own records only, and come back to it at once */
  Calls: 1,
  /** and looks at CPU time that take no lock */
  Looks: 2,
} as const;
export type Quiet = (typeof Quiet)[keyof typeof Quiet];
/** What no level lets pass: others notice it, or another task may run after it. */
export const LOUD = 3;

/** The first level that lets an operation pass, by its kind and its argument c. @dynticks a program is looked into before it runs */
export function quietOf(kind: number, c: number): number {
  switch (kind) {
    case OpKind.Run: case OpKind.RunUntil: case OpKind.Mark: return Quiet.Work;
    case OpKind.Syscall: case OpKind.SetSlack: case OpKind.Guest: return Quiet.Calls;
    case OpKind.ReadCputime: return c === 0 ? Quiet.Looks : LOUD;
    default: return LOUD;
  }
}

/** Filled in by `User.next`, reused by the caller. */
export interface Op {
  kind: OpKind;
  a: number;
  b: number;
  c: number;
  /** Place of the event in the declaration's file order; -1 for what the program adds itself. */
  event: number;
}

export interface User {
  /** Advances `regs` past the task's next operation and describes it in `op`. */
  next(task: TaskId, declaration: number, regs: UserRegs, op: Op): void;
  /**
   * From the instant at which the program is asked for its next operation: how long the task goes on
   * before the step of an operation that `quiet` does not let pass, if nothing interrupts it. Never
   * more than that, and less only where it looks no further: beyond `atMost`, or after many phases.
   * Changes nothing.
   */
  quietFor(declaration: number, regs: UserRegs, quiet: Quiet, costs: Pick<Arch, 'costOf'>, atMost: Ns): Ns;
}

/** Scheduling attributes as `sched_setattr` and `sched_setaffinity` take them. */
export interface Attributes {
  /** A `Policy`. */
  readonly policy: number;
  readonly nice: number;
  readonly rtPriority: number;
  /** SCHED_DEADLINE's three; for the fair class `dlRuntime` is the custom slice (0: none). */
  readonly dlRuntime: Ns;
  readonly dlDeadline: Ns;
  readonly dlPeriod: Ns;
  /** CPUs it may run on; null: all. */
  readonly cpus: readonly number[] | null;
}

/** A way to look at CPU time: Linux's files, calls and clocks that show it. */
export const ReadView = {
  // of a thread
  TaskCputime: 0, TaskGtime: 1, TaskStat: 2, RusageThread: 3, ThreadVirt: 4, ThreadProf: 5, ThreadSched: 6,
  // of a process
  Stat: 7, Rusage: 8, ClockVirt: 9, ClockProf: 10, ClockSched: 11,
  // of a CPU
  Kcpustat: 12, KcpustatField: 13, Idle: 14,
  /** no CPU time at all: one of the machine's clocks */
  Clock: 15,
  // of the machine
  Uptime: 18,
  // of a process, too
  RusageChildren: 16, Times: 17,
} as const;
export type ReadView = (typeof ReadView)[keyof typeof ReadView];

export interface Look {
  readonly view: ReadView;
  /** The thread, any thread of the process, the CPU or the `ClockId`. */
  readonly subject: number;
  /** Which `Cpustat`, where the view is of one only. */
  readonly slot: number;
}

/** What one pass of a reader looks at, one after the other. */
export interface ReadTarget {
  readonly looks: readonly Look[];
  /** with each look at a thread's CPU time also ask for the adjusted pair that /proc shows */
  readonly adjusted: boolean;
  /** whether any of the looks takes a lock */
  readonly locks: boolean;
  readonly reader: 'linux' | 'complete';
}

/** A call of a function on other CPUs. */
export interface CallSpec {
  /** on which, the caller's own included; null: on all */
  readonly cpus: readonly number[] | null;
  /** whether the caller waits until the function has run on all of them */
  readonly wait: boolean;
  /** instead: on those that run another task of the workload at that moment, and wait (membarrier, private expedited) */
  readonly membarrier: boolean;
}

/** A POSIX timer as timer_create and timer_settime have it. */
export interface PosixTimerSpec {
  readonly clock: ClockId;
  /** its first expiry is an instant of that clock, and no distance */
  readonly absolute: boolean;
  /** It sends no signal, but ends a sleep of its task. */
  readonly wakes?: true;
}

/** The same for a timer that is a file. */
export interface TimerfdSpec extends PosixTimerSpec {
  /** a step of the wall clock ends a read of an absolute timer on CLOCK_REALTIME */
  readonly cancelOnSet: boolean;
  /** the HRTIMER softirq expires it, as it does timers of drivers */
  readonly soft: boolean;
}

/** A task as it stands when the machine boots, or a free member of a fork pool. */
export interface TaskSpec {
  readonly name: string;
  readonly declaration: number;
  readonly instance: number;
  /** false: a free record of a fork pool */
  readonly startsAtBoot: boolean;
  /** when it becomes runnable, after boot */
  readonly delay: Ns;
  readonly attributes: Attributes;
  /** a kernel thread: it never enters user mode */
  readonly kernel: boolean;
}

/** A process: a group of threads that share a `SignalStruct`. Who may ever be in it is known; who is, memory says. */
export interface ProcessSpec {
  readonly name: string;
  /** Its threads, records of fork pools among them; the first is its leader. */
  readonly threads: readonly TaskId[];
  /** Some thread of it waits for children; else nobody does, and the kernel reaps them (SIGCHLD ignored). */
  readonly waits: boolean;
  /** Times of threads that were dead when the machine booted. */
  readonly age: { readonly utime: Ns; readonly stime: Ns };
}

/** What a task does to the clocks. */
export const ClockStepKind = { Settime: 0, Setoffset: 1, Tai: 2, Frequency: 3, Clocksource: 4, Unbind: 5, UnbindDevice: 6 } as const;
export type ClockStepKind = (typeof ClockStepKind)[keyof typeof ClockStepKind];

export interface ClockStep {
  /** Instant of CLOCK_MONOTONIC. */
  readonly at: Ns;
  readonly kind: ClockStepKind;
  /** ns forward or back; seconds; parts per billion; a clock source, -1 for none; a CPU. */
  readonly value: number;
}

/** An object that tasks wait for; `parties` is how many a barrier needs. A pipe is two of them: its bytes, and its room. */
export interface SyncObjectSpec {
  readonly kind: 'mutex' | 'condition' | 'barrier' | 'semaphore' | 'pipe' | 'pipe room';
  readonly name: string;
  readonly parties: number;
}

/** A whole workload, as the kernel needs it. Record i of `tasks` is task `cpus + i`. */
export interface Workload {
  readonly tasks: readonly TaskSpec[];
  readonly processes: readonly ProcessSpec[];
  /** By place among `tasks`: whose thread each is. */
  readonly processOf: readonly ProcessId[];
  readonly attributes: readonly Attributes[];
  readonly reads: readonly ReadTarget[];
  /** first task and size of each declaration's fork pool; size 0 where nobody forks it */
  readonly forkPools: readonly { readonly first: TaskId; readonly size: number }[];
  /** kind and, for a barrier, the number of parties; index = object number in operations */
  readonly syncObjects: readonly SyncObjectSpec[];
  readonly sharedTimers: readonly string[];
  readonly posixTimers: readonly PosixTimerSpec[];
  readonly timerfds: readonly TimerfdSpec[];
  readonly calls: readonly CallSpec[];
  /** Changes of clocks, in the order of time. */
  readonly clockSteps: readonly ClockStep[];
  /** Whoever does them, and the watchdog's thread: no task of the workload. */
  readonly clockTasks: readonly TaskId[];
  /** The thread that takes clock sources out of use; `NONE` where none needs watching. */
  readonly kwatchdog: TaskId;
  /** by CPU, the thread that runs softirqs where an interrupt's way out may not; empty: there are none */
  readonly ksoftirqds: readonly TaskId[];
  /** what the kernel does by itself; row i has the kernel’s wheel timer i */
  readonly background: readonly BackgroundSpec[];
  /** the worker threads, by pool */
  readonly workers: readonly TaskId[];
  readonly user: User;
}

/** What of a workload is plain data and can be posted to a thread; each thread builds its own `user`. */
export type WorkloadData = Omit<Workload, 'user'>;
