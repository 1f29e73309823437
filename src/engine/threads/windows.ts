/**
 * Windows: stretches of simulated time in which participants run without asking each other.
 *
 * Nobody is the master. Whoever is the last to be done with a window opens the next one, while all
 * others wait: it reads where everybody stands, decides how far the window goes and who has anything
 * to do in it, and wakes those.
 *
 *      CPU 0                       CPU 1                       CPU 2 (nothing before the horizon)
 *      runs its events             runs its events             sleeps on its bell
 *      publishes its standing
 *      arrived 0 -> 1 of 2
 *      sleeps on its bell          publishes its standing
 *                                  arrived 1 -> 2 of 2: last
 *                                  reads all standings
 *                                  horizon, reached; arrived = 0
 *                                  turn of CPU 0 and 1 = 8
 *                                  rings CPU 0
 *      turn is 8: its window       turn is 8: its window       (turn is 7)
 *
 * The limit is the coordinator's: a window never goes beyond it, and where it has been reached the
 * opener parks the machine, leaves the role free and rings the coordinator. The limit may be moved at
 * that very moment; each of the two stores first and looks second, and the exchange of `parked`
 * settles who goes on:
 *
 *      opener                                 coordinator
 *      limit is 100, all stand there
 *                                             limit = 200
 *                                             parked is 0: the opener will see it
 *      parked = 1
 *      limit is 200 now: parked 1 -> 0, opens
 *
 * So to find `parked` set is not yet to have it: whoever acts on that must have exchanged it.
 */
import { KernelBug } from '../../../shared/assert.ts';
import { WindowMode, WindowPage } from '../../../shared/structs/window.ts';
import type { CpuId, Ns } from '../../../shared/units.ts';
import { ring, type Control } from './control.ts';

/** What the next window is. */
export interface Opening {
  /** Numbers of those who take part, in the first `count` places. */
  readonly who: Int32Array;
  count: number;
}

/** `free` and `lockstep` differ in how far a window goes and who takes part. */
export interface WindowPolicy {
  /**
   * Stores mode, horizon and reached, and says who takes part; nobody, if the limit keeps all from it.
   * Only ever called while everybody waits.
   */
  open(control: Control, limit: Ns, opening: Opening): void;
}

export class Windows {
  private readonly control: Control;
  private readonly policy: WindowPolicy;
  private readonly opening: Opening;
  private readonly coordinator: CpuId;

  constructor(control: Control, policy: WindowPolicy) {
    this.control = control;
    this.policy = policy;
    this.coordinator = control.standings.length - 1;
    this.opening = { who: new Int32Array(control.standings.length), count: 0 };
  }

  /** A participant is done with its window, and its standing says where it is. The last one opens the next. */
  arrive(): void {
    const { memory, window } = this.control;
    // before the arrival: after it somebody may have opened the next window, whose number of participants is another
    const { expected } = window;
    const arrived = memory.add(window.base + WindowPage.at.arrived, 1) + 1;
    if (arrived > expected) throw new KernelBug(`${arrived} participants of a window of ${expected}: one arrived twice`);
    if (arrived === expected) this.open();
  }

  /** The coordinator has moved the limit: if that is what the machine waits for, it goes on. */
  limitMoved(): void {
    if (this.leavePark()) this.open();
  }

  /**
   * Everybody's last window. The machine must have been seen parked, and its limit keep everybody from going on. Its
   * opener may still be about to find that the limit had been moved before: then it parks once more.
   */
  stop(end: Ns): void {
    const { memory, window, standings } = this.control;
    while (!this.leavePark()) memory.relax();
    window.end = end;
    window.mode = WindowMode.Stop;
    for (let id = 0; id < standings.length; id++) this.opening.who[id] = id;
    this.opening.count = standings.length;
    this.callParticipants();
  }

  private open(): void {
    const { control, opening } = this;
    const { window } = control;
    for (;;) {
      const { limit } = window;
      this.policy.open(control, limit, opening);
      if (opening.count > 0) break;
      window.parked = 1;
      // moved in between: whoever takes `parked` back goes on
      if (window.limit === limit) return ring(control, this.coordinator);
      if (!this.leavePark()) return;
    }
    window.opened += 1;
    this.callParticipants();
  }

  private callParticipants(): void {
    const { control, opening: { who, count } } = this;
    const { window, standings } = control;
    const number = (window.number + 1) | 0;
    window.arrived = 0;
    window.expected = count;
    window.number = number;
    for (let i = 0; i < count; i++) standings[who[i]!]!.turn = number;
    for (let i = 0; i < count; i++) ring(control, who[i]!);
  }

  private leavePark(): boolean {
    const { memory, window } = this.control;
    return memory.cas(window.base + WindowPage.at.parked, 1, 0) === 1;
  }
}
