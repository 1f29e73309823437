/**
 * A CPU that runs tasks and keeps their vtime records: user/kernel edges, switches between its own
 * task and the wanderer, and migrations of the wanderer to the other writer by message.
 *
 * Between events it promises its next one; while an event at x runs, its promise is x:
 *
 *      promise = x            stores stamped x, x + 1, ...            promise = next event
 *      |------------------------ event at x -------------------------|
 *
 * Raised a moment too early, before the stores, it would let a reader extrapolate the old version
 * over the edge that is about to be stored.
 */
import { MessageKind } from '../../../shared/structs/cpu.ts';
import { VtimeState } from '../../../shared/structs/task.ts';
import { sendCsd, takeAll } from '../../../shared/sync/call-queue.ts';
import { writeSeqcountBegin, writeSeqcountEnd } from '../../../shared/sync/seqcount.ts';
import { KTIME_MAX, NOBODY, type CpuId, type Ns } from '../../../shared/units.ts';
import { loadHorizon, plus, raiseNextInteracting, raisePromise, type Horizon } from './horizon.ts';
import { draw, IPI_DELAY, RING, SHORTEST_EDGE, SHORTEST_STAY, WANDERER, type FreeViews } from './records.ts';

export interface WriterFaults {
  /** Times in one section, start and state in a second. */
  readonly tornWrite?: boolean;
  /** The promise of the next event is given before this one's stores. */
  readonly earlyPromise?: boolean;
  /** What others have promised is loaded again after the messages have been taken. */
  readonly lateLook?: boolean;
}

/** A stretch that a task ran in one mode: the machine's own log, from which the truth is taken. */
export type LogContext = (task: number, state: VtimeState, from: Ns, to: Ns) => void;

const { Inactive, Sys, User } = VtimeState;

export class Writer {
  readonly cpu: CpuId;
  sent = 0;
  received = 0;
  /** Versions stamped before the promise that stood when they were stored: rule 1 broken. */
  brokenPromises = 0;
  /** Messages that were due before this CPU's promise when they were taken: it had gone too far. */
  lateMessages = 0;
  private readonly views: FreeViews;
  private readonly faults: WriterFaults;
  private readonly end: Ns;
  private readonly log: LogContext;
  private readonly horizon: Horizon = { until: 0, others: 0, quiet: 0 };
  private curr: number;
  private since: Ns = 0;
  private nextEdge: Ns = 0;
  private edges = 0;
  /** When the wanderer leaves; KTIME_MAX while it is not here. */
  private leaveAt: Ns = KTIME_MAX;
  private arrivalDue: Ns = KTIME_MAX;

  constructor(cpu: CpuId, views: FreeViews, end: Ns, faults: WriterFaults, log: LogContext) {
    this.cpu = cpu;
    this.views = views;
    this.end = end;
    this.faults = faults;
    this.log = log;
    this.curr = cpu;
  }

  /** The first version of what runs here, at instant 1; CPU 0 has the wanderer. */
  boot(): void {
    const { memory, vtimes } = this.views;
    memory.handOver(vtimes[this.cpu]!.base, this.cpu);
    if (this.cpu === 0) memory.handOver(vtimes[WANDERER]!.base, 0);
    this.switchIn(this.cpu, 1);
    this.nextEdge = 1 + this.edgeLength();
    if (this.cpu === 0) this.stay(1);
    else this.promiseNoSending();
    raisePromise(this.views, this.cpu, this.nextEvent());
  }

  /** One turn: runs the next event if the rules let it. False: nothing to do but wait. */
  turn(): boolean {
    loadHorizon(this.views, this.cpu, this.horizon);
    this.takeMessages();
    if (this.faults.lateLook) loadHorizon(this.views, this.cpu, this.horizon);
    if (this.leaveAt === KTIME_MAX) this.promiseNoSending();
    const next = this.nextEvent();
    const interacting = next === this.leaveAt;
    raisePromise(this.views, this.cpu, Math.min(next, this.horizon.until));
    if (interacting ? this.horizon.others < next - IPI_DELAY : next >= this.horizon.until) return false;
    raisePromise(this.views, this.cpu, next);
    this.runEvent(next);
    if (!this.faults.earlyPromise) raisePromise(this.views, this.cpu, Math.min(this.nextEvent(), this.horizon.until));
    return true;
  }

  get done(): boolean {
    return this.nextEvent() >= this.end && this.arrivalDue === KTIME_MAX;
  }

  private nextEvent(): Ns {
    return Math.min(this.nextEdge, this.leaveAt, this.arrivalDue);
  }

  private runEvent(now: Ns): void {
    if (now === this.leaveAt) return this.leave(now);
    if (now === this.arrivalDue) return this.arrive(now);
    this.edges += 1;
    this.nextEdge = now + this.edgeLength();
    if (this.faults.earlyPromise) raisePromise(this.views, this.cpu, this.nextEvent());
    const switches = this.leaveAt !== KTIME_MAX && draw(this.cpu + 20, this.edges, 4) === 0;
    if (switches) this.switchTo(this.curr === this.cpu ? WANDERER : this.cpu, now);
    else this.flip(now);
  }

  private takeMessages(): void {
    takeAll(this.views.memory, this.views.map.machine, this.cpu, (_kind, _origin, _a, _b, due) => {
      this.received += 1;
      if (due < this.views.participants[this.cpu]!.promise) this.lateMessages += 1;
      this.arrivalDue = due;
    });
  }

  /** Into the kernel, or back out of it. */
  private flip(now: Ns): void {
    const vtime = this.views.vtimes[this.curr]!;
    this.store(this.curr, vtime.state === User ? Sys : User, now);
  }

  private switchTo(task: number, now: Ns): void {
    this.store(this.curr, Inactive, now);
    this.switchIn(task, now);
  }

  private switchIn(task: number, now: Ns): void {
    this.curr = task;
    this.since = now;
    this.store(task, Sys, now);
  }

  private stay(now: Ns): void {
    const leaveAt = now + SHORTEST_STAY + draw(this.cpu + 30, this.edges, 60_000);
    this.leaveAt = leaveAt < this.end - 2 * SHORTEST_STAY ? leaveAt : KTIME_MAX - 1;
    raiseNextInteracting(this.views, this.cpu, this.leaveAt);
  }

  /** The wanderer goes. What this CPU sends next, it sends after the wanderer has come back and stayed. */
  private leave(now: Ns): void {
    if (this.curr === WANDERER) this.switchTo(this.cpu, now);
    const { memory, map, vtimes } = this.views;
    const to = 1 - this.cpu;
    this.leaveAt = KTIME_MAX;
    this.sent += 1;
    memory.handOver(vtimes[WANDERER]!.base, to);
    sendCsd(memory, map.machine, this.cpu, to, MessageKind.Reschedule, WANDERER, 0, now + IPI_DELAY, this.sent, this.edges, () => {});
    raiseNextInteracting(this.views, this.cpu, now + 2 * (IPI_DELAY + SHORTEST_STAY));
  }

  private arrive(now: Ns): void {
    this.arrivalDue = KTIME_MAX;
    this.stay(now);
    this.switchTo(WANDERER, now);
  }

  /** Without the wanderer this CPU sends only after the other has sent it here and it has stayed. */
  private promiseNoSending(): void {
    if (this.arrivalDue !== KTIME_MAX) return;
    raiseNextInteracting(this.views, this.cpu, plus(this.horizon.quiet, IPI_DELAY + SHORTEST_STAY));
  }

  private edgeLength(): Ns {
    return SHORTEST_EDGE + draw(this.cpu, this.edges, 2_600);
  }

  /** Publishes a version at `now`: the elapsed time goes to the mode that ends, the new mode begins. */
  private store(task: number, state: VtimeState, now: Ns): void {
    const vtime = this.views.vtimes[task]!;
    const { memory } = this.views;
    const old = vtime.state;
    if (old !== Inactive) this.log(task, old, this.since, now);
    if (now < this.views.participants[this.cpu]!.promise) this.brokenPromises += 1;
    writeSeqcountBegin(memory, vtime.seq);
    if (old === User) vtime.utime += now - vtime.starttime;
    if (old === Sys) vtime.stime += now - vtime.starttime;
    if (this.faults.tornWrite) {
      writeSeqcountEnd(memory, vtime.seq);
      writeSeqcountBegin(memory, vtime.seq);
    }
    vtime.starttime = now;
    vtime.cpu = state === Inactive ? NOBODY : this.cpu;
    vtime.state = state;
    this.logVersion(task, state, now);
    writeSeqcountEnd(memory, vtime.seq);
    this.since = now;
  }

  /** Inside the section, so that whoever finds the count even finds the version in the ring. */
  private logVersion(task: number, state: VtimeState, now: Ns): void {
    const vtime = this.views.vtimes[task]!;
    const ring = this.views.rings[task]!;
    const version = (this.views.memory.load(vtime.seq) + 1) >> 1;
    const slot = version % RING;
    ring.setStamp(slot, now);
    ring.setState(slot, state);
    ring.setCpu(slot, vtime.cpu);
    ring.setUtime(slot, vtime.utime);
    ring.setStime(slot, vtime.stime);
    ring.setNumber(slot, version);
  }
}
