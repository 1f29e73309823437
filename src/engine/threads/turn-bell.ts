/**
 * Waiting for one's turn. A participant looks for a while, as long as the spin policy says, and then
 * sleeps on the bell of its call queue, which is rung for a turn, for a message and for a baton.
 *
 *      CPU 0 waits                            CPU 1 opens a window
 *      bell is 7
 *      asleep = 1
 *      turn is still 4
 *                                             turn = 5
 *                                             bell 7 -> 8
 *                                             asleep is 1: notify
 *      waits while bell is 7: it is 8,
 *      so it does not sleep at all
 *
 * Without the look at the turn after `asleep = 1`, a turn that came in between would be slept over.
 */
import type { Memory } from '../../../shared/memory/memory.ts';
import { CallQueue } from '../../../shared/structs/cpu.ts';
import { Standing } from '../../../shared/structs/window.ts';
import { NOBODY, type CpuId, type Word } from '../../../shared/units.ts';
import type { Control } from './control.ts';

/** Why somebody woke. */
export type Woken = 'turn' | 'errand' | 'timed-out';

export class TurnBell {
  private readonly control: Control;
  private readonly memory: Memory;
  private readonly id: CpuId;
  private readonly turnCell: Word;
  private readonly queue: number;
  private seen = 0;

  constructor(control: Control, id: CpuId) {
    this.control = control;
    this.memory = control.memory;
    this.id = id;
    this.turnCell = control.standings[id]!.base + Standing.at.turn;
    this.queue = control.queues[id]!.base;
  }

  /** Waits for a turn, at most `timeoutMs` of sleep (Infinity: for ever); an errand comes before it. */
  wait(timeoutMs: number): Woken {
    if (this.turnCame()) return 'turn';
    for (let i = this.control.window.spinLoads; i > 0; i--) if (this.turnCame()) return 'turn';
    return this.sleep(timeoutMs);
  }

  private sleep(timeoutMs: number): Woken {
    const { memory, queue } = this;
    const bell = memory.load(queue + CallQueue.at.bell);
    memory.store(queue + CallQueue.at.asleep, 1);
    const nothing = memory.load(this.turnCell) === this.seen && !this.hasErrand();
    const slept = nothing ? memory.wait(queue + CallQueue.at.bell, bell, timeoutMs) : 'ok';
    memory.store(queue + CallQueue.at.asleep, 0);
    if (this.turnCame()) return 'turn';
    return slept === 'timed-out' ? 'timed-out' : 'errand';
  }

  /** Something else to do than a window: a message in the list, whose slot its sender may wait for, or a baton. */
  private hasErrand(): boolean {
    const { baton } = this.control;
    return this.memory.load(this.queue + CallQueue.at.head) !== 0 || (baton.to !== NOBODY && baton.to === this.id);
  }

  private turnCame(): boolean {
    const turn = this.memory.load(this.turnCell);
    if (turn === this.seen) return false;
    this.seen = turn;
    return true;
  }
}
