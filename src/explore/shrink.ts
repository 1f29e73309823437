/**
 * The simplest execution that fails in the same way: fewest preemptions, then fewest steps. A failure
 * found at random has many of both that do not matter.
 *
 * First it is changed by hand: stretches of one strand are moved together, left out or shifted, as long
 * as it still fails. Then all executions with few preemptions are tried, fewest first: if that comes to
 * its end within the budget, the result is the simplest there is.
 */
import { bounded, boundedAt } from './depth-first.ts';
import { ExploredMachine } from './explored-machine.ts';
import { followLoosely, preemptionsOf, rewind, turnsOf } from './follow.ts';
import { judge, type FailureKind } from './judge.ts';
import { SHRINK_STEPS } from './limits.ts';
import { startsOf, type Model } from './model.ts';
import type { Schedule, Turn } from './schedule.ts';
import type { Search } from './search.ts';

/** The schedule must fail, with this kind. */
export function shrink(model: Model, failing: Schedule, kind: FailureKind): Schedule {
  return new Shrinker(model, failing, kind).run();
}

class Shrinker {
  private readonly model: Model;
  private readonly kind: FailureKind;
  /** Where candidates are tried out, by start. */
  private readonly bench: readonly ExploredMachine[];
  private best: Schedule;
  private preemptions = Infinity;

  constructor(model: Model, failing: Schedule, kind: FailureKind) {
    this.model = model;
    this.kind = kind;
    this.bench = startsOf(model).map((start) => new ExploredMachine(model, start));
    this.best = failing;
    this.offer(failing);
  }

  run(): Schedule {
    while (this.improve());
    if (this.preemptions > 0) this.search(bounded(this.preemptions - 1), true);
    this.search(boundedAt(this.preemptions), false);
    return this.best;
  }

  /** Whether one change was for the better. */
  private improve(): boolean {
    const { start, turns } = this.best;
    for (const changed of changesOf(turns)) {
      if (stepsOf(this.bench) >= SHRINK_STEPS) return false;
      if (this.offer({ start, turns: changed })) return true;
    }
    return false;
  }

  /** Executes it, and takes it if it fails in the same way and is simpler. */
  private offer({ start, turns }: Schedule): boolean {
    const machine = this.bench[start]!;
    followLoosely(machine, turns);
    const better = judge(machine)?.kind === this.kind && this.take(start, machine);
    rewind(machine);
    return better;
  }

  private take(start: number, machine: ExploredMachine): boolean {
    const turns = turnsOf(machine);
    const preemptions = preemptionsOf(machine).filter(Boolean).length;
    const simpler = comesBefore([preemptions, turns.length, start], [this.preemptions, this.best.turns.length, this.best.start]);
    if (simpler) {
      this.best = { start, turns };
      this.preemptions = preemptions;
    }
    return simpler;
  }

  private search(few: Search, untilFirst: boolean): void {
    const starts = startsOf(this.model).map((start) => new ExploredMachine(this.model, start));
    few.run(starts, (machine) => {
      const fails = judge(machine)?.kind === this.kind;
      const simpler = fails && this.offer({ start: starts.indexOf(machine), turns: turnsOf(machine) });
      return !(simpler && untilFirst) && stepsOf(starts) < SHRINK_STEPS;
    });
  }
}

/** By the first number in which they differ. */
function comesBefore(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((n, k) => n !== b[k]);
  return i >= 0 && a[i]! < b[i]!;
}

function stepsOf(machines: readonly ExploredMachine[]): number {
  return machines.reduce((sum, { steps }) => sum + steps, 0);
}

/** Schedules that might do with less, the boldest first. */
function* changesOf(turns: readonly Turn[]): Generator<Turn[]> {
  const stretches = stretchesOf(turns);
  for (let i = 0; i < stretches.length; i++) yield stretches.slice(0, i).flat();
  for (let i = 0; i < stretches.length; i++) yield stretches.toSpliced(i, 1).flat();
  for (let i = 0; i < stretches.length; i++) {
    const next = stretches.findIndex((stretch, k) => k > i && stretch[0]!.strand === stretches[i]![0]!.strand);
    if (next < 0) continue;
    yield moved(stretches, next, i + 1).flat();
    yield moved(stretches, i, next - 1).flat();
  }
  for (let i = 0; i < turns.length; i++) yield turns.toSpliced(i, 1);
}

/** Stretch `from` taken out and put in again so that it is number `to`. */
function moved<T>(list: readonly T[], from: number, to: number): T[] {
  return list.toSpliced(from, 1).toSpliced(to, 0, list[from]!);
}

function stretchesOf(turns: readonly Turn[]): Turn[][] {
  const stretches: Turn[][] = [];
  for (const turn of turns) {
    const last = stretches.at(-1);
    if (last?.[0]!.strand === turn.strand) last.push(turn);
    else stretches.push([turn]);
  }
  return stretches;
}
