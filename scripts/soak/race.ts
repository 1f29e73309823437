/** A shipped scenario on threads in `free`, until so many looks at CPU time have been made. */
import { readFileSync } from 'node:fs';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event, EVENTS } from '../../shared/events.ts';
import type { ThreadsChoice } from '../../src/engine/run.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

export interface Race {
  readonly scenario: string;
  readonly memory: ThreadsChoice['memory'];
  readonly seed: number;
  /** Looks to be made. */
  readonly looks: number;
  readonly fault?: string | undefined;
  /** Longest pause of the fault where it does its harm, in host ns; 0: none. */
  readonly widenNs?: number;
  /** Readers sleep now and then in the midst of a look. */
  readonly napsInLooks: boolean;
}

/** Looks at a task, its guest time, a CPU's accounts, one of them, its sleep, a process. */
const LOOKS: readonly number[] = [
  Event.task_cputime, Event.task_gtime, Event.kcpustat_cpu_fetch, Event.kcpustat_field, Event.cpu_idle_time, Event.thread_group_cputime,
];

/** Longer than any race: it ends when its looks are made. */
const DURATION_NS = 100_000e9;

export async function race({ scenario: name, memory, seed, looks, fault, widenNs = 0, napsInLooks }: Race): Promise<RaceResult> {
  const text = readFileSync(new URL(`../../../scenarios/${name}.json`, import.meta.url), 'utf8');
  const overrides = { durationNs: DURATION_NS, seed, faults: fault === undefined ? [] : [fault], widenNs };
  const scenario = resolveScenario(text, `${name}.json`, overrides, FAULTS.map(({ id }) => id));
  const enough = new EnoughLooks(looks);
  const run = await simulate(scenario, {
    engine: { kind: 'threads', sync: 'free', memory }, consumers: [enough], signal: enough.signal, trial: { napsInLooks },
  });
  return { run, looks: enough.made };
}

export interface RaceResult {
  readonly run: RunResult;
  /** Looks that were made, by event. */
  readonly looks: Readonly<Record<string, number>>;
}

/** `V-02: 15`, for each oracle that found something. */
export function brokenIn({ verdicts }: RunResult): string[] {
  return verdicts.flatMap(({ id, verdict }) => (verdict.verdict === 'broken' ? [`${id}: ${verdict.violations}`] : []));
}

/** Counts looks, and ends the run after so many. */
class EnoughLooks implements EventConsumer {
  readonly interests: readonly number[] = LOOKS;
  private readonly controller = new AbortController();
  private readonly counts = LOOKS.map(() => 0);
  private left: number;

  constructor(looks: number) {
    this.left = looks;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get made(): Record<string, number> {
    return Object.fromEntries(LOOKS.map((id, i) => [EVENTS[id]!.name, this.counts[i]!]));
  }

  onEvent(id: number): void {
    const which = LOOKS.indexOf(id);
    if (which < 0) return;
    this.counts[which]! += 1;
    this.left -= 1;
    if (this.left === 0) this.controller.abort();
  }
}
