/** A shipped scenario on threads in `free`, until so many looks at CPU time have been made. */
import { readFileSync } from 'node:fs';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { ThreadsChoice } from '../../src/engine/run.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

export interface Race {
  readonly scenario: string;
  readonly memory: ThreadsChoice['memory'];
  readonly seed: number;
  /** Looks to be made, by these events. */
  readonly looks: number;
  readonly events: readonly number[];
  readonly fault?: string | undefined;
  /** Longest pause of the fault where it does its harm, in host ns; 0: none. */
  readonly widenNs?: number;
  /** Readers sleep now and then in the midst of a look. */
  readonly napsInLooks: boolean;
}

/** Looks at a task, a CPU's accounts, one of them, a process. */
export const LOOKS = [Event.task_cputime, Event.kcpustat_cpu_fetch, Event.kcpustat_field, Event.thread_group_cputime] as const;

/** Longer than any race: it ends when its looks are made. */
const DURATION_NS = 100_000e9;

export async function race({ scenario: name, memory, seed, looks, events, fault, widenNs = 0, napsInLooks }: Race): Promise<RunResult> {
  const text = readFileSync(new URL(`../../../scenarios/${name}.json`, import.meta.url), 'utf8');
  const overrides = { durationNs: DURATION_NS, seed, faults: fault === undefined ? [] : [fault], widenNs };
  const scenario = resolveScenario(text, `${name}.json`, overrides, FAULTS.map(({ id }) => id));
  const enough = new EnoughLooks(looks, events);
  return await simulate(scenario, {
    engine: { kind: 'threads', sync: 'free', memory }, consumers: [enough], signal: enough.signal, trial: { napsInLooks },
  });
}

/** `V-02: 15`, for each oracle that found something. */
export function brokenIn({ verdicts }: RunResult): string[] {
  return verdicts.flatMap(({ id, verdict }) => (verdict.verdict === 'broken' ? [`${id}: ${verdict.violations}`] : []));
}

/** Ends the run after so many looks. */
class EnoughLooks implements EventConsumer {
  readonly interests: readonly number[];
  private readonly controller = new AbortController();
  private left: number;

  constructor(looks: number, events: readonly number[]) {
    this.left = looks;
    this.interests = events;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  onEvent(id: number): void {
    if (!this.interests.includes(id)) return;
    this.left -= 1;
    if (this.left === 0) this.controller.abort();
  }
}
