/** Executions as the explorer saw them, and the threads that repeat them. */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PlainMemory } from '../../shared/memory/plain-memory.ts';
import { allocateShared } from '../../shared/memory/wasm-memory.ts';
import { explore } from '../../src/explore/explore.ts';
import type { ExploredMachine } from '../../src/explore/explored-machine.ts';
import { turnsOf } from '../../src/explore/follow.ts';
import { startsOf } from '../../src/explore/model.ts';
import { printSchedule } from '../../src/explore/schedule.ts';
import type { Search } from '../../src/explore/search.ts';
import { NO_CELL, Op, TRAITS, WIDE } from '../../src/explore/step.ts';
import type { NativeKind } from '../support/each-memory.ts';
import { ALL, type Repeated } from './conformance-models.ts';
import type { Job, Part } from './conformance-worker.ts';
import { accountOf, Baton, exactly, UNFINISHED, type Cell, type Run } from './in-turn.ts';

/** What came of a run. */
export interface Account {
  /** To replay it. */
  readonly schedule: string;
  readonly turns: readonly string[];
  /** By strand. */
  readonly outcomes: readonly string[];
  /** By cell that somebody accessed. */
  readonly cells: readonly string[];
}

export interface Sample extends Repeated {
  readonly runs: readonly Run[];
  readonly accounts: readonly Account[];
}

/** The executions that `search` visits, each but once. `corrupt` breaks the memory in which they are explored. */
export function sample({ id, model }: Repeated, search: Search, corrupt?: (cells: PlainMemory) => void): Sample {
  const starts = startsOf(model).map((start) => JSON.stringify(start));
  const runs = new Map<string, Run>();
  const accounts: Account[] = [];
  explore(model, corrupt === undefined ? search : corrupted(search, corrupt), {
    countAll: true,
    onExecution: (machine) => {
      const run = runOf(machine, starts.indexOf(JSON.stringify(machine.start)));
      const schedule = printSchedule({ start: run.start, turns: turnsOf(machine) });
      if (!runs.has(schedule)) accounts.push(accountOfRun(machine, schedule, run.cells));
      runs.set(schedule, run);
    },
  });
  return { id, model, runs: [...runs.values()], accounts };
}

function corrupted(search: Search, corrupt: (cells: PlainMemory) => void): Search {
  return {
    name: search.name,
    countsClasses: search.countsClasses,
    share: () => search.share(),
    run: (starts, ended) => {
      for (const { cells } of starts) corrupt(cells);
      return search.run(starts, ended);
    },
  };
}

function runOf({ taken, length, strands }: ExploredMachine, start: number): Run {
  const steps = taken.slice(0, length);
  const cells = new Map(steps.filter(({ step }) => step.at !== NO_CELL)
    .map(({ step: { op, at } }) => [at, { at, isLong: (TRAITS[op]! & WIDE) !== 0 }]));
  return {
    start,
    turns: steps.map(({ strand, step: { op }, result }) =>
      ({ strand: strand.id, cpu: strand.cpu.id, way: op === Op.Choose ? result : 0, timesOut: op === Op.Asleep })),
    asleep: strands.filter(({ step }) => step.op === Op.Asleep).map(({ id }) => id),
    cells: [...cells.values()],
  };
}

function accountOfRun({ taken, length, strands, cells: memory }: ExploredMachine, schedule: string, cells: readonly Cell[]): Account {
  return {
    schedule,
    turns: taken.slice(0, length).map(({ step: { op, at, value, expected }, result }) => accountOf(op, at, value, expected, result)),
    outcomes: strands.map(({ step }) => step.outcomeText),
    cells: cells.map(({ at, isLong }) => exactly(isLong ? memory.loadLong(at) : memory.load(at))),
  };
}

const ENTRY = resolve(import.meta.dirname, '../../dist/test/explore/conformance-worker.js');
const CPUS_MAX = Math.max(...ALL.map(({ model }) => model.threads.length));

/** Threads that are there for all runs, one for each CPU of a model. */
export class Crew {
  private workers = hire();

  /** In what the sample's runs differ on native memory from what the explorer computed. */
  async differences(sample: Sample, kind: NativeKind): Promise<string[]> {
    const native = await this.repeat(sample, kind);
    return sample.accounts.flatMap((account, n) => differences(account, native[n]!));
  }

  private async repeat({ id, model, runs, accounts }: Sample, kind: NativeKind): Promise<Account[]> {
    const { bytes } = model.cells;
    const job: Job = {
      id, kind, runs,
      native: allocateShared(bytes), pillow: allocateShared(2 * bytes), baton: new SharedArrayBuffer(Baton.bytes),
    };
    const members = this.workers.slice(0, model.threads.length);
    const parts = await Promise.all(members.map((worker) => answerOf(worker, job))).catch((failed) => this.renew(failed));
    return accounts.map((account, n) => merge(account, parts.map((part) => part[n]!)));
  }

  /** One of them has come to grief, and the others wait for it. */
  private async renew(why: unknown): Promise<never> {
    await this.dismiss();
    this.workers = hire();
    throw why;
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

function hire(): Worker[] {
  return Array.from({ length: CPUS_MAX }, (_, cpu) => new Worker(ENTRY, { workerData: { cpu }, execArgv: [] }));
}

function answerOf(worker: Worker, job: Job): Promise<Part[]> {
  return new Promise((done, failed) => {
    worker.removeAllListeners();
    worker.once('message', done);
    worker.once('error', failed);
    worker.once('exit', (code) => failed(new Error(`a thread ended with code ${code} before it answered`)));
    worker.postMessage(job);
  });
}

/** What nobody did is missing in it; the rest is in the order of `explored`. */
function merge(explored: Account, parts: readonly Part[]): Account {
  const turns = new Map(parts.flatMap(({ accounts }) => accounts));
  const outcomes = new Map(parts.flatMap((part) => part.outcomes));
  return {
    schedule: explored.schedule,
    turns: explored.turns.map((_, turn) => turns.get(turn) ?? 'nothing'),
    outcomes: explored.outcomes.map((_, strand) => outcomes.get(strand) ?? UNFINISHED),
    cells: parts[0]!.cells!,
  };
}

function differences(explored: Account, native: Account): string[] {
  return (['turns', 'outcomes', 'cells'] as const).flatMap((what) => explored[what].flatMap((text, i) =>
    (text === native[what][i] ? [] : [`${explored.schedule}: ${what} ${i}: explored ${text}, native ${native[what][i]}`])));
}
