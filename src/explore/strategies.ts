/**
 * Ways to draw an execution at random. Each finds what the others are slow to find:
 *
 * - a random walk lets anybody who can step do so. Long threads drown short ones.
 * - by priorities of steps (POS, Yuan, Yang and Gu, CAV 2018): the step with the highest goes first, and
 *   a step that conflicts with it draws anew. So what matters is the order of steps that touch.
 * - by priorities of threads (PCT, Burckhardt et al., ASPLOS 2010): a strand runs until it cannot, or until one
 *   of a few moments at which the running one falls to the bottom. Finds what needs a long wait.
 */
import type { Draws } from './draws.ts';
import type { ExploredMachine } from './explored-machine.ts';
import { lowest, sizeOf } from './search.ts';

export interface Strategy {
  readonly name: string;
  begin(machine: ExploredMachine, draws: Draws): void;
  /** Which of those that can step does so. */
  pick(enabled: number): number;
}

export class RandomWalk implements Strategy {
  readonly name = 'random walk';
  private draws!: Draws;

  begin(_machine: ExploredMachine, draws: Draws): void {
    this.draws = draws;
  }

  pick(enabled: number): number {
    let left = enabled;
    for (let skip = this.draws.below(sizeOf(enabled)); skip > 0; skip--) left &= left - 1;
    return lowest(left);
  }
}

export class StepPriorities implements Strategy {
  readonly name = 'POS';
  private machine!: ExploredMachine;
  private draws!: Draws;
  private readonly priorities: number[] = [];

  begin(machine: ExploredMachine, draws: Draws): void {
    this.machine = machine;
    this.draws = draws;
    machine.strands.forEach(({ id }) => { this.priorities[id] = draws.fraction(); });
  }

  pick(enabled: number): number {
    const { priorities, machine, draws } = this;
    const first = highest(priorities, enabled);
    const { strands } = machine;
    for (let left = enabled; left !== 0; left &= left - 1) {
      const id = lowest(left);
      if (id === first || machine.conflict(strands[id]!, strands[first]!)) priorities[id] = draws.fraction();
    }
    return first;
  }
}

export class ThreadPriorities implements Strategy {
  readonly name = 'PCT';
  private machine!: ExploredMachine;
  /** At how many moments somebody falls: one less than the depth of the bugs that it is made for. */
  private readonly falls: number;
  private readonly priorities: number[] = [];
  private readonly fallsAt: number[] = [];
  /** Steps of the longest execution so far. */
  private longest = 1;

  constructor(depth: number) {
    this.falls = depth - 1;
  }

  begin(machine: ExploredMachine, draws: Draws): void {
    this.machine = machine;
    machine.strands.forEach(({ id }) => { this.priorities[id] = 1 + draws.fraction(); });
    for (let i = 0; i < this.falls; i++) this.fallsAt[i] = draws.below(this.longest);
  }

  pick(enabled: number): number {
    const { priorities, machine } = this;
    this.longest = Math.max(this.longest, machine.length + 1);
    // who falls later falls deeper
    if (this.fallsAt.includes(machine.length)) priorities[highest(priorities, enabled)] = -machine.length;
    return highest(priorities, enabled);
  }
}

function highest(priorities: readonly number[], among: number): number {
  let first = lowest(among);
  for (let left = among & (among - 1); left !== 0; left &= left - 1) {
    const id = lowest(left);
    if (priorities[id]! > priorities[first]!) first = id;
  }
  return first;
}
