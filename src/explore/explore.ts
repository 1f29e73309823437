/** Explores a model: a search drives, each execution is judged, and what came of it is reported. */
import { ExploredMachine } from './explored-machine.ts';
import { turnsOf } from './follow.ts';
import { judge, type Failure, type FailureKind } from './judge.ts';
import { EXECUTIONS_PER_REPORT, OUTCOMES_MAX } from './limits.ts';
import { startsOf, type Model } from './model.ts';
import type { Schedule } from './schedule.ts';
import type { Coverage, Search } from './search.ts';

export interface ExploreOptions {
  /** Goes on after a failure, to count: default false. */
  readonly countAll?: boolean;
  readonly limits?: Limits;
  onProgress?(progress: Progress): void;
  /** Called at the end of each execution, while the machine stands there. */
  onExecution?(machine: ExploredMachine, failure: Failure | undefined): void;
}

/** What a search may cost. For `ms` a clock is needed: there is none in here. */
export interface Limits {
  readonly executions?: number;
  readonly ms?: number;
  now?(): number;
}

export interface Progress {
  readonly executions: number;
  readonly steps: number;
  /** How much is done, 0 to 1: an estimate. */
  readonly share: number;
}

export interface Report {
  readonly model: string;
  readonly search: string;
  /** `pass` only if the search has covered what it set out to cover. */
  readonly verdict: 'pass' | 'fail' | 'incomplete';
  readonly coverage: Coverage | { readonly kind: 'stopped' };
  readonly executions: number;
  /** True: each execution stands for a class of its own. */
  readonly areClasses: boolean;
  /** States that were met; 0: they were not looked for, or it is every execution that counts. */
  readonly states: number;
  readonly steps: number;
  readonly longest: number;
  /** Ways in which the model may begin. */
  readonly starts: number;
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** How often the threads returned what. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The first failure as it was found. */
  readonly found: Found | undefined;
}

export interface Found {
  readonly failure: Failure;
  readonly schedule: Schedule;
  /** Number of the execution, from 1. */
  readonly execution: number;
}

export function explore(model: Model, search: Search, options: ExploreOptions = {}): Report {
  return new Exploration(model, search, options).run();
}

class Exploration {
  private readonly model: Model;
  private readonly search: Search;
  private readonly options: ExploreOptions;
  private readonly starts: readonly ExploredMachine[];
  private readonly startedAt: number;
  private executions = 0;
  private longest = 0;
  private readonly failures: Partial<Record<FailureKind, number>> = {};
  private readonly outcomes = new Map<string, number>();
  private found: Found | undefined;
  private stopped = false;

  constructor(model: Model, search: Search, options: ExploreOptions) {
    this.model = model;
    this.search = search;
    this.options = options;
    this.starts = startsOf(model).map((start) => new ExploredMachine(model, start));
    this.startedAt = options.limits?.now?.() ?? 0;
  }

  run(): Report {
    const { model, search } = this;
    const covered = search.run(this.starts, (machine) => this.ended(machine));
    const coverage = this.stopped && covered.kind !== 'sampled' ? { kind: 'stopped' as const } : covered;
    const isCovered = coverage.kind === 'exhaustive' || coverage.kind === 'bounded';
    return {
      model: model.name,
      search: search.name,
      verdict: this.found !== undefined ? 'fail' : isCovered ? 'pass' : 'incomplete',
      coverage,
      executions: this.executions,
      areClasses: search.countsClasses,
      states: search.states ?? 0,
      steps: this.steps(),
      longest: this.longest,
      starts: this.starts.length,
      failures: this.failures,
      outcomes: this.outcomes,
      found: this.found,
    };
  }

  /** An execution has ended. True: go on. */
  private ended(machine: ExploredMachine): boolean {
    this.executions++;
    if (machine.length > this.longest) this.longest = machine.length;
    const failure = judge(machine);
    this.countOutcome(machine);
    if (failure !== undefined) this.note(machine, failure);
    this.options.onExecution?.(machine, failure);
    if (this.executions % EXECUTIONS_PER_REPORT === 0) this.report();
    const enough = failure !== undefined && this.options.countAll !== true;
    if (enough || this.isOverLimit()) this.stopped = true;
    return !this.stopped;
  }

  private note(machine: ExploredMachine, failure: Failure): void {
    this.failures[failure.kind] = (this.failures[failure.kind] ?? 0) + 1;
    this.found ??= { failure, schedule: { start: this.starts.indexOf(machine), turns: turnsOf(machine) }, execution: this.executions };
  }

  private countOutcome({ model, strands }: ExploredMachine): void {
    let outcome = strands[0]!.step.outcomeText;
    for (let i = 1; i < model.threads.length; i++) outcome += ` ${strands[i]!.step.outcomeText}`;
    if (this.outcomes.size >= OUTCOMES_MAX && !this.outcomes.has(outcome)) outcome = 'others';
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  private isOverLimit(): boolean {
    const { executions = Infinity, ms = Infinity, now } = this.options.limits ?? {};
    if (this.executions >= executions) return true;
    return ms < Infinity && this.executions % 64 === 0 && now !== undefined && now() - this.startedAt >= ms;
  }

  private report(): void {
    this.options.onProgress?.({ executions: this.executions, steps: this.steps(), share: this.search.share() });
  }

  private steps(): number {
    return this.starts.reduce((sum, { steps }) => sum + steps, 0);
  }
}
