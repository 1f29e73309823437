/**
 * The baton of a cut in lockstep. A cut stops CPU 0 inside an event and lets another CPU read, or run
 * its next event; on threads that must happen on that CPU's own thread, at the cut's time.
 *
 *      CPU 0 (its event is cut)               CPU 3 (sleeps on its bell)
 *      request: look, task 7, at 130
 *      to = 3
 *      rings CPU 3
 *      sleeps on `done`                       the baton is mine
 *                                             looks, as the inline engine would have it look
 *                                             records into the ring, standing anew
 *                                             to = -1
 *                                             done = 1, notifies
 *      goes on
 */
import type { ObservedMemory } from '../../../shared/memory/observed-memory.ts';
import { Baton, BatonKind } from '../../../shared/structs/window.ts';
import { KTIME_MAX, NOBODY, type CpuId, type Ns, type TaskId } from '../../../shared/units.ts';
import type { SimCpu } from '../../machine/sim-cpu.ts';
import type { Elsewhere } from '../cuts.ts';
import { ring, type Control } from './control.ts';

const Done = { NotYet: 0, Yes: 1, WouldWait: 2, Nothing: 3 } as const;
type Done = (typeof Done)[keyof typeof Done];

/** The side of the CPU whose event is cut. */
export class BatonGiver implements Elsewhere {
  private readonly control: Control;
  private readonly own: CpuId;

  constructor(control: Control, own: CpuId) {
    this.control = control;
    this.own = own;
  }

  look(cpu: CpuId, task: TaskId, read: number, nth: number, at: Ns): boolean {
    const { baton } = this.control;
    baton.kind = BatonKind.Look;
    baton.task = task;
    baton.read = read;
    baton.nth = nth;
    baton.at = at;
    return this.pass(cpu) === Done.Yes;
  }

  runEvent(cpu: CpuId): boolean {
    this.control.baton.kind = BatonKind.Event;
    return this.pass(cpu) === Done.Yes;
  }

  private pass(to: CpuId): Done {
    const { memory, baton } = this.control;
    const cell = baton.base + Baton.at.done;
    baton.from = this.own;
    baton.done = Done.NotYet;
    baton.to = to;
    ring(this.control, to);
    while (baton.done === Done.NotYet) memory.wait(cell, Done.NotYet, Infinity);
    return baton.done as Done;
  }
}

/** The side of the CPU that is asked. */
export class BatonServer {
  private readonly control: Control;
  private readonly own: SimCpu;
  private readonly observed: ObservedMemory;
  private result: Done = Done.NotYet;

  constructor(control: Control, own: SimCpu, observed: ObservedMemory) {
    this.control = control;
    this.own = own;
    this.observed = observed;
  }

  isMine(): boolean {
    return this.control.baton.to === this.own.id;
  }

  /** Does what is asked; `runAhead` runs the CPU's next event. */
  serve(runAhead: () => void): void {
    this.result = this.control.baton.kind === BatonKind.Look ? this.look() : this.event(runAhead);
  }

  /** Gives the baton back. What was done, and where this CPU stands since, has been published. */
  answer(): void {
    const { memory, baton } = this.control;
    baton.to = NOBODY;
    baton.done = this.result;
    memory.notify(baton.base + Baton.at.done, 1);
  }

  private look(): Done {
    const { task, read, nth, at } = this.control.baton;
    const looked = this.observed.unlessItWaits(() => this.own.lookHere(task, read, nth, at));
    return looked ? Done.Yes : Done.WouldWait;
  }

  private event(runAhead: () => void): Done {
    if (this.own.next.time === KTIME_MAX) return Done.Nothing;
    runAhead();
    return Done.Yes;
  }
}
