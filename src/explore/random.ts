/**
 * Executions at random, for models that are too big to be covered: a portfolio of strategies, 60 % by
 * priorities of steps, 25 % random walks, 15 % by priorities of threads. The n-th execution is a
 * function of (seed, n), but for what the latter have learnt of the length of executions.
 */
import { Draws } from './draws.ts';
import type { ExploredMachine } from './explored-machine.ts';
import type { Coverage, Ended, Search } from './search.ts';
import { RandomWalk, StepPriorities, ThreadPriorities, type Strategy } from './strategies.ts';

export interface RandomOptions {
  readonly seed?: number;
  /** How many; without it until a limit of the exploration ends it. */
  readonly executions?: number;
  /** In place of the portfolio. */
  readonly strategies?: readonly Weighted[];
}
export type Weighted = readonly [weight: number, strategy: Strategy];

export function random({ seed = 1, executions = Infinity, strategies = portfolio() }: RandomOptions = {}): Search {
  return new RandomSearch(seed, executions, strategies);
}

function portfolio(): Weighted[] {
  return [[60, new StepPriorities()], [25, new RandomWalk()], [15, new ThreadPriorities(3)]];
}

class RandomSearch implements Search {
  readonly name: string;
  readonly countsClasses = false;
  private readonly seed: number;
  private readonly executions: number;
  private readonly strategies: readonly Weighted[];
  private readonly weights: number;
  private done = 0;

  constructor(seed: number, executions: number, strategies: readonly Weighted[]) {
    this.seed = seed;
    this.executions = executions;
    this.strategies = strategies;
    this.weights = strategies.reduce((sum, [weight]) => sum + weight, 0);
    this.name = `at random, seed ${seed}`;
  }

  run(starts: readonly ExploredMachine[], ended: Ended): Coverage {
    for (this.done = 0; this.done < this.executions; this.done++) {
      const draws = new Draws(this.seed, this.done);
      const machine = starts[draws.below(starts.length)]!;
      execute(machine, this.draw(draws), draws);
      const goOn = ended(machine);
      while (machine.length > 0) machine.takeBack();
      if (!goOn) break;
    }
    return { kind: 'sampled' };
  }

  share(): number {
    return this.executions === Infinity ? 0 : this.done / this.executions;
  }

  private draw(draws: Draws): Strategy {
    let left = draws.below(this.weights);
    const drawn = this.strategies.find(([weight]) => (left -= weight) < 0);
    return drawn![1];
  }
}

function execute(machine: ExploredMachine, strategy: Strategy, draws: Draws): void {
  strategy.begin(machine, draws);
  for (let enabled = machine.enabled(); enabled !== 0 && !machine.isEndless; enabled = machine.enabled()) {
    const id = strategy.pick(enabled);
    machine.take(id, draws.below(machine.waysOf(id)));
  }
}
