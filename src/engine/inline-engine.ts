/**
 * The inline engine: every CPU in one thread. It runs the event with the smallest key, whole, and
 * then looks again; so a run is a function of the scenario and its seed, byte for byte.
 */
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { KernelBug } from '../../shared/assert.ts';
import { layOutMachine } from '../../shared/machine-map.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import type { Memory } from '../../shared/memory/memory.ts';
import { ObservedMemory } from '../../shared/memory/observed-memory.ts';
import { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { KTIME_MAX, NOBODY, type CpuId, type Ns, type TaskId } from '../../shared/units.ts';
import { traceFinals } from '../kernel/finals.ts';
import { KernelImage } from '../kernel/image.ts';
import { Coordinator } from '../machine/coordinator.ts';
import { breakGuards, decisionsWith } from '../machine/faults.ts';
import type { Board, Participant } from '../machine/participant.ts';
import type { SimCpu } from '../machine/sim-cpu.ts';
import { Cuts, type Elsewhere } from './cuts.ts';
import { END_CHECK_NS, EndCheck, endCheckAfter } from './end-check.ts';
import { comesBefore, type RankOf } from './event-order.ts';
import { buildCpu, rankOfTies, type MachineSetup } from './machine-setup.ts';
import type { EndReason } from './run.ts';
import { TraceMerge } from './trace-merge.ts';

/** Everything that decides a run. */
export interface EngineSetup extends MachineSetup {
  readonly consumers: readonly EventConsumer[];
  /** Runs over this memory, which nothing guards, instead of plain memory: to compare engines over one kind of it. */
  readonly over?: Memory;
}

/** Doubles that a stream may hold before the streams are merged. */
const MERGE_AT = 1 << 15;
export class InlineEngine {
  readonly image: KernelImage;
  readonly cpus: readonly SimCpu[];
  readonly cuts: Cuts | undefined;
  /** Events run. */
  events = 0;
  /** Start of the last event. */
  now: Ns = 0;

  private readonly setup: EngineSetup;
  private readonly memory: PlainMemory;
  private readonly participants: readonly Participant[];
  private readonly rankOf: RankOf;
  private readonly merge: TraceMerge;
  /** Participants to which the running event has sent. */
  private readonly sentTo: CpuId[] = [];
  private readonly endCheck: EndCheck;
  private nextCheck: Ns = END_CHECK_NS;

  constructor(setup: EngineSetup) {
    this.setup = setup;
    const map = layOutMachine(setup.shape);
    this.memory = new PlainMemory(map.map);
    if (breakGuards(setup.faults)) this.memory.lowerGuards();
    const observed = setup.cuts.length > 0 ? new ObservedMemory(this.memory, map.map) : undefined;
    const memory = setup.over ?? observed ?? this.memory;
    this.image = new KernelImage(memory, map);
    const board: Board = {
      memory, map, decisions: decisionsWith(setup.faults), ipiDelayNs: setup.ipiDelayNs,
      promiseOf: (cpu) => this.promiseOf(cpu),
      onSend: (to) => this.sentTo.push(to), whileFull: () => this.takeAllMessages(),
      linger: () => undefined,
    };
    this.endCheck = new EndCheck(this.image, setup);
    this.cpus = Array.from({ length: setup.shape.cpus }, (_, id) => buildCpu(setup, id, this.image, board));
    this.participants = [...this.cpus, new Coordinator(setup.shape.cpus, board, setup.hpetHz, this.image, setup.config)];
    this.rankOf = rankOfTies(setup);
    this.merge = new TraceMerge(this.participants.map((p) => p.stream), this.rankOf, setup.consumers);
    this.cuts = observed && new Cuts(setup.cuts, observed, (cpu) => this.cpus[cpu]!, this.elsewhere(observed));
    this.cpus[0]!.powerOn();
  }

  /** Records handed to the consumers so far. */
  get records(): number {
    return this.merge.records;
  }

  /**
   * Runs up to `most` events. Returns why the run has ended, or undefined when it has not.
   * @throws KernelBug when the machine contradicts itself, LimitReached at a named limit
   */
  run(most: number): EndReason | undefined {
    const { limitNs } = this.setup;
    for (let i = 0; i < most; i++) {
      const first = this.first();
      const { time } = first.next;
      // where ticks stop nothing may be left to come, long before the limit
      if (time >= this.nextCheck) {
        const ended = this.checkTheEnd(time);
        if (ended !== undefined) return ended;
      }
      if (time >= limitNs) return 'duration';
      this.runEvent(first);
    }
    return undefined;
  }

  /** After the last event: what stands in memory goes into the stream, and the stream to the consumers. */
  finish(end: Ns): void {
    this.memory.runAs(NOBODY, EventKind.Interacting);
    for (const cpu of this.cpus) {
      cpu.beginFinals(end);
      traceFinals(cpu.kernel);
    }
    this.merge.mergeBefore(KTIME_MAX);
  }

  /** Tasks that nothing can wake any more. */
  stuckTasks(): TaskId[] {
    this.memory.runAs(NOBODY, EventKind.Interacting);
    return this.endCheck.stuckTasks();
  }

  /** The participant whose next event has the smallest key. */
  private first(): Participant {
    const { participants, rankOf } = this;
    let best = participants[0]!;
    for (let i = 1; i < participants.length; i++) {
      const other = participants[i]!;
      if (other.next.time > best.next.time || other.next.time === KTIME_MAX) continue;
      if (comesBefore(other.next, other.id, best.next, best.id, rankOf)) best = other;
    }
    return best;
  }

  private runEvent(participant: Participant): void {
    const { time } = participant.next;
    if (time < this.now && this.cuts === undefined) throw new KernelBug(`an event at ${time} comes after one at ${this.now}`);
    this.now = time;
    this.runNext(participant);
    if (participant.stream.length > MERGE_AT) this.merge.mergeBefore(this.first().next.time);
  }

  private runNext(participant: Participant): void {
    const { memory, cuts } = this;
    const { id, next } = participant;
    memory.runAs(id, EventKind.Reading);
    // whatever runs in a cut may touch anything
    memory.runAs(id, cuts !== undefined && cuts.willCut(id, next.class) ? EventKind.Interacting : participant.kindOfNext());
    cuts?.beginEvent(id, next.class);
    this.execute(participant);
    cuts?.endEvent();
    this.deliver();
  }

  private execute(participant: Participant): void {
    this.events += 1;
    participant.run();
  }

  private deliver(): void {
    while (this.sentTo.length > 0) this.deliverTo(this.sentTo.pop()!);
  }

  private deliverTo(id: CpuId): void {
    const receiver = this.participants[id]!;
    this.memory.runAs(id, EventKind.Interacting);
    receiver.takeMessages();
    // in a cut it may be inside an event, which is its promise; it plans when that is over
    if (receiver.inside) return;
    receiver.plan();
  }

  /**
   * On one thread every event with a smaller key is over, so a CPU has done everything, for ever;
   * but for the one into whose event a cut has brought us.
   */
  private promiseOf(cpu: CpuId): Ns {
    const { inside, next } = this.participants[cpu]!;
    return inside ? next.time : KTIME_MAX;
  }

  /** What a cut asks of other CPUs, by direct calls: the guards are told who acts, and then that the first one goes on. */
  private elsewhere(observed: ObservedMemory): Elsewhere {
    const { memory } = this;
    const as = (cpu: CpuId, act: () => boolean): boolean => {
      const outer = memory.cpu;
      memory.runAs(cpu, EventKind.Interacting);
      const done = act();
      memory.runAs(outer, EventKind.Interacting);
      return done;
    };
    return {
      look: (cpu, task, read, nth, at) =>
        as(cpu, () => observed.unlessItWaits(() => this.cpus[cpu]!.lookHere(task, read, nth, at))),
      runEvent: (cpu) => as(cpu, () => this.runAhead(this.cpus[cpu]!)),
    };
  }

  private runAhead(cpu: SimCpu): boolean {
    // it knows of what has been sent to it up to the cut
    this.deliver();
    if (cpu.next.time === KTIME_MAX) return false;
    this.memory.runAs(cpu.id, cpu.kindOfNext());
    this.cuts!.passEvent(cpu.id, cpu.next.class);
    this.execute(cpu);
    this.deliver();
    return true;
  }

  private takeAllMessages(): void {
    for (const participant of this.participants) participant.takeMessages();
  }

  /** Everything before `time` is done, and nothing at it begun. */
  private checkTheEnd(time: Ns): EndReason | undefined {
    this.nextCheck = endCheckAfter(time);
    this.memory.runAs(NOBODY, EventKind.Interacting);
    return this.endCheck.reason();
  }
}
