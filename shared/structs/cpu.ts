import { anyWriter, long, longs, seqcount, spinlock, struct, unguarded, word, words, type ViewOf } from '../memory/struct.ts';
import type { CpuId, Jiffies, Ns, TaskId, Word } from '../units.ts';

/** Softirq numbers. @linux include/linux/interrupt.h HI_SOFTIRQ and friends */
export const SoftirqVec = {
  Hi: 0, Timer: 1, NetTx: 2, NetRx: 3, Block: 4, IrqPoll: 5, Tasklet: 6, Sched: 7, Hrtimer: 8, Rcu: 9,
} as const;
export type SoftirqVec = (typeof SoftirqVec)[keyof typeof SoftirqVec];
export const NR_SOFTIRQS = 10;

/** Works that run in an interrupt a little later. */
export const IrqWork = {
  /** a CPU without a tick looks whether it needs one. @linux kernel/time/tick-sched.c nohz_full_kick_work */
  NohzFullKick: 0,
  /** lazy: whoever reads the kernel's log is woken. @linux kernel/printk/printk.c wake_up_klogd_work */
  WakeUpKlogd: 1,
} as const;
export type IrqWork = (typeof IrqWork)[keyof typeof IrqWork];
export const NR_IRQ_WORKS = 2;

/** Where a CPU stands in the nesting of interrupts, and what it has counted. */
export const CpuState = struct(
  'cpu',
  {
    online: word('1 once the CPU takes part'),
    preemptCount: word('depth of preempt-off, softirq and hardirq, in Linux’s bit fields'),
    needResched: word('the scheduler wants to run on the way out'),
    localTimerIrqs: word('row LOC of /proc/interrupts'),
    rescheduleIrqs: word('row RES'),
    callFunctionIrqs: word('row CAL'),
    irqWorkIrqs: word('row IWI'),
    deviceIrqs: word('interrupt line 0: the global event device'),
    softirqPending: word('one bit a softirq'),
    softirqs: words(NR_SOFTIRQS, 'runs of each softirq'),
    irqWorkFlags: anyWriter(words(NR_IRQ_WORKS, 'of each irq_work: 1 pending, 2 busy')),
    irqWorkRaised: anyWriter(word('one bit an irq_work that waits for this CPU’s interrupt to itself')),
    irqWorkLazy: anyWriter(word('the same of those that wait for its tick')),
    csdBusy: anyWriter(word('one bit a function: a call of it to this CPU for which nobody waits is under way')),
  },
  { writer: 'owning cpu' },
);
export type CpuState = ViewOf<typeof CpuState>;

/** A CPU's run queue. @linux kernel/sched/sched.h struct rq */
export const Rq = struct(
  'rq',
  {
    lock: spinlock('guards the queue'),
    curr: word<TaskId>('the running task; any CPU reads it without the lock'),
    nrRunning: word('runnable tasks, the running one included; any CPU reads it without the lock'),
    ttwuPending: anyWriter(word('wake-ups under way to this CPU: it counts as busy')),
    head: word<TaskId>('first of the runnable tasks that wait'),
    nrSwitches: word('context switches'),
    nextBalance: anyWriter(long<Jiffies>('when the balancing softirq is due; an idle CPU’s may be served by another')),
    lastBalance: anyWriter(long<Jiffies>('when this CPU was balanced last')),
    balanceInterval: anyWriter(word('ms between two balances of an idle CPU: doubles while nothing can be moved')),
    nohzTickStopped: unguarded(word('1 while this CPU counts as idle for balancing: from its tick’s stop to its first tick after')),
    nohzFlags: anyWriter(word('`NohzFlag`s: what the kick under way to this CPU shall do')),
    hasBlockedLoad: anyWriter(word('1: load that slept here has still to decay')),
    loadSum: anyWriter(word('how much this CPU has run lately, in us that halve every 32 ms')),
    loadContrib: anyWriter(word('us of the present period of 1024 us that are over')),
    loadAt: anyWriter(long<Ns>('when the sum was brought up to date')),
    nrIowait: anyWriter(word('tasks that sleep in I/O wait and slept on this CPU; a waker anywhere takes one off')),
    calcLoadActive: anyWriter(long('runnable tasks as it was counted last for the load average, by itself or by whoever does its tick')),
    calcLoadUpdate: unguarded(long<Jiffies>('when it counts them again')),
    clock: anyWriter(long<Ns>('sched_clock() at the last update, by whoever holds the lock')),
    clockTask: anyWriter(long<Ns>('the same clock, but standing still in interrupts, where their time is known: tasks’ run time')),
    prevStealTimeRq: anyWriter(long<Ns>('stolen time that it has left out')),
    prevStealTime: unguarded(long<Ns>('stolen time that has been charged')),
    prevIrqTime: anyWriter(long<Ns>('time of interrupts that this clock has left out')),
    minVruntime: long<Ns>('floor of the fair class’s vruntime'),
    cpuTime: long<Ns>('run time of all tasks that have run here, as of the last switch'),
    runDelay: long<Ns>('how long they had waited before'),
    pcount: word('how often a task came to run here'),
  },
  { writer: 'owning cpu', lock: 'lock' },
);
export type Rq = ViewOf<typeof Rq>;

/** Slots of kcpustat, in Linux’s order. @linux include/linux/kernel_stat.h enum cpu_usage_stat */
export const Cpustat = {
  User: 0, Nice: 1, System: 2, Softirq: 3, Irq: 4, Idle: 5, Iowait: 6, Steal: 7, Guest: 8, GuestNice: 9,
} as const;
export const NR_CPUSTAT = 10;

/** Charged CPU time of one CPU. @linux include/linux/kernel_stat.h struct kernel_cpustat */
export const Kcpustat = struct(
  'kcpustat',
  { cpustat: longs<Ns>(NR_CPUSTAT, 'ns charged to each slot') },
  { writer: 'owning cpu' },
);
export type Kcpustat = ViewOf<typeof Kcpustat>;

/** States of a clock event device. @linux include/linux/clockchips.h enum clock_event_state */
export const ClockEventState = { Detached: 0, Shutdown: 1, Periodic: 2, Oneshot: 3, OneshotStopped: 4 } as const;
export type ClockEventState = (typeof ClockEventState)[keyof typeof ClockEventState];

/** Which function a device's interrupt calls. @linux include/linux/clockchips.h event_handler */
export const TickHandler = { Noop: 0, Periodic: 1, Hrtimer: 2, NohzLowres: 3 } as const;
export type TickHandler = (typeof TickHandler)[keyof typeof TickHandler];

/** What a device can do. @linux include/linux/clockchips.h CLOCK_EVT_FEAT_PERIODIC and friends */
export const ClockEventFeature = {
  Periodic: 1, Oneshot: 2, Ktime: 4, C3stop: 8, Dummy: 0x10, Dynirq: 0x20, Percpu: 0x40, Hrtimer: 0x80,
} as const;

/** `ClockEventDevice.name`: which driver's device it is. */
export const ClockEventName = { pit: 1, hpet: 2, lapic: 3, 'lapic-deadline': 4, arch_sys_timer: 5, dummy_timer: 6 } as const;
export type ClockEventName = (typeof ClockEventName)[keyof typeof ClockEventName];

/** Every CPU: the mask of a device that belongs to none. */
export const ALL_CPUS: CpuId = -1;

/** One clock event device: a CPU's own, or one of the global ones. @linux include/linux/clockchips.h struct clock_event_device */
export const ClockEventDevice = struct(
  'clock_event_device',
  {
    name: word('which driver’s it is (a `ClockEventName`); 0: there is none'),
    features: word('what it can do (`ClockEventFeature`s)'),
    rating: word('the higher the better'),
    cpumask: word<CpuId>('the CPU that it serves; -1: any one'),
    irq: word('its interrupt line; -1: a vector of its CPU'),
    state: word<ClockEventState>('what the core has switched it to'),
    released: word('1: another device has taken its place, and it has not been offered again yet'),
    handler: word<TickHandler>('what its interrupt calls'),
    mult: word('ns to device ticks: (ns * mult) >> shift, unsigned'),
    shift: word('see mult'),
    minTicks: long('fewest ticks that it can be programmed with'),
    maxTicks: long('most ticks'),
    nextEvent: long<Ns>('instant it is programmed for; kept while it is shut down'),
    nextEventForced: word('1: it is programmed with the least distance, for an instant that had passed'),
    clamped: word('1: it is programmed with the greatest distance, for an instant beyond it'),
    minDeltaNs: long<Ns>('least distance of an event'),
    maxDeltaNs: long<Ns>('greatest distance of an event'),
    retries: long('events that had to be forced with the minimum distance'),
    nrProgrammed: long('times it was programmed'),
    nrForced: long('of these, with the least distance because the instant had passed'),
    nrClamped: long('of these, with the greatest distance because the instant was beyond it'),
    nrFired: long('its interrupts'),
    nrEarly: long('of these, before the instant it was wanted for'),
    nrSpurious: long('of these, with nobody to call'),
  },
  { writer: 'owning cpu' },
);
export type ClockEventDevice = ViewOf<typeof ClockEventDevice>;

/** The device that drives this CPU's tick, and the tick's own state. @linux kernel/time/tick-sched.h struct tick_sched */
export const TickSched = struct(
  'tick_sched',
  {
    device: word('the tick device (a `DeviceId`): 0 none, 1 the CPU’s own, 2 PIT, 3 HPET'),
    mode: word('0 periodic, 1 one-shot'),
    checkClocks: anyWriter(word('the tick must look whether it can switch to one-shot: 1, a device has come; 2, the clock source changed')),
    highres: word('1 after the switch to high resolution'),
    lastTickJiffies: long<Jiffies>('jiffies at this CPU’s last tick'),
    stalledJiffies: word('ticks of this CPU in a row that saw jiffies stand still'),
    ticks: long('ticks taken'),
    flags: word('`TickFlag`s'),
    gotIdleTick: word('1: a tick came while in the idle loop'),
    lastTick: long<Ns>('when the tick would have come, had it not been stopped: the phase to go on with'),
    nextTick: long<Ns>('what the stopped tick is programmed for; 0 after it came'),
    idleJiffies: long<Jiffies>('jiffies when the tick was stopped, and one more for each tick since'),
    idleCalls: long('attempts to stop the tick'),
    idleSleeps: long('attempts that did, or found it stopped'),
    idleWaketime: long<Ns>('last interrupt while the tick was stopped'),
    idleExittime: long<Ns>('last restart'),
    idleExpires: long<Ns>('when the last stop was to end'),
    lastJiffies: long<Jiffies>('jiffies at the last look for the next event'),
    timerExpiresBase: long<Ns>('instant of that jiffy; 0 once the look has been used'),
    timerExpires: long<Ns>('what the look found: when this CPU must wake; 0: keep the tick'),
    nextTimer: long<Ns>('the first timer of the wheel that it found'),
  },
  { writer: 'owning cpu' },
);
export type TickSched = ViewOf<typeof TickSched>;

/** `TickSched.flags`. @linux kernel/time/tick-sched.h TS_FLAG_INIDLE and friends */
export const TickFlag = { Inidle: 1, Stopped: 2, DoTimerLast: 8, Nohz: 0x10, Highres: 0x20 } as const;

/**
 * How long a CPU has slept. Its own CPU writes, any other may read: whoever sees the new sum with the old
 * entry counts a sleep twice.
 * @linux kernel/time/tick-sched.h tick_sched.idle_sleeptime
 */
export const IdleSleep = struct(
  'idle_sleep',
  {
    seq: seqcount('odd while a sleep begins or ends'),
    active: word('1 while it sleeps; 0 while an interrupt is handled'),
    entrytime: long<Ns>('when the present or last sleep began'),
    sleeptime: long<Ns>('sum of all sleeps that are over'),
    iowaitSleeptime: long<Ns>('the same of those in which a task waited for I/O here'),
  },
  { writer: 'owning cpu', seqcount: 'seq' },
);
export type IdleSleep = ViewOf<typeof IdleSleep>;

/** `Rq.nohzFlags`. @linux kernel/sched/sched.h NOHZ_BALANCE_KICK and friends */
export const NohzFlag = { Balance: 1, Stats: 2, Next: 8 } as const;

/** A participant's incoming messages: the list that others push to and the bell they ring. */
export const CallQueue = struct(
  'call_single_queue',
  {
    head: word<Word>('newest record, 0 when empty: push by cas, take all by exchange'),
    bell: word('rung (incremented) by whoever finds the list empty'),
    asleep: word('1 while the owner sleeps on the bell'),
    starved: word('1 while the owner waits for a slot of its own pool: whoever frees one rings'),
  },
  { writer: 'any cpu' },
);
export type CallQueue = ViewOf<typeof CallQueue>;

/** What a message asks for. */
export const MessageKind = {
  /** wake a task on the receiver, which is idle (counted as CAL, as x86 does) */
  CallFunctionSingle: 0,
  /** put a task on the receiver's busy run queue (counted as RES) */
  Reschedule: 1,
  /** interrupt line 0: a global event device, a = its `DeviceId` */
  DeviceIrq: 2,
  /** to the coordinator: program a global event device */
  ProgramDevice: 3,
  /** to a CPU that has not run yet: start (x86's INIT-SIPI) */
  BringUp: 4,
  /** call function a with argument b; the sender waits until it has been called (a carries `CALL_BY_MASK` besides) */
  CallFunctionSync: 5,
  /** the same, and the sender goes on at once */
  CallFunctionMany: 6,
  /** the same for a function that has one record a receiver, whoever sends */
  CallFunctionAsync: 7,
  /** to a sender that waits: its calls have been made. No interrupt: it sees its records unlocked */
  CallsDone: 8,
  /** run irq_work a, which the sender has claimed */
  IrqWork: 9,
  /** look at the page of stop-machine; a = the state that made somebody send */
  StopMachine: 10,
  /** a CPU's interrupt to itself: run its irq_works */
  IrqWorkSelf: 11,
  /** a task of the receiver has got a signal: a (counted as RES) */
  Signal: 12,
  /** to the coordinator: look at CPU time for reader task a from now on, as its registers say */
  StartReader: 13,
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** One message: a fixed-width record of the sender's pool. @linux include/linux/smp_types.h struct __call_single_node */
export const Csd = struct(
  'csd',
  {
    locked: word('1 from the claim by the sender until the receiver has copied it'),
    next: word<Word>('older record in the list, 0 at the end'),
    kind: word<MessageKind>('what is asked'),
    origin: word<CpuId>('sender'),
    a: long('first argument'),
    b: long('second argument'),
    due: long<Ns>('instant at which it arrives'),
    n: long('the sender’s own count'),
    cause: long('count of the sender’s event that sent it'),
  },
  { writer: 'any cpu' },
);
export type Csd = ViewOf<typeof Csd>;
