/** One CPU's hardware for tests of the kernel alone: a clock that the test sets, and a record of what the kernel did. */
import { EVENT_ARITY, EVENTS, Mode, type EventName } from '../../shared/events.ts';
import { layOutMachine } from '../../shared/machine-map.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import type { MessageKind } from '../../shared/structs/cpu.ts';
import { Policy } from '../../shared/structs/task.ts';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import { KTIME_MAX, type CpuId, type Cycles, type Ns, type TaskId } from '../../shared/units.ts';
import type { Arch, DeviceMode, Path } from '../../src/kernel/arch.ts';
import type { KernelConfig } from '../../src/kernel/config.ts';
import type { BackgroundSpec } from '../../src/kernel/background.ts';
import { CALLBACKS } from '../../src/kernel/callbacks.ts';
import { asLinux, type Decisions } from '../../src/kernel/decisions.ts';
import { KernelImage } from '../../src/kernel/image.ts';
import { KernelCpu, type HrtimerCallback, type TimerCallback } from '../../src/kernel/kernel-cpu.ts';
import { balanceInit } from '../../src/kernel/sched/balance.ts';
import { schedInit } from '../../src/kernel/sched/core.ts';
import { loadInit } from '../../src/kernel/sched/loadavg.ts';
import { setAttributesOfNewTask } from '../../src/kernel/sched/syscalls.ts';
import { dlTaskTimer } from '../../src/kernel/sched/deadline.ts';
import { hrtimersCpuStarting } from '../../src/kernel/time/hrtimer.ts';
import { initTimers } from '../../src/kernel/time/timer-base.ts';
import { clocksourceTable, type ClocksourceSpec } from '../../src/kernel/time/clocksource.ts';
import { clocksourceInit } from '../../src/kernel/time/clocksource-list.ts';
import { clocksourceDoneBooting, clocksourceRegister } from '../../src/kernel/time/clocksource-register.ts';
import { timekeepingInit } from '../../src/kernel/time/timekeeping-update.ts';
import type { Attributes, Workload } from '../../src/kernel/user.ts';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.ts';

export interface Sent {
  readonly to: CpuId;
  readonly kind: MessageKind;
  readonly a: number;
  readonly b: number;
}
export interface Traced {
  readonly name: string;
  readonly fields: readonly number[];
}

export class FakeArch implements Arch {
  readonly cpu: CpuId;
  clock: Ns = 0;
  /** What every path costs. */
  cost: Ns = 0;
  mode: Mode = Mode.System;
  readonly sent: Sent[] = [];
  readonly traced: Traced[] = [];
  readonly spent: Path[] = [];
  readonly switches: TaskId[] = [];
  /** What the event device was armed with, and which modes it was given with which period. */
  readonly armed: Cycles[] = [];
  readonly modes: { readonly mode: DeviceMode; readonly periodTicks: Cycles }[] = [];
  /** Whether the device takes an event: false is "too late". */
  onArm: (ticks: Cycles) => boolean = () => true;
  /** What the hardware counter shows; the clock itself unless the test says otherwise. */
  counter: (source: ClocksourceId) => Cycles = () => this.clock as number;
  /** Called where a planted fault does its harm. */
  onLinger: () => void = () => undefined;
  /** Called when the stack switches, to look at memory in the middle of it. */
  onSwitch: (task: TaskId) => void = () => undefined;

  constructor(cpu: CpuId) {
    this.cpu = cpu;
  }

  schedClock(): Ns {
    return this.clock;
  }
  schedClockCpu(): Ns {
    return this.clock;
  }
  promiseOfAll(): Ns {
    return this.promiseOf();
  }
  promiseOf(): Ns {
    return KTIME_MAX;
  }
  spend(path: Path): void {
    this.spent.push(path);
    this.clock += this.cost;
  }
  costOf(): Ns {
    return this.cost;
  }
  advanceTo(stamp: Ns): void {
    this.clock = Math.max(this.clock, stamp);
  }
  readCounter(source: ClocksourceId, until: Ns): Cycles {
    const { clock } = this;
    this.clock = Math.min(clock, until);
    const shown = this.counter(source);
    this.clock = clock;
    return shown;
  }
  setEventMode(mode: DeviceMode, periodTicks: Cycles): void {
    this.modes.push({ mode, periodTicks });
  }
  setNextEvent(ticks: Cycles): boolean {
    this.armed.push(ticks);
    return this.onArm(ticks);
  }
  send(to: CpuId, kind: MessageKind, a: number, b: number): void {
    this.sent.push({ to, kind, a, b });
  }
  linger(): void {
    this.onLinger();
  }
  switchTo(task: TaskId): void {
    this.switches.push(task);
    this.onSwitch(task);
  }
  setMode(mode: Mode): void {
    this.mode = mode;
  }
  trace(id: number, ...fields: number[]): void {
    this.traced.push({ name: EVENTS[id]!.name, fields });
  }
  trace6(id: number, ...fields: number[]): void {
    this.trace(id, ...fields);
  }
  traceFields(id: number, fields: Float64Array): void {
    this.traced.push({ name: EVENTS[id]!.name, fields: [...fields.subarray(0, EVENT_ARITY[id]!)] });
  }

  /** Fields of all records of one event, oldest first. */
  fieldsOf(name: EventName): (readonly number[])[] {
    return this.traced.filter((row) => row.name === name).map((row) => row.fields);
  }
}

/** Attributes of an ordinary task, but for what is given. */
export function attributesOf(given: Partial<Attributes> = {}): Attributes {
  return { policy: Policy.Other, nice: 0, rtPriority: 0, dlRuntime: 0, dlDeadline: 0, dlPeriod: 0, cpus: null, ...given };
}

const NO_WORKLOAD: Workload = {
  tasks: [], processes: [], processOf: [], attributes: [], reads: [], forkPools: [], syncObjects: [], sharedTimers: [],
  posixTimers: [], timerfds: [], calls: [], ksoftirqds: [], clockSteps: [], clockTasks: [], kwatchdog: -1, background: [], workers: [],
  user: { next: () => { throw new Error('no programs here'); }, quietFor: () => { throw new Error('no programs here'); } },
};

export const FAKE_CONFIG: KernelConfig = {
  version: KERNEL_VERSIONS[0]!, hz: 250, tickNs: 4_000_000, highres: true, nohz: false, nohzFull: false, isolated: [],
  cpuidle: null, tickless: [], tickOff: [], stealClock: false,
  skewTick: false, clocksource: null, tsc: null, clocksWander: false, epochSec: 0, clocksources: [],
  nolapicTimer: false, timerMigration: true, profile: false,
  clockevents: { local: 'lapic', alwaysOn: false, oneshot: true, global: ['hpet'], hpetHz: 14_318_180 },
  tscHz: 1_000_000_000, lapicHz: 1_000_000_000, cputime: [], workload: NO_WORKLOAD,
};

/** Each task a process of its own. */
function alone(cpus: number, tasks: number): Pick<Workload, 'processes' | 'processOf'> {
  const numbers = Array.from({ length: tasks }, (_, i) => i);
  const age = { utime: 0, stime: 0 };
  return { processes: numbers.map((i) => ({ name: `p${i}`, threads: [cpus + i], waits: false, age })), processOf: numbers };
}

const neverCalled = (): boolean => { throw new Error('this timer is not part of the test'); };

/** What a test wants otherwise than an ordinary machine has it. */
export interface FakeOptions {
  /** Of the one counter that it has. */
  readonly tscHz?: number;
  /** In its place: what it has; none of them is registered. */
  readonly sources?: readonly ClocksourceSpec[];
  readonly config?: Partial<KernelConfig>;
  /** By `HrtimerFunction`. */
  readonly functions?: readonly HrtimerCallback[];
  /** By `TimerFunction`. */
  readonly timers?: readonly TimerCallback[];
  readonly decisions?: Partial<Decisions>;
  readonly syncObjects?: number;
  readonly sharedTimers?: number;
  readonly background?: readonly BackgroundSpec[];
  readonly workers?: readonly TaskId[];
  readonly ksoftirqds?: readonly TaskId[];
}

/** A machine of guarded memory and fake hardware, its schedulers initialised, its tasks new with the given attributes. */
export class FakeMachine {
  readonly memory: PlainMemory;
  readonly image: KernelImage;
  readonly archs: readonly FakeArch[];
  readonly cpus: readonly KernelCpu[];
  /** The first task that is not an idle one. */
  readonly first: TaskId;

  private readonly options: FakeOptions;
  private readonly processes: Pick<Workload, 'processes' | 'processOf'>;

  constructor(cpus: number, tasks: readonly Attributes[], options: FakeOptions = {}) {
    const { syncObjects = 0, sharedTimers = 0, background = [], workers = [] } = options;
    const map = layOutMachine({
      cpus, tasks: cpus + tasks.length, syncObjects, sharedTimers, background: background.length, workers: workers.length,
      processes: tasks.length,
    });
    this.options = options;
    this.processes = alone(cpus, tasks.length);
    this.memory = new PlainMemory(map.map);
    this.image = new KernelImage(this.memory, map);
    this.first = cpus;
    this.archs = Array.from({ length: cpus }, (_, c) => new FakeArch(c));
    this.cpus = this.archs.map((_, c) => this.kernelOf(c));
    tasks.forEach((attributes, i) => setAttributesOfNewTask(this.image, cpus + i, attributes));
    this.cpus.forEach((cpu) => this.as(cpu.id, () => this.start(cpu)));
  }

  /** One more kernel object of a CPU over the same memory and hardware. */
  kernelOf(cpu: CpuId): KernelCpu {
    const { config, functions = [neverCalled, neverCalled, dlTaskTimer], timers = CALLBACKS.timers, decisions } = this.options;
    const { tscHz = 1_000_000_000, sources, background = [], workers = [], ksoftirqds = [] } = this.options;
    const asked = config?.workload ?? { ...NO_WORKLOAD, background, workers, ksoftirqds };
    const workload = asked.processes.length > 0 ? asked : { ...asked, ...this.processes };
    const ofTsc = [{ id: ClocksourceId.Tsc, hz: tscHz, trusted: true }];
    const clocksources = clocksourceTable(sources ?? ofTsc, config?.tickNs ?? FAKE_CONFIG.tickNs);
    const whole = { ...FAKE_CONFIG, clocksources, cputime: this.archs.map(() => 'tick' as const), ...config, workload };
    return new KernelCpu(cpu, this.image, whole, this.archs[cpu]!, { ...asLinux, ...decisions }, functions, { ...CALLBACKS, timers });
  }

  /** Does something as that CPU: the guards of memory judge each store. */
  as<T>(cpu: CpuId, what: (cpu: KernelCpu) => T): T {
    this.memory.runAs(cpu, EventKind.Interacting);
    return what(this.cpus[cpu]!);
  }

  /** Task number `i` of those that the test declared. */
  task(i: number): KernelImage['tasks'][number] {
    return this.image.tasks[this.first + i]!;
  }

  setClock(now: Ns): void {
    for (const arch of this.archs) arch.clock = now;
  }

  private start(cpu: KernelCpu): void {
    schedInit(cpu);
    balanceInit(cpu);
    loadInit(cpu);
    cpu.accounting.initIdle(cpu);
    hrtimersCpuStarting(cpu);
    if (cpu.id !== 0) return;
    // one that is alone stops the machine without asking anybody
    cpu.state.online = 1;
    initTimers(cpu);
    clocksourceInit(cpu);
    timekeepingInit(cpu);
    clocksourceDoneBooting(cpu);
    clocksourceRegister(cpu, ClocksourceId.Jiffies);
    if (this.options.sources === undefined) clocksourceRegister(cpu, ClocksourceId.Tsc);
  }
}
