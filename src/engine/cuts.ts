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
 * A reader that would have to wait for CPU 0 is thrown out of its loop, without a trace, and starts
 * again after the event: nothing that it did before was visible to anybody.
 *
 * Whose event it is, and what runs there, may be in one thread or in two: `Elsewhere` is the door.
 * What runs in a cut is not cut itself.
 */
import { KernelBug } from '../../shared/assert.ts';
import { Event, EventClass } from '../../shared/events.ts';
import type { Access, ObservedMemory } from '../../shared/memory/observed-memory.ts';
import type { CpuId, Ns, TaskId } from '../../shared/units.ts';
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

/** What a cut asks of other CPUs: of objects beside it, or of other threads, for whose answers it waits. */
export interface Elsewhere {
  /** A reader of `cpu` makes its look `nth` at the clock `at` or its own. False: it would have to wait, and has done nothing. */
  look(cpu: CpuId, task: TaskId, read: number, nth: number, at: Ns): boolean;
  /** `cpu` runs its next event, ahead of its turn. False: it has none. */
  runEvent(cpu: CpuId): boolean;
}

const ENTRY_OF_CLASS: Readonly<Record<number, Cut['entry']>> = {
  [EventClass.Device]: 'device', [EventClass.Ipi]: 'ipi', [EventClass.Timer]: 'timer', [EventClass.Step]: 'step',
};

/** A cut of the event that runs, and how often its access was seen. */
interface ArmedCut {
  readonly index: number;
  readonly cut: Cut;
  seen: number;
}

export class Cuts {
  /** Whether each cut has run here. */
  readonly ran: boolean[];
  private readonly cuts: readonly Cut[];
  private readonly cpuOf: (cpu: CpuId) => SimCpu;
  private readonly elsewhere: Elsewhere;
  private readonly eventsSeen = new Map<string, number>();
  private armed: ArmedCut[] = [];
  /** Looks that had to wait for the end of the event. */
  private again: (() => void)[] = [];

  /** All cuts of the run, the memory through which the cut events act, and the CPUs whose events run in this thread. */
  constructor(cuts: readonly Cut[], memory: ObservedMemory, cpuOf: (cpu: CpuId) => SimCpu, elsewhere: Elsewhere) {
    this.cuts = cuts;
    this.cpuOf = cpuOf;
    this.elsewhere = elsewhere;
    this.ran = cuts.map(() => false);
    memory.onAccess = (struct, field, op) => this.onAccess(struct, field, op);
  }

  /** Whether the next event of `cpu`, which is of that class, is to be cut. */
  willCut(cpu: CpuId, eventClass: EventClass): boolean {
    const nth = this.eventsOf(cpu, eventClass);
    return this.cuts.some((cut) => isOf(cut, cpu, eventClass, nth));
  }

  /** An event of `cpu` is about to run. */
  beginEvent(cpu: CpuId, eventClass: EventClass): void {
    const nth = this.eventsOf(cpu, eventClass);
    this.passEvent(cpu, eventClass);
    this.armed = this.cuts.map((cut, index) => ({ index, cut, seen: 0 })).filter(({ cut }) => isOf(cut, cpu, eventClass, nth));
  }

  /** The event is over: readers that had to wait look again. */
  endEvent(): void {
    this.armed = [];
    const waiting = this.again;
    this.again = [];
    for (const look of waiting) look();
  }

  /** An event of `cpu` runs in a cut: it counts, and is not cut. */
  passEvent(cpu: CpuId, eventClass: EventClass): void {
    this.eventsSeen.set(nameOf(cpu, eventClass), this.eventsOf(cpu, eventClass) + 1);
  }

  private eventsOf(cpu: CpuId, eventClass: EventClass): number {
    return this.eventsSeen.get(nameOf(cpu, eventClass)) ?? 0;
  }

  private onAccess(struct: string, field: string, op: Access): void {
    for (const armed of this.armed) {
      const { cut } = armed;
      if (cut.struct !== struct || cut.field !== field || cut.op !== op) continue;
      if (armed.seen++ === cut.access) this.runCut(armed.index, cut);
    }
  }

  private runCut(index: number, { cpu, run }: Cut): void {
    const outer = this.cpuOf(cpu);
    // a CPU that has nothing to come runs nothing ahead of its turn: the cut is missed
    if (run.kind === 'event' && !this.elsewhere.runEvent(run.cpu)) return;
    this.ran[index] = true;
    outer.trace(Event.cut, index);
    if (run.kind === 'irq') interrupt(outer);
    else if (run.kind === 'reader') this.look(run, outer, 0);
  }

  /** One look after the other, from the `first` on; the one that would have to wait is made after the event. */
  private look(run: Extract<CutAction, { kind: 'reader' }>, outer: SimCpu, first: number): void {
    const looks = outer.looksOf(run.read);
    for (let n = first; n < looks; n++) {
      if (this.elsewhere.look(run.cpu, run.task, run.read, n, outer.now)) continue;
      this.again.push(() => this.look(run, outer, n));
      return;
    }
  }
}

function isOf(cut: Cut, cpu: CpuId, eventClass: EventClass, nth: number): boolean {
  return cut.cpu === cpu && cut.entry === ENTRY_OF_CLASS[eventClass] && cut.nth === nth;
}

function nameOf(cpu: CpuId, eventClass: EventClass): string {
  return `${cpu} ${ENTRY_OF_CLASS[eventClass]}`;
}

function interrupt(cpu: SimCpu): void {
  if (cpu.kernel.irqsOff > 0) {
    throw new KernelBug(`a cut interrupts CPU ${cpu.id} where interrupts are masked: no hardware could`);
  }
  cpu.interruptHere();
}
