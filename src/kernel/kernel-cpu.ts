/**
 * One CPU of the kernel: its own records, its hardware, its decisions. Kernel operations are
 * functions over this object; what another CPU may see of it lies in shared memory, and what is a
 * plain field here belongs to this CPU's thread alone.
 */
import type { Memory } from '../../shared/memory/memory.ts';
import type {
  ClockEventDevice, CpuState, IdleSleep, Kcpustat, Rq, TickSched,
} from '../../shared/structs/cpu.ts';
import type { CpuAccountingData, Irqtime, StealTime } from '../../shared/structs/cputime.ts';
import type { Hrtimer, HrtimerCpuBase } from '../../shared/structs/hrtimer.ts';
import type { MessageKind } from '../../shared/structs/cpu.ts';
import { KTIME_MAX, NONE, type CpuId, type Jiffies, type Ns, type TaskId, type TimerId } from '../../shared/units.ts';
import type { Arch } from './arch.ts';
import type { KernelConfig } from './config.ts';
import type { Decisions } from './decisions.ts';
import type { KernelImage } from './image.ts';
import { newReadPasses, RETRY_BUCKETS, type ReadPasses } from './locking/read-passes.ts';
import { CpuidleDevice } from './sched/cpuidle.ts';
import { newIdleTimes, type IdleTimes } from './time/idle-sleep.ts';
import type { CputimeAccounting } from './sched/cputime-accounting.ts';
import { CPUTIME_ACCOUNTING } from './sched/cputime-flavours.ts';
import type { AdjustedCputime } from './sched/cputime-adjust.ts';
import { newTaskCputime, type TaskCputime } from './sched/cputime-read.ts';
import { newKcpustatSample, type KcpustatSample } from './sched/kcpustat-read.ts';
import { newGroupCputime, type GroupCputime } from './sched/thread-group.ts';
import { FAIR_CLASSES } from './sched/fair-classes.ts';
import type { FairClass } from './sched/fair.ts';
import { newChildTimes, type ChildTimes } from './sys.ts';
import { wheelShape, type WheelShape } from './time/timer-wheel.ts';
import type { ClockOffsets } from './time/timekeeping.ts';
import type { Op } from './user.ts';

/** What an hrtimer calls; true: it moved its expiry forward and wants to be queued again. */
export type HrtimerCallback = (cpu: KernelCpu, timer: Hrtimer, id: TimerId) => boolean;

/** What another CPU can have called here. */
export type SmpCallback = (cpu: KernelCpu, data: number) => void;
/** What an interrupt leaves for its way out; undefined: whoever raises it must bring one. */
export type SoftirqAction = ((cpu: KernelCpu) => void) | undefined;

/** What a wheel timer calls, with what the timer is for. */
export type TimerCallback = (cpu: KernelCpu, data: number) => void;

/** The functions that lie above whoever calls them: by `SmpFunction`, `SoftirqVec`, `IrqWork`, `TimerFunction`. */
export interface Callbacks {
  readonly smp: readonly SmpCallback[];
  readonly softirqs: readonly SoftirqAction[];
  readonly irqWorks: readonly ((cpu: KernelCpu) => void)[];
  readonly timers: readonly TimerCallback[];
}

export const NO_CALLBACKS: Callbacks = { smp: [], softirqs: [], irqWorks: [], timers: [] };

/** `KernelCpu.hears`: of every message, of its timer and its step. */
export const ALL_EARS = -1;

/** What a CPU shall run while all others stand still. */
export interface StopRequest {
  /** By `StopFunction`. */
  readonly functions: readonly ((cpu: KernelCpu, arg: number) => void)[];
  readonly fn: number;
  readonly arg: number;
}

/** A call that has arrived: `a` the function or task, `b` its argument. */
export interface IncomingCall {
  readonly kind: MessageKind;
  readonly origin: CpuId;
  readonly a: number;
  readonly b: number;
  /** The sender's own count. */
  readonly n: number;
}

/** More than any event has fields. */
export const FIELDS_MAX = 32;

/** Times of a process by which its CPU timers count. @linux include/linux/sched/types.h struct task_cputime */
export interface CputimerTimes {
  utime: Ns;
  stime: Ns;
  runtime: Ns;
}

/** What a CPU knows of RCU; the CPU's own. @linux kernel/rcu/tree.h struct rcu_data */
export interface RcuData {
  /** Who runs grace periods; -1: nobody, and nothing waits. */
  readonly gpThread: TaskId;
  /** The periods that it knows to have begun, and to have ended. */
  started: number;
  completed: number;
  /** It has still to be seen in the one under way, and has been since. */
  owes: boolean;
  seen: boolean;
  /** What waits to be freed: not yet for any period, for the end of `waitsFor`, and for that of `readyFor`, which comes after it. */
  fresh: number;
  waiting: number;
  waitsFor: number;
  ready: number;
  readyFor: number;
}

/** No CPU idles for longer on average, as far as anybody wants to know. @linux kernel/sched/sched.h max_idle_balance_cost, twice */
export const MAX_AVG_IDLE: Ns = 1_000_000;

export class KernelCpu {
  readonly id: CpuId;
  readonly image: KernelImage;
  readonly memory: Memory;
  readonly config: KernelConfig;
  readonly arch: Arch;
  readonly decisions: Decisions;
  /** By `HrtimerFunction`; filled at boot, because the functions live above the timers. */
  readonly hrtimerFunctions: readonly HrtimerCallback[];
  readonly callbacks: Callbacks;
  /** Whether a task that leaves this CPU is charged all that is pending. */
  readonly chargesLeavers: boolean;
  /** Whether tasks' vtime records have their form of 2013. */
  readonly vtimeOf2013: boolean;
  /** What each edge does for its CPU time. */
  readonly accounting: CputimeAccounting;
  /** The fair class of this kernel version. */
  readonly fair: FairClass;
  readonly wheel: WheelShape;

  readonly state: CpuState;
  readonly rq: Rq;
  readonly kcpustat: Kcpustat;
  readonly irqtime: Irqtime;
  readonly cpuAccounting: CpuAccountingData;
  readonly stealTime: StealTime;
  readonly lapic: ClockEventDevice;
  readonly tick: TickSched;
  readonly idleSleep: IdleSleep;
  readonly hrtimers: HrtimerCpuBase;

  /** Scratch for `User.next`, so that asking allocates nothing. */
  readonly op: Op = { kind: 0, a: 0, b: 0, c: 0, event: -1 };
  /** Scratch for events of more than six fields. */
  readonly fields = new Float64Array(FIELDS_MAX);
  /** Scratch for a look at the clocks. */
  readonly clockOffsets: ClockOffsets = { clockWasSetSeq: -1, real: 0, boot: 0, tai: 0 };
  /** Scratch for a look at a task's CPU time. */
  readonly cputime: TaskCputime = newTaskCputime();
  /** Scratch for how often the look under way was begun anew. */
  readonly passes: ReadPasses = newReadPasses();
  /** Looks that this CPU made, by how often a writer overtook them. */
  readonly readRetries = new Float64Array(RETRY_BUCKETS);
  /** Scratch for a look at how long a CPU has slept. */
  readonly idleTimes: IdleTimes = newIdleTimes();
  /** Scratch for a look at a process's CPU time. */
  readonly groupCputime: GroupCputime = newGroupCputime();
  /** Scratch for a look at the times of a process's children. */
  readonly childTimes: ChildTimes = newChildTimes();
  /** Scratch for a look at a CPU's accounts. */
  readonly kcpustatSample: KcpustatSample = newKcpustatSample();
  readonly kcpustatSlot = new Float64Array(1);
  /** Scratch for a look at the clock of a process's CPU timers. */
  readonly cputimer: CputimerTimes = { utime: 0, stime: 0, runtime: 0 };
  readonly adjusted: AdjustedCputime = { rtime: 0, utime: 0, stime: 0, turn: 0 };
  /** When the running task's present stretch ends; KTIME_MAX when the CPU has nothing to run. */
  stepDue: Ns = KTIME_MAX;
  /** When that stretch began; KTIME_MAX while the task does not run. */
  stretchStart: Ns = KTIME_MAX;
  /** Its idle states; undefined without a driver. */
  readonly cpuidle: CpuidleDevice | undefined;
  /** From the entry into idle to what the event device is armed for. */
  untilNextEvent: Ns = 0;
  /** Whether the CPU has halted, and no interrupt has been served since. */
  idling = false;
  /** Whether the CPU was idle when the balancing softirq was raised. @linux kernel/sched/sched.h rq.idle_balance */
  idleBalance = false;
  /** What a kick asked of that softirq. @linux kernel/sched/sched.h rq.nohz_idle_balance */
  nohzIdleBalance = 0;
  /** When it went idle; KTIME_MAX while it is not. @linux kernel/sched/sched.h rq.idle_stamp */
  idleStamp: Ns = KTIME_MAX;
  /** How long it idles at a time, on average. @linux kernel/sched/sched.h rq.avg_idle */
  avgIdle: Ns = MAX_AVG_IDLE;
  /** Whether it looks after the load of those without a tick at its next tick. @linux kernel/sched/sched.h NOHZ_NEWILB_KICK */
  newIdleKick = false;
  readonly rcu: RcuData;
  /** Whether the interrupt being handled came in user mode. */
  interruptedUser = false;
  /** The function, plus 1, that this CPU has called on others and waits for; 0: it waits for nobody. */
  waitsForCalls = 0;
  /** The only kind of message that reaches this CPU between its events, or `ALL_EARS`. */
  hears: number = ALL_EARS;
  /** How far this CPU has come in a stop of the machine: a `MultiStopState`. */
  stopState = 0;
  /** Whether its stopper has been woken. */
  stopPending = false;
  /** What this CPU has asked for and not yet run: its caller waits. */
  stopRequest: StopRequest | undefined = undefined;
  /** How often it was about to stop its tick with softirqs pending. */
  softirqReports = 0;
  /** Scratch for a set of CPUs, a byte each. */
  readonly callMask: Uint8Array;
  /** How many reasons mask interrupts; 1 at every entry, since the hardware masks them there. */
  irqsOff = 1;
  /** Whether this CPU times its interrupts; it learns at one of their edges that it is not to any more. */
  irqtimeOn = false;
  /** Time of interrupts, and of softirqs, that a planted fault has still to charge. */
  readonly irqBacklog = new Float64Array(2);
  /** The running task is on its way to user mode, and its signal handlers run before. */
  signalDue = false;
  /** The running task is on its way to user mode, and looks after its CPU timers before. */
  workDue = false;
  /** Depth of entries: 2 and more while an interrupt runs inside another event (a cut). */
  depth = 0;
  /** What the clock showed when the running event began. */
  eventStart: Ns = 0;
  /** Up to which instant a reader in an interrupt looks; KTIME_MAX: up to now. */
  looksUntil: Ns = KTIME_MAX;
  /** The boot code of this CPU has run; its idle task may be preempted. */
  booted = false;
  /** Boot CPU: how far its boot has come, and the jiffy that it waits for before it goes on. */
  bootStage = 0;
  bootWaitsFor: Jiffies = 0;

  constructor(
    id: CpuId, image: KernelImage, config: KernelConfig, arch: Arch, decisions: Decisions,
    hrtimerFunctions: readonly HrtimerCallback[], callbacks: Callbacks = NO_CALLBACKS,
  ) {
    this.id = id;
    this.image = image;
    this.memory = image.memory;
    this.config = config;
    this.arch = arch;
    this.decisions = decisions;
    this.hrtimerFunctions = hrtimerFunctions;
    this.callbacks = callbacks;
    this.callMask = new Uint8Array(image.map.shape.cpus);
    this.chargesLeavers = config.cputime[id] === 'gen-exact';
    this.vtimeOf2013 = config.cputime.includes('gen-2013');
    this.accounting = CPUTIME_ACCOUNTING[config.cputime[id]!];
    this.fair = FAIR_CLASSES[config.version.fairClass];
    this.wheel = wheelShape(config.hz);
    this.cpuidle = config.cpuidle === null ? undefined : new CpuidleDevice(config.cpuidle);
    this.rcu = newRcuData(config.workload.background.find(({ timer }) => timer === 'grace_period')?.task ?? NONE);
    this.state = image.cpus[id]!;
    this.rq = image.rqs[id]!;
    this.kcpustat = image.kcpustats[id]!;
    this.irqtime = image.irqtimes[id]!;
    this.cpuAccounting = image.cpuAccountings[id]!;
    this.stealTime = image.stealTimes[id]!;
    this.lapic = image.clockEvents[id]!;
    this.tick = image.tickScheds[id]!;
    this.idleSleep = image.idleSleeps[id]!;
    this.hrtimers = image.hrtimerBases[id]!;
  }

  /** The running task. */
  get curr(): TaskId {
    return this.rq.curr;
  }

  /** The task that runs when no other can. */
  get idle(): TaskId {
    return this.id as number;
  }
}

const newRcuData = (gpThread: TaskId): RcuData =>
  ({ gpThread, started: 0, completed: 0, owes: false, seen: false, fresh: 0, waiting: 0, waitsFor: 0, ready: 0, readyFor: 0 });
