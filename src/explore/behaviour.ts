/**
 * What a strand's code does, as far as anybody has asked: its tree of steps. Code runs only where the
 * tree ends, so a search of millions of steps runs it some thousand times.
 *
 * All rests on the code being a function of its log. So it is asked twice, the first times always and
 * then now and then; code that answers differently (a clock, a counter outside, an object that
 * outlives a run) is refused.
 */
import { BadModel } from './bad-model.ts';
import type { ExploredMemory, StrandCode } from './explored-memory.ts';
import { PURITY_EVERY, PURITY_FIRST, STEPS_KNOWN_MAX } from './limits.ts';
import type { Step } from './step.ts';

export class Behaviour {
  readonly name: string;
  readonly first: Step;
  private readonly code: StrandCode;
  private readonly memory: ExploredMemory;
  private readonly interruptible: boolean;
  private readonly knownMax: number;
  private known = 0;
  /** Steps that ever had a number. */
  private numbered = 0;
  private runs = 0;

  constructor(name: string, code: StrandCode, memory: ExploredMemory, interruptible: boolean, knownMax = STEPS_KNOWN_MAX) {
    this.name = name;
    this.code = code;
    this.memory = memory;
    this.interruptible = interruptible;
    this.knownMax = knownMax;
    this.first = this.ask([]);
    this.first.numberAs(++this.numbered);
  }

  /** What follows `step` and its `result`. `log` holds all results so far, this one included. */
  after(step: Step, result: number, log: readonly number[]): Step {
    const known = step.after(result);
    if (known !== undefined) return known;
    const next = this.ask(log);
    this.makeRoom();
    next.numberAs(++this.numbered);
    step.learn(result, next);
    return next;
  }

  /** The tree is cut at its root. Whoever stands on it can go on from there, and back. */
  private makeRoom(): void {
    if (++this.known <= this.knownMax) return;
    this.known = 0;
    this.first.forget();
  }

  /** Where the code stood at each access of `log`, and at the one that follows. */
  sites(log: readonly number[]): string[] {
    const sites: string[] = [];
    this.memory.sites = sites;
    try {
      this.run(log);
    } finally {
      this.memory.sites = undefined;
    }
    return sites;
  }

  private ask(log: readonly number[]): Step {
    const step = this.run(log);
    const nth = this.runs++;
    if ((nth < PURITY_FIRST || nth % PURITY_EVERY === 0) && !step.means(this.run(log))) {
      throw new BadModel(`${this.name} is no function of its accesses: with the same results it did something else `
        + '(usual cause: a counter, a clock or an object outside the function)');
    }
    return step;
  }

  private run(log: readonly number[]): Step {
    this.memory.interruptible = this.interruptible;
    return this.memory.stepAfter(this.code, log);
  }
}
