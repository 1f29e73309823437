/**
 * The kernel's data, seen through one thread's memory: a view of every record. Built once a thread;
 * the inline engine's CPUs share one.
 */
import { GLOBAL_DEVICES, type MachineMap } from '../../shared/machine-map.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { viewsOf } from '../../shared/memory/memory-map.ts';
import {
  ClockEventDevice, CpuState, IdleSleep, Kcpustat, Rq, TickSched,
} from '../../shared/structs/cpu.ts';
import { CpuAccountingData, Irqtime, StealTime } from '../../shared/structs/cputime.ts';
import { Hrtimer, HrtimerCpuBase } from '../../shared/structs/hrtimer.ts';
import { JiffiesPage, LoadPage, NohzPage, SharedTimer, SyncObject, SystemPage } from '../../shared/structs/global.ts';
import { PosixCputimers } from '../../shared/structs/posix-cpu-timers.ts';
import { PosixTimer, Signals, TimerFd } from '../../shared/structs/signal.ts';
import { StopPage, type CallFunctionData } from '../../shared/structs/smp.ts';
import { SignalStruct } from '../../shared/structs/process.ts';
import { RcuPage } from '../../shared/structs/rcu.ts';
import { KERNEL_TIMERS, NR_TIMER_BASES, TimerBase, TimerList, type KernelTimer } from '../../shared/structs/timer.ts';
import { Work, WorkerPool } from '../../shared/structs/workqueue.ts';
import { PrevCputime, Task, UserRegs, Vtime } from '../../shared/structs/task.ts';
import {
  ClocksourcePage, ClocksourceState, NR_CLOCKSOURCES, ShadowTimekeeper, Timekeeper, TkFast,
} from '../../shared/structs/timekeeper.ts';
import type { CpuId, ProcessId, TaskId, TimerId } from '../../shared/units.ts';

export class KernelImage {
  readonly memory: Memory;
  readonly map: MachineMap;
  readonly jiffies: JiffiesPage;
  readonly timekeeper: Timekeeper;
  readonly shadowTimekeeper: ShadowTimekeeper;
  readonly tkFastMono: TkFast;
  readonly tkFastRaw: TkFast;
  readonly clocksourcePage: ClocksourcePage;
  readonly clocksources: readonly ClocksourceState[];
  readonly system: SystemPage;
  readonly nohz: NohzPage;
  readonly load: LoadPage;
  readonly cpus: readonly CpuState[];
  readonly rqs: readonly Rq[];
  readonly kcpustats: readonly Kcpustat[];
  readonly irqtimes: readonly Irqtime[];
  readonly cpuAccountings: readonly CpuAccountingData[];
  readonly stealTimes: readonly StealTime[];
  readonly clockEvents: readonly ClockEventDevice[];
  /** PIT, HPET. */
  readonly globalDevices: readonly ClockEventDevice[];
  readonly tickScheds: readonly TickSched[];
  readonly idleSleeps: readonly IdleSleep[];
  readonly hrtimerBases: readonly HrtimerCpuBase[];
  readonly calls: readonly CallFunctionData[];
  readonly stop: StopPage;
  readonly rcu: RcuPage;
  readonly tasks: readonly Task[];
  readonly vtimes: readonly Vtime[];
  /** One for each task, then one for each process. */
  readonly prevCputimes: readonly PrevCputime[];
  readonly regs: readonly UserRegs[];
  readonly timers: readonly Hrtimer[];
  readonly syncObjects: readonly SyncObject[];
  readonly sharedTimers: readonly SharedTimer[];
  readonly signals: readonly Signals[];
  readonly posixTimers: readonly PosixTimer[];
  readonly timerfds: readonly TimerFd[];
  /** `NR_TIMER_BASES` for each CPU. */
  readonly timerBases: readonly TimerBase[];
  readonly timerLists: readonly TimerList[];
  readonly workerPools: readonly WorkerPool[];
  /** One for each row of the background. */
  readonly works: readonly Work[];
  readonly signalStructs: readonly SignalStruct[];
  /** By process. */
  readonly posixCputimers: readonly PosixCputimers[];

  constructor(memory: Memory, map: MachineMap) {
    const { at, shape } = map;
    this.memory = memory;
    this.map = map;
    this.jiffies = JiffiesPage.view(memory, at.jiffies);
    this.timekeeper = Timekeeper.view(memory, at.timekeeper);
    this.shadowTimekeeper = ShadowTimekeeper.view(memory, at.shadowTimekeeper);
    this.tkFastMono = TkFast.view(memory, at.tkFast);
    this.tkFastRaw = TkFast.view(memory, at.tkFast + TkFast.bytes);
    this.clocksourcePage = ClocksourcePage.view(memory, at.clocksourcePage);
    this.clocksources = viewsOf(ClocksourceState, memory, at.clocksource, NR_CLOCKSOURCES);
    this.system = SystemPage.view(memory, at.system);
    this.nohz = NohzPage.view(memory, at.nohz);
    this.load = LoadPage.view(memory, at.loadavg);
    this.cpus = viewsOf(CpuState, memory, at.cpu, shape.cpus);
    this.rqs = viewsOf(Rq, memory, at.rq, shape.cpus);
    this.kcpustats = viewsOf(Kcpustat, memory, at.kcpustat, shape.cpus);
    this.irqtimes = viewsOf(Irqtime, memory, at.irqtime, shape.cpus);
    this.cpuAccountings = viewsOf(CpuAccountingData, memory, at.cpuAccounting, shape.cpus);
    this.stealTimes = viewsOf(StealTime, memory, at.stealTime, shape.cpus);
    this.globalDevices = viewsOf(ClockEventDevice, memory, at.globalDevice, GLOBAL_DEVICES);
    this.clockEvents = viewsOf(ClockEventDevice, memory, at.clockEvent, shape.cpus);
    this.tickScheds = viewsOf(TickSched, memory, at.tickSched, shape.cpus);
    this.idleSleeps = viewsOf(IdleSleep, memory, at.idleSleep, shape.cpus);
    this.hrtimerBases = viewsOf(HrtimerCpuBase, memory, at.hrtimerBase, shape.cpus);
    this.calls = viewsOf(map.callsLayout, memory, at.callFunctionData, shape.cpus);
    this.stop = StopPage.view(memory, at.stop);
    this.rcu = RcuPage.view(memory, at.rcu);
    this.tasks = viewsOf(Task, memory, at.task, shape.tasks);
    this.vtimes = viewsOf(Vtime, memory, at.vtime, shape.tasks);
    this.prevCputimes = viewsOf(PrevCputime, memory, at.prevCputime, shape.tasks + shape.processes);
    this.regs = viewsOf(UserRegs, memory, at.userRegs, shape.tasks);
    this.timers = viewsOf(Hrtimer, memory, at.hrtimer, map.timers);
    this.syncObjects = viewsOf(SyncObject, memory, at.syncObject, Math.max(1, shape.syncObjects));
    this.signals = viewsOf(Signals, memory, at.signals, shape.tasks);
    this.posixTimers = viewsOf(PosixTimer, memory, at.posixTimer, shape.posixTimers);
    this.timerfds = viewsOf(TimerFd, memory, at.timerfd, shape.timerfds);
    this.sharedTimers = viewsOf(SharedTimer, memory, at.sharedTimer, Math.max(1, shape.sharedTimers));
    this.timerBases = viewsOf(TimerBase, memory, at.timerBase, NR_TIMER_BASES * shape.cpus);
    this.timerLists = viewsOf(TimerList, memory, at.timerList, map.wheelTimers);
    this.workerPools = viewsOf(WorkerPool, memory, at.workerPool, Math.max(1, shape.workers));
    this.works = viewsOf(Work, memory, at.work, Math.max(1, shape.background));
    this.posixCputimers = viewsOf(PosixCputimers, memory, at.posixCputimers, Math.max(1, shape.processes));
    this.signalStructs = viewsOf(SignalStruct, memory, at.signalStruct, Math.max(1, shape.processes));
  }
}

/** The tick of a CPU. @linux kernel/time/tick-sched.h tick_sched.sched_timer */
export const schedTimerOf = (cpu: CpuId): TimerId => cpu as number;
/** The timer that ends a task's sleep. @linux include/linux/hrtimer.h hrtimer_sleeper.timer */
export const sleepTimerOf = (image: KernelImage, task: TaskId): TimerId => image.map.shape.cpus + task;
/** The timer that replenishes a task's deadline budget. @linux include/linux/sched.h sched_dl_entity.dl_timer */
export const deadlineTimerOf = (image: KernelImage, task: TaskId): TimerId =>
  image.map.shape.cpus + image.map.shape.tasks + task;

/** A task's ITIMER_REAL. @linux include/linux/sched/signal.h signal_struct.real_timer */
export const itimerOf = ({ map: { shape } }: KernelImage, task: TaskId): TimerId => shape.cpus + 2 * shape.tasks + task;
/** The timer of a CPU's soft lockup detector. @linux kernel/watchdog.c watchdog_hrtimer */
export const watchdogTimerOf = ({ map: { shape } }: KernelImage, cpu: CpuId): TimerId => shape.cpus + 3 * shape.tasks + cpu;
/** The hrtimer of a POSIX timer. @linux include/linux/posix-timers.h k_itimer.it */
export const posixTimerOf = ({ map: { shape } }: KernelImage, index: number): TimerId => 2 * shape.cpus + 3 * shape.tasks + index;
/** The hrtimer of a timer that is a file. @linux fs/timerfd.c timerfd_ctx.t */
export const timerfdTimerOf = (image: KernelImage, index: number): TimerId => posixTimerOf(image, image.map.shape.posixTimers) + index;

/** The wheel timer that a task sleeps on, by number among the wheel's timers. @linux kernel/time/sleep_timeout.c process_timer */
export const timeoutTimerOf = (task: TaskId): number => task;
/** One of the kernel's own wheel timers. @linux include/linux/timer.h DEFINE_TIMER */
export const kernelTimerOf = (image: KernelImage, timer: KernelTimer): number => image.map.shape.tasks + timer;
/** The wheel timer of a row of the background. @linux include/linux/workqueue.h delayed_work.timer */
export const backgroundTimerOf = (image: KernelImage, row: number): number => image.map.shape.tasks + KERNEL_TIMERS + row;

/** The filter of a process. @linux include/linux/sched/signal.h signal_struct.prev_cputime */
export const groupFilterOf = ({ map: { shape } }: KernelImage, process: ProcessId): number => shape.tasks + process;

/**
 * Everything that travels with a task belongs to `to` from now on.
 * Whoever calls it holds the task: it was never started, or it arrived by a wake-up message.
 * @dynticks Linux has one memory and no owners of records
 */
export function handOverTask(image: KernelImage, task: TaskId, to: CpuId): void {
  const { memory } = image;
  memory.handOver(image.tasks[task]!.base, to);
  memory.handOver(image.vtimes[task]!.base, to);
  memory.handOver(image.regs[task]!.base, to);
  memory.handOver(image.signals[task]!.base, to);
}
