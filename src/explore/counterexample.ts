/** A failing execution with all that helps to understand it, as plain data. */
import { BadModel } from './bad-model.ts';
import { ExploredMachine } from './explored-machine.ts';
import { filmOf, type Film } from './film.ts';
import { follow, turnsOf } from './follow.ts';
import { judge, type FailureKind } from './judge.ts';
import { startsOf, type Chosen, type Model } from './model.ts';
import { whatIsWrong, why } from './reason.ts';
import { printSchedule, type Schedule } from './schedule.ts';

export interface Execution extends Film {
  readonly model: string;
  readonly kind: FailureKind | undefined;
  /** What is wrong, as a sentence. */
  readonly says: string;
  /** How it came to that. */
  readonly why: readonly string[];
  /** What `parseSchedule` reads. */
  readonly replay: string;
  readonly preemptions: number;
  readonly chosen: Chosen;
  /** Names of the CPUs: one column each. */
  readonly columns: readonly string[];
}

/** Executes the schedule, and shows what there is to see, whether it fails or not. */
export function replay(model: Model, schedule: Schedule): Execution {
  const start = startsOf(model)[schedule.start];
  if (start === undefined) throw new BadModel(`${model.name} has no start number ${schedule.start}`);
  const machine = new ExploredMachine(model, start);
  follow(machine, schedule.turns);
  const failure = judge(machine);
  const turns = turnsOf(machine).slice(0, failure?.at);
  const film = cutAfter(filmOf(machine), turns.length);
  return {
    model: model.name,
    kind: failure?.kind,
    says: failure === undefined ? '' : whatIsWrong(failure, film),
    why: failure === undefined ? [] : why(film),
    replay: printSchedule({ start: schedule.start, turns }),
    preemptions: film.rows.filter(({ preempts }) => preempts).length,
    chosen: start.chosen,
    columns: machine.cpus.map(({ name }) => name),
    ...film,
  };
}

/** The rest is of no interest: what went wrong had gone wrong by then. */
function cutAfter({ rows, waiting }: Film, steps: number): Film {
  return steps < rows.length ? { rows: rows.slice(0, steps), waiting: [] } : { rows, waiting };
}
