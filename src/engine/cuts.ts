/**
 * Cuts: at a named access inside an event, something else runs. So a race that needs an interrupt, a
 * reader or another CPU between two statements is forced, not hoped for.
 *
 *      CPU 0 (its event)                      at the cut
 *      seq 8 -> 9
 *      starttime = 130        <- cut here     CPU 3 reads CPU 0's task
 *      utime = 37
 *      seq 9 -> 10
 *
 * A reader that would have to wait for CPU 0 is thrown out of its loop by a token, without a trace,
 * and starts again after the event: nothing that it did before was visible to anybody.
 */
import { KernelBug } from '../../shared/assert.ts';
import { Event, EventClass } from '../../shared/events.ts';
import { EventKind } from '../../shared/memory/guards.ts';
import { ObservedMemory, type Access } from '../../shared/memory/observed-memory.ts';
import type { MemoryMap } from '../../shared/memory/memory-map.ts';
import { KTIME_MAX, type CpuId, type TaskId } from '../../shared/units.ts';
import type { SimCpu } from '../machine/sim-cpu.ts';

/** What shall run where; as in a scenario's `cuts`, names resolved. */
export interface Cut {
  readonly cpu: CpuId;
  readonly entry: 'timer' | 'ipi' | 'device' | 'step';
  /** which event of that entry on that CPU, 0 = the first */
  readonly nth: number;
  readonly struct: string;
  readonly field: string;
  readonly op: Access;
  /** which such access of the event, 0 = the first */
  readonly access: number;
  readonly run: CutAction;
}

export type CutAction =
  /** this CPU's own timer interrupts; only where interrupts are on */
  | { readonly kind: 'irq' }
  /** a reader of another CPU looks at its targets */
  | { readonly kind: 'reader'; readonly task: TaskId; readonly cpu: CpuId; readonly read: number }
  /** another CPU's next event, if there is one, runs now, ahead of its turn, as it may on real threads */
  | { readonly kind: 'event'; readonly cpu: CpuId };

/** Thrown by `relax` inside a cut; not an Error, so that it costs nothing and nobody mistakes it for one. */
const WOULD_SPIN = { token: 'a reader inside a cut would have to wait' } as const;

const ENTRY_OF_CLASS: Readonly<Record<number, Cut['entry']>> = {
  [EventClass.Device]: 'device', [EventClass.Ipi]: 'ipi', [EventClass.Timer]: 'timer', [EventClass.Step]: 'step',
};

/** Memory of a run with cuts: reports accesses, and lets a spinning reader out. */
export class CutMemory extends ObservedMemory {
  inCut = false;

  constructor(map: MemoryMap) {
    super(map);
  }

  override relax(): void {
    if (this.inCut) throw WOULD_SPIN;
    super.relax();
  }
}

export class Cuts {
  /** Whether each cut has run. */
  readonly ran: boolean[];
  private readonly cuts: readonly Cut[];
  private readonly memory: CutMemory;
  private readonly cpus: readonly SimCpu[];
  private readonly runEvent: (cpu: CpuId) => void;
  private readonly eventsSeen = new Map<string, number>();
  /** Cuts of the event that runs, and how often their access was seen. */
  private armed: { readonly index: number; readonly cut: Cut; seen: number }[] = [];
  private again: (() => void)[] = [];

  constructor(cuts: readonly Cut[], memory: CutMemory, cpus: readonly SimCpu[], runEvent: (cpu: CpuId) => void) {
    this.cuts = cuts;
    this.memory = memory;
    this.cpus = cpus;
    this.runEvent = runEvent;
    this.ran = cuts.map(() => false);
    memory.onAccess = (struct, field, op) => this.onAccess(struct, field, op);
  }

  /** An event of `cpu` is about to run. */
  beginEvent(cpu: CpuId, eventClass: EventClass): void {
    const entry = ENTRY_OF_CLASS[eventClass]!;
    const name = `${cpu} ${entry}`;
    const nth = this.eventsSeen.get(name) ?? 0;
    this.eventsSeen.set(name, nth + 1);
    this.armed = this.cuts
      .map((cut, index) => ({ index, cut, seen: 0 }))
      .filter(({ cut }) => cut.cpu === cpu && cut.entry === entry && cut.nth === nth);
  }

  /** The event is over: readers that had to wait look again. */
  endEvent(): void {
    this.armed = [];
    const waiting = this.again;
    this.again = [];
    for (const look of waiting) look();
  }

  private onAccess(struct: string, field: string, op: Access): void {
    for (const armed of this.armed) {
      const { cut } = armed;
      if (cut.struct !== struct || cut.field !== field || cut.op !== op) continue;
      if (armed.seen++ === cut.access) this.runCut(armed.index, cut);
    }
  }

  private runCut(index: number, cut: Cut): void {
    const { run } = cut;
    // a CPU that has nothing to come runs nothing ahead of its turn: the cut is missed
    if (run.kind === 'event' && this.cpus[run.cpu]!.next.time === KTIME_MAX) return;
    const outer = this.cpus[cut.cpu]!;
    this.ran[index] = true;
    outer.trace(Event.cut, index);
    const { armed } = this;
    this.armed = [];
    this.memory.runAs(cut.cpu, EventKind.Interacting);
    if (run.kind === 'irq') this.interrupt(outer);
    else if (run.kind === 'event') this.runEvent(run.cpu);
    else this.look(run, outer, 0);
    this.armed = armed;
    this.memory.runAs(cut.cpu, EventKind.Interacting);
  }

  private interrupt(cpu: SimCpu): void {
    if (cpu.kernel.irqsOff > 0) {
      throw new KernelBug(`a cut interrupts CPU ${cpu.id} where interrupts are masked: no hardware could`);
    }
    cpu.interruptHere();
  }

  /** One look after the other, from the `first` on; the one that would have to wait is made after the event. */
  private look(run: Extract<CutAction, { kind: 'reader' }>, outer: SimCpu, first: number): void {
    const reader = this.cpus[run.cpu]!;
    let n = first;
    this.memory.inCut = true;
    this.memory.runAs(run.cpu, EventKind.Interacting);
    try {
      for (; n < reader.looksOf(run.read); n++) reader.lookHere(run.task, run.read, n, outer.now);
    } catch (thrown) {
      if (thrown !== WOULD_SPIN) throw thrown;
      this.again.push(() => this.look(run, outer, n));
    } finally {
      this.memory.inCut = false;
    }
  }
}
