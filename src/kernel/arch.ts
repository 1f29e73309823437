/**
 * The second door: one CPU's hardware, as the kernel sees it. Named after Linux's arch/: what the
 * machine must provide. The machine calls the kernel back at four entries only (`KernelCpu`): timer
 * interrupt, IPI interrupt, device interrupt, step.
 */
import type { Mode } from '../../shared/events.ts';
import type { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import type { MessageKind } from '../../shared/structs/cpu.ts';
import type { CpuId, Cycles, Ns, TaskId } from '../../shared/units.ts';

/** A stretch of kernel code that takes time. What each costs stands in `src/machine/costs.ts`. */
export const Path = {
  IrqEntry: 0,
  IrqExit: 1,
  Tick: 2,
  HrtimerExpire: 3,
  ProgramEvent: 4,
  SyscallEntry: 5,
  SyscallExit: 6,
  Syscall: 7,
  ContextSwitch: 8,
  WakeUp: 9,
  SendIpi: 10,
  Softirq: 11,
  ReadCputime: 12,
  Fork: 13,
  /** user instructions between two system calls */
  UserGap: 14,
  BringUp: 15,
  TimerExpire: 16,
  /** an idle CPU's look for its next event, and what it tells the others */
  IdleCall: 17,
  /** the way out of it: jiffies, wheel, the tick's timer */
  TickRestart: 18,
  MultiCpuStop: 19,
  /** a register of a device that is far from the processor */
  ReadHpet: 20,
  ReadAcpiPm: 21,
  /** a signal handler, from the kernel to user mode and back */
  Signal: 22,
  /** the kernel's way into a guest: once more after each interrupt that ends a stretch of it */
  GuestEntry: 23,
  /** what the kernel has left to a task on its way to user mode: CPU timers that are due */
  TaskWork: 24,
} as const;
export type Path = (typeof Path)[keyof typeof Path];

/** What kind of device an event device register set is. */
export const DeviceMode = { Shutdown: 0, Periodic: 1, Oneshot: 2 } as const;
export type DeviceMode = (typeof DeviceMode)[keyof typeof DeviceMode];

const MODE_BITS = 2;
/** A device and a mode in one number. @dynticks the message that programs a global device has room for two */
export const deviceCommand = (device: number, mode: DeviceMode): number => (device << MODE_BITS) | mode;
/** @dynticks see deviceCommand */
export const deviceOfCommand = (command: number): number => command >> MODE_BITS;
/** @dynticks see deviceCommand */
export const modeOfCommand = (command: number): DeviceMode => (command & ((1 << MODE_BITS) - 1)) as DeviceMode;

export interface Arch {
  readonly cpu: CpuId;

  /** This CPU's clock, what sched_clock() returns. It stands still but for `spend` and lock stamps. */
  schedClock(): Ns;
  /** Another CPU's clock as this one may use it: min(own clock, that CPU's promise). @linux kernel/sched/clock.c sched_clock_cpu */
  schedClockCpu(cpu: CpuId): Ns;
  /** Up to where `cpu` has promised to have done everything. Infinite (KTIME_MAX) on one thread. */
  promiseOf(cpu: CpuId): Ns;
  /** The instant before which every other CPU has done everything. */
  promiseOfAll(): Ns;
  /** Lets the time pass that a path takes. */
  spend(path: Path): void;
  /** What `spend` would let pass, at least 1 ns. */
  costOf(path: Path): Ns;
  /** A lock's release stamp: the clock goes on at max(now, stamp). */
  advanceTo(stamp: Ns): void;

  /** The free-running hardware counter behind a clock source, as this CPU reads it; what it showed at `until`, if that is over. */
  readCounter(source: ClocksourceId, until: Ns): Cycles;
  /** Local event device: mode, and for periodic mode the period in device ticks. */
  setEventMode(mode: DeviceMode, periodTicks: Cycles): void;
  /** Arms the local device `ticks` (of lapic-deadline: cycles of the tsc) from now. False: that moment has passed already (-ETIME). */
  setNextEvent(ticks: Cycles): boolean;

  /** Puts a message on another participant's list; it arrives one IPI delay later. */
  send(to: CpuId, kind: MessageKind, a: number, b: number): void;

  /**
   * Called only inside a planted fault, where it does its harm: an engine whose CPUs race may pause here
   * for some of the host's time, so that others come in between. It takes no simulated time.
   */
  linger(): void;

  /** The stack switches to another task: an instruction, so the machine's log of contexts knows. */
  switchTo(task: TaskId): void;
  /** The privilege level or interrupt level changes. */
  setMode(mode: Mode): void;
  /** What it is now. */
  readonly mode: Mode;

  /** Records an event with the fields of its schema (`shared/events.ts`), at most two. */
  trace(id: number, a: number, b?: number): void;
  /** The same for schemas of three to six fields. */
  trace6(id: number, a: number, b: number, c: number, d?: number, e?: number, f?: number): void;
  /** The same for schemas of more fields: they lie in an array. */
  traceFields(id: number, fields: Float64Array): void;
}
