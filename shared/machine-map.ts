/**
 * The memory of one whole machine: how many records of each kind, and where. Whoever maps the
 * memory (a test, the inline engine, a worker thread) computes the same map from the same shape.
 */
import { CSD_POOL, NR_CPUS_MAX, NR_TASKS_MAX } from './limits.ts';
import { assert } from './assert.ts';
import { MemoryMap } from './memory/memory-map.ts';
import { CpuAccountingData, Irqtime, StealTime } from './structs/cputime.ts';
import {
  CallQueue, ClockEventDevice, CpuState, Csd, IdleSleep, Kcpustat, Rq, TickSched,
} from './structs/cpu.ts';
import { Hrtimer, HrtimerCpuBase } from './structs/hrtimer.ts';
import { JiffiesPage, LoadPage, NohzPage, SharedTimer, SyncObject, SystemPage } from './structs/global.ts';
import { SignalStruct } from './structs/process.ts';
import { RcuPage } from './structs/rcu.ts';
import { PosixCputimers } from './structs/posix-cpu-timers.ts';
import { PosixTimer, Signals, TimerFd } from './structs/signal.ts';
import { StopPage, callFunctionData } from './structs/smp.ts';
import { Work, WorkerPool } from './structs/workqueue.ts';
import { KERNEL_TIMERS, NR_TIMER_BASES, TimerBase, TimerList } from './structs/timer.ts';
import { PrevCputime, Task, UserRegs, Vtime } from './structs/task.ts';
import {
  ClocksourcePage, ClocksourceState, NR_CLOCKSOURCES, ShadowTimekeeper, Timekeeper, TkFast,
} from './structs/timekeeper.ts';
import { Baton, Standing, StreamRing, WindowPage } from './structs/window.ts';

/** What decides the size of a machine's memory. */
export interface MachineShape {
  /** Simulated CPUs, 1 .. NR_CPUS_MAX. */
  readonly cpus: number;
  /** Task records, idle tasks (one a CPU, first) and fork pools included. */
  readonly tasks: number;
  /** Locks, conditions, barriers and semaphores of the workload. */
  readonly syncObjects: number;
  /** Timers that several tasks share. */
  readonly sharedTimers: number;
  /** Rows of the background: each has a timer of the wheel and a work. */
  readonly background?: number;
  /** Worker threads. */
  readonly workers?: number;
  /** POSIX timers of the workload, and timers that are files. */
  readonly posixTimers?: number;
  readonly timerfds?: number;
  /** Processes: groups of threads. */
  readonly processes?: number;
  /** Message slots of each sender. */
  readonly csdPool?: number;
}

/** Event devices that belong to no CPU: the PIT, then the HPET. They interrupt the boot CPU, which programs them. */
export const GLOBAL_DEVICES = 2;

export interface MachineMap {
  readonly shape: Required<MachineShape>;
  readonly map: MemoryMap;
  /**
   * hrtimers: a tick for each CPU, then for each task its sleeps, its deadline budget, its ITIMER_REAL, then for each
   * CPU its watchdog, then the POSIX timers, then those that are files.
   */
  readonly timers: number;
  /** Timers of the wheel: one for each task, then the kernel's own. */
  readonly wheelTimers: number;
  readonly callsLayout: ReturnType<typeof callFunctionData>;
  readonly at: {
    readonly jiffies: number;
    readonly timekeeper: number;
    readonly shadowTimekeeper: number;
    /** Of monotonic time, then of raw. */
    readonly tkFast: number;
    readonly clocksourcePage: number;
    readonly clocksource: number;
    readonly globalDevice: number;
    readonly cpu: number;
    readonly rq: number;
    readonly kcpustat: number;
    readonly clockEvent: number;
    readonly tickSched: number;
    readonly hrtimerBase: number;
    readonly task: number;
    readonly vtime: number;
    /** One for each task, then one for each process. */
    readonly prevCputime: number;
    readonly userRegs: number;
    readonly hrtimer: number;
    readonly syncObject: number;
    readonly sharedTimer: number;
    /** One queue for each CPU and one, the last, for the coordinator. */
    readonly callQueue: number;
    /** `csdPool` records for each sender, the coordinator last. */
    readonly csd: number;
    readonly callFunctionData: number;
    readonly stop: number;
    /** The threads engine's own: one standing and one ring for each participant, the coordinator last. */
    readonly standing: number;
    readonly window: number;
    readonly baton: number;
    readonly streamRing: number;
    readonly system: number;
    readonly idleSleep: number;
    readonly nohz: number;
    readonly loadavg: number;
    /** `NR_TIMER_BASES` for each CPU. */
    readonly timerBase: number;
    readonly timerList: number;
    readonly workerPool: number;
    readonly work: number;
    readonly signals: number;
    readonly posixTimer: number;
    readonly timerfd: number;
    readonly rcu: number;
    readonly signalStruct: number;
    readonly irqtime: number;
    readonly cpuAccounting: number;
    readonly stealTime: number;
    readonly posixCputimers: number;
  };
}

export function layOutMachine(asked: MachineShape): MachineMap {
  const shape = { csdPool: CSD_POOL, background: 0, workers: 0, posixTimers: 0, timerfds: 0, processes: 0, ...asked };
  const { cpus, tasks } = shape;
  assert(cpus >= 1 && cpus <= NR_CPUS_MAX, `${cpus} CPUs; the scenario checks this range`);
  assert(tasks >= cpus && tasks <= NR_TASKS_MAX, `${tasks} tasks; the scenario checks this range`);
  const timers = 2 * cpus + 3 * tasks + shape.posixTimers + shape.timerfds;
  const wheelTimers = tasks + KERNEL_TIMERS + shape.background;
  const map = new MemoryMap();
  const own = (index: number) => index;
  const idleOwn = (task: number) => (task < cpus ? task : -1);
  const callsLayout = callFunctionData(cpus);
  const at = {
    jiffies: map.place(JiffiesPage, 1),
    timekeeper: map.place(Timekeeper, 1),
    globalDevice: map.place(ClockEventDevice, GLOBAL_DEVICES, () => 0),
    shadowTimekeeper: map.place(ShadowTimekeeper, 1),
    tkFast: map.place(TkFast, 2),
    clocksourcePage: map.place(ClocksourcePage, 1),
    clocksource: map.place(ClocksourceState, NR_CLOCKSOURCES),
    cpu: map.place(CpuState, cpus, own),
    rq: map.place(Rq, cpus, own),
    kcpustat: map.place(Kcpustat, cpus, own),
    clockEvent: map.place(ClockEventDevice, cpus, own),
    tickSched: map.place(TickSched, cpus, own),
    hrtimerBase: map.place(HrtimerCpuBase, cpus, own),
    task: map.place(Task, tasks, idleOwn),
    vtime: map.place(Vtime, tasks, idleOwn),
    prevCputime: map.place(PrevCputime, tasks + shape.processes),
    userRegs: map.place(UserRegs, tasks, idleOwn),
    hrtimer: map.place(Hrtimer, timers, (t) => (t < cpus ? t : -1)),
    syncObject: map.place(SyncObject, Math.max(1, shape.syncObjects)),
    sharedTimer: map.place(SharedTimer, Math.max(1, shape.sharedTimers)),
    callQueue: map.place(CallQueue, cpus + 1),
    csd: map.place(Csd, (cpus + 1) * shape.csdPool),
    standing: map.place(Standing, cpus + 1, own),
    window: map.place(WindowPage, 1),
    baton: map.place(Baton, 1),
    streamRing: map.place(StreamRing, cpus + 1, own),
    system: map.place(SystemPage, 1),
    idleSleep: map.place(IdleSleep, cpus, own),
    nohz: map.place(NohzPage, 1),
    loadavg: map.place(LoadPage, 1),
    callFunctionData: map.place(callsLayout, cpus),
    stop: map.place(StopPage, 1),
    timerBase: map.place(TimerBase, NR_TIMER_BASES * cpus),
    timerList: map.place(TimerList, wheelTimers),
    workerPool: map.place(WorkerPool, Math.max(1, shape.workers)),
    work: map.place(Work, Math.max(1, shape.background)),
    signals: map.place(Signals, tasks, idleOwn),
    posixTimer: map.place(PosixTimer, Math.max(1, shape.posixTimers)),
    timerfd: map.place(TimerFd, Math.max(1, shape.timerfds)),
    rcu: map.place(RcuPage, 1),
    signalStruct: map.place(SignalStruct, Math.max(1, shape.processes)),
    irqtime: map.place(Irqtime, cpus, own),
    cpuAccounting: map.place(CpuAccountingData, cpus, own),
    stealTime: map.place(StealTime, cpus, own),
    posixCputimers: map.place(PosixCputimers, Math.max(1, shape.processes)),
  };
  return { shape, map, timers, wheelTimers, callsLayout, at };
}
