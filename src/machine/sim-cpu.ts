/**
 * The hardware of one simulated CPU: what the kernel knows as `Arch`, and what calls the kernel at
 * its four entries. It also keeps the log of what the CPU is really doing, which no part of the
 * kernel's own accounting can falsify.
 */
import { Event, EventClass, Mode } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { ClocksourceId } from '../../shared/structs/timekeeper.ts';
import type { MessageKind } from '../../shared/structs/cpu.ts';
import { isCall } from '../../shared/structs/smp.ts';
import { KTIME_MAX, type CpuId, type Cycles, type Ns, type TaskId } from '../../shared/units.ts';
import { Path, type Arch, type DeviceMode } from '../kernel/arch.ts';
import { callInterrupt, deviceInterrupt, ipiInterrupt, step, timerInterrupt } from '../kernel/entries.ts';
import { kindOfStep, kindOfTimerInterrupt } from '../kernel/event-kind.ts';
import { ALL_EARS, type KernelCpu } from '../kernel/kernel-cpu.ts';
import type { DeviceId } from '../kernel/time/clockevents.ts';
import { hasProcessor, stealRecordRestarts, theftBegins, theftEnds } from '../kernel/steal.ts';
import { stepsQuietUntil } from '../kernel/lookahead.ts';
import { look } from '../kernel/reads/look.ts';
import { countersOf, type CounterSpec, type HardwareCounter } from './counters.ts';
import { Hypervisor, type Thefts } from './hypervisor.ts';
import type { Message } from './inbox.ts';
import { LocalApic } from './local-apic.ts';
import { Participant, type Board } from './participant.ts';

/** From the end of the first event that reaches `at` until so long after `at`, the CPU hears of nothing; null: each CPU. */
export interface Stall {
  readonly at: Ns;
  readonly cpu: CpuId | null;
  readonly forNs: Ns;
}

/** How fast this CPU's clocks run and how long its code takes. */
export interface CpuHardware {
  /** What its event device counts with. */
  readonly eventDeviceHz: number;
  /** It compares the tsc with a deadline, so it goes wrong with the tsc. */
  readonly followsTsc: boolean;
  /** The counters that clock sources read. */
  readonly counters: readonly CounterSpec[];
  /** In the order of time. */
  readonly stalls: readonly Stall[];
  readonly thefts: Thefts;
  /** By `Path`. */
  readonly costs: Float64Array;
}

export class SimCpu extends Participant implements Arch {
  /** Set once, right after construction: kernel and hardware know each other. */
  kernel!: KernelCpu;
  mode: Mode = Mode.Idle;

  private task: TaskId;
  private readonly lapic: LocalApic;
  private readonly hardware: CpuHardware;
  private readonly counters: readonly HardwareCounter[];
  private readonly stalls: readonly Stall[];
  private readonly hypervisor: Hypervisor;
  /** While the processor is taken away: until when, and what the CPU was doing; KTIME_MAX while it is not. */
  private stolenUntil: Ns = KTIME_MAX;
  private stolenMode: Mode = Mode.Idle;
  /** Number of the hypervisor's next event here. */
  private theftN = -1;
  /** How many of the stalls are over. */
  private stalled = 0;
  private stepN = 0;
  /** Scratch for the calls that one interrupt serves. */
  private readonly calls: Message[] = [];

  constructor(id: CpuId, board: Board, hardware: CpuHardware) {
    super(id, board);
    this.hardware = hardware;
    this.lapic = new LocalApic(hardware.eventDeviceHz);
    this.counters = countersOf(hardware.counters, id);
    this.stalls = hardware.stalls.filter(({ cpu }) => cpu === null || cpu === id);
    this.task = id as number;
    this.hypervisor = new Hypervisor(hardware.thefts, id);
    if (this.hypervisor.active) this.theftN = this.count++;
  }

  get cpu(): CpuId {
    return this.id;
  }

  /** The boot CPU is switched on: its first step is due at once. */
  powerOn(): void {
    this.kernel.stepDue = 0;
    this.plan();
  }

  override plan(): void {
    const { lapic } = this;
    this.planNothing();
    if (this.stolenUntil !== KTIME_MAX) {
      this.considerTheft(this.stolenUntil);
      return;
    }
    this.restUntilAwake();
    this.considerInbox(this.kernel.hears);
    if (this.kernel.hears !== ALL_EARS) return;
    this.consider(lapic.due, EventClass.Timer, this.id, lapic.n, lapic.causeOrigin, lapic.causeN);
    this.consider(this.kernel.stepDue, EventClass.Step, this.id, this.stepN, this.eventOrigin, this.eventN);
    if (this.hypervisor.active && hasProcessor(this.kernel)) this.planTheft();
  }

  /** The hypervisor acts before the next event, if that comes to pass in one of its windows; a halted CPU wants to run from then on. */
  private planTheft(): void {
    const { hypervisor, next } = this;
    const wanted = this.mode === Mode.Idle ? next.time : this.freeAt;
    this.considerTheft(hypervisor.begins(wanted));
    this.considerTheft(hypervisor.restartsAt);
  }

  private considerTheft(due: Ns): void {
    this.consider(due, EventClass.Device, this.id, this.theftN, -1, 0);
  }

  private get theftIsNext(): boolean {
    return this.next.class === EventClass.Device && this.next.origin === this.id;
  }

  /** What the hypervisor does now: it takes the processor, or gives it back, or begins a new record. */
  private hypervisorActs(): void {
    const { hypervisor, kernel } = this;
    this.theftN = this.count++;
    if (this.stolenUntil !== KTIME_MAX) return this.giveBack();
    if (hypervisor.restartsAt <= this.now) {
      hypervisor.restartDone();
      return stealRecordRestarts(kernel);
    }
    this.stolenUntil = hypervisor.ends;
    this.stolenMode = this.mode;
    this.setMode(Mode.Steal);
    theftBegins(kernel);
  }

  private giveBack(): void {
    this.stolenUntil = KTIME_MAX;
    this.setMode(this.stolenMode);
    theftEnds(this.kernel);
  }

  /** Out of an idle state it takes a while from whatever comes first to the first event. */
  private restUntilAwake(): void {
    const { idling, cpuidle, hears } = this.kernel;
    if (!idling || cpuidle === undefined || hears !== ALL_EARS) return;
    const first = Math.min(this.lapic.due, this.inbox.first(this.now)?.due ?? KTIME_MAX);
    if (first > this.now && first !== KTIME_MAX) this.freeAt = first + cpuidle.exitLatencyNs;
  }

  override kindOfNext(): EventKind {
    if (this.theftIsNext) return EventKind.Local;
    switch (this.next.class) {
      case EventClass.Step: return kindOfStep(this.kernel);
      case EventClass.Timer: return kindOfTimerInterrupt(this.kernel, this.next.time);
      default: return EventKind.Interacting;
    }
  }

  override quietUntil(quietest: EventKind, atMost: Ns): Ns {
    const { next, lapic, inbox } = this;
    // an interrupt may switch to another task, whose program is not looked into
    if (next.class !== EventClass.Step || next.time === KTIME_MAX) return next.time;
    const interrupt = Math.min(lapic.due, inbox.first(this.now)?.due ?? KTIME_MAX);
    return Math.min(interrupt, stepsQuietUntil(this.kernel, quietest, Math.min(interrupt, atMost)));
  }

  override nextIsOrdered(): boolean {
    if (this.theftIsNext) return false;
    return this.next.class !== EventClass.Step || kindOfStep(this.kernel) !== EventKind.Local;
  }

  override run(): void {
    const { kernel } = this;
    this.begin();
    // on its way out of an idle state it is not free yet
    if (this.kernel.idling && this.kernel.cpuidle !== undefined) this.lastEnd = Math.max(this.lastEnd, this.freeAt);
    if (this.theftIsNext) return this.runTheft();
    switch (this.next.class) {
      case EventClass.Timer: this.timerFires(); break;
      case EventClass.Step: step(kernel); break;
      default: this.messageArrives();
    }
    this.stepN = this.count++;
    this.stall();
    this.end();
  }

  /** Nothing of the CPU's own: its timer and its work are what they were. As every event it takes time, or the next were as early. */
  private runTheft(): void {
    this.hypervisorActs();
    this.now += 1;
    this.end();
  }

  /** The firmware takes the processor: what runs seems to run on, and no interrupt is heard. */
  private stall(): void {
    const { stalls } = this;
    for (; this.stalled < stalls.length && stalls[this.stalled]!.at <= this.now; this.stalled++) {
      const { at, forNs } = stalls[this.stalled]!;
      this.now = Math.max(this.now, at + forNs);
    }
  }

  private timerFires(): void {
    this.lapic.fire();
    if (this.lapic.periodic) this.nameArming();
    timerInterrupt(this.kernel);
  }

  private messageArrives(): void {
    const { calls, inbox } = this;
    const first = this.nextMessage();
    if (isCall(first.kind)) {
      inbox.takeCalls(this.next.time, calls);
      callInterrupt(this.kernel, calls, this.lastEnd);
      inbox.giveBack(calls);
      return;
    }
    const { kind, origin, a, n } = this.takeNextMessage();
    this.trace6(Event.csd_function_entry, origin, n, kind, this.lastEnd);
    if (this.next.class === EventClass.Device) deviceInterrupt(this.kernel, a as DeviceId);
    else ipiInterrupt(this.kernel, kind as MessageKind, a);
  }

  /** The run ends at `end`: the records that follow say what stands in memory then. */
  beginFinals(end: Ns): void {
    this.now = Math.max(this.now, end);
    this.trace6(Event.event, this.now, EventClass.End, this.id, this.count++, -1, 0);
    if (this.stolenUntil !== KTIME_MAX) this.giveBack();
  }

  /** An interrupt of this CPU's timer inside its running event (a cut). */
  interruptHere(): void {
    timerInterrupt(this.kernel);
  }

  /** How many looks one reading of the workload's `read` is. */
  looksOf(read: number): number {
    return this.kernel.config.workload.reads[read]!.looks.length;
  }

  /**
   * A reader of this CPU makes one of its looks while another CPU is inside an event (a cut), at this
   * CPU's clock or that one's, whichever is later. It is an event of its own; if it is thrown out
   * (where it would have to wait: it has changed nothing yet), it never was.
   */
  lookHere(by: TaskId, read: number, n: number, at: Ns): void {
    const { now, count, events, kernel } = this;
    const { irqsOff } = kernel;
    const { length } = this.stream;
    this.now = Math.max(now, at);
    this.events += 1;
    this.trace6(Event.event, this.now, EventClass.Step, this.id, this.count++, -1, 0);
    try {
      look(kernel, by, kernel.config.workload.reads[read]!, n);
      this.end();
    } catch (thrown) {
      this.now = now;
      this.count = count;
      this.events = events;
      this.stream.length = length;
      kernel.irqsOff = irqsOff;
      throw thrown;
    }
  }

  // what the kernel may ask of its hardware

  schedClock(): Ns {
    return this.now;
  }

  schedClockCpu(cpu: CpuId): Ns {
    return Math.min(this.now, this.promiseOf(cpu));
  }

  promiseOf(cpu: CpuId): Ns {
    return cpu === this.id ? KTIME_MAX : this.board.promiseOf(cpu);
  }

  promiseOfAll(): Ns {
    let least: Ns = KTIME_MAX;
    for (let cpu = 0; cpu < this.kernel.image.map.shape.cpus; cpu++) least = Math.min(least, this.promiseOf(cpu));
    return least;
  }

  spend(path: Path): void {
    this.now += this.hardware.costs[path]!;
  }

  costOf(path: Path): Ns {
    return this.hardware.costs[path]!;
  }

  advanceTo(stamp: Ns): void {
    if (stamp > this.now) this.now = stamp;
  }

  readCounter(source: ClocksourceId, until: Ns): Cycles {
    return this.counters[source]!.at(Math.min(this.now, until));
  }

  setEventMode(mode: DeviceMode, periodTicks: Cycles): void {
    this.lapic.setMode(mode, periodTicks, this.now);
    this.nameArming();
  }

  setNextEvent(ticks: Cycles): boolean {
    this.nameArming();
    const counter = this.hardware.followsTsc ? this.counters[ClocksourceId.Tsc] : undefined;
    if (counter === undefined || ticks <= 0) return this.lapic.arm(ticks, this.now);
    this.lapic.armIn(counter.spanOf(ticks, this.now), this.now);
    return true;
  }

  linger(): void {
    this.board.linger(this.id);
  }

  switchTo(task: TaskId): void {
    this.task = task;
    this.trace(Event.context, this.mode, task);
  }

  setMode(mode: Mode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    this.trace(Event.context, mode, this.task);
  }

  traceFields(id: number, fields: Float64Array): void {
    this.stream.appendFields(this, id, fields);
  }

  private nameArming(): void {
    this.lapic.n = this.count++;
    this.lapic.causeOrigin = this.eventOrigin;
    this.lapic.causeN = this.eventN;
  }
}
