/**
 * Remote reads that race real writers: the scenario `racing-reads` on threads in `free`, until so many
 * reads of running tasks have been made. What the oracles say of them is the result; with a planted
 * fault, how soon it was caught.
 */
import { readFileSync } from 'node:fs';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { EVENTS, Event } from '../../shared/events.ts';
import { VtimeState } from '../../shared/structs/task.ts';
import type { ThreadsChoice } from '../../src/engine/run.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

/** What a reader, or the writer that it reads, can do wrong. */
export const READ_FAULTS = ['torn-vtime', 'missing-retry', 'promise-outside', 'own-clock'] as const;

export interface ReadsCase {
  readonly memory: ThreadsChoice['memory'];
  /** Reads of running tasks to be made. */
  readonly reads: number;
  readonly fault: string | undefined;
  /** Longest pause of the fault where it does its harm, in host ns; 0: none. */
  readonly widenNs: number;
}

export interface ReadsResult {
  readonly run: RunResult;
  readonly seconds: number;
  /** Reads of all CPUs that a writer overtook at least once. */
  readonly retried: number;
  /** Contradictions that were found, by oracle. */
  readonly broken: readonly string[];
}

/** The readers' tasks take 4.3 us for a look: so much simulated time for each, and some for the boot. */
const NS_A_READ = 2_400;
const BOOT_NS = 30e6;

const SCENARIO = new URL('../../../scenarios/racing-reads.json', import.meta.url);

export async function soakReads({ memory, reads, fault, widenNs }: ReadsCase): Promise<ReadsResult> {
  const overrides = { durationNs: BOOT_NS + reads * NS_A_READ, faults: fault === undefined ? [] : [fault], widenNs };
  const scenario = resolveScenario(readFileSync(SCENARIO, 'utf8'), 'racing-reads.json', overrides, FAULTS.map(({ id }) => id));
  const enough = new EnoughReads(reads);
  const began = performance.now();
  const run = await simulate(scenario, { engine: { kind: 'threads', sync: 'free', memory }, consumers: [enough], signal: enough.signal });
  const seconds = (performance.now() - began) / 1_000;
  const retried = run.threads!.reports.reduce((sum, { readRetries }) => sum + readRetries.slice(1).reduce((a, b) => a + b, 0), 0);
  const broken = run.verdicts.flatMap(({ id, verdict }) => (verdict.verdict === 'broken' ? [`${id}: ${verdict.violations}`] : []));
  return { run, seconds, retried, broken };
}

/** Ends the run after so many reads of running tasks. */
class EnoughReads implements EventConsumer {
  readonly interests = [Event.task_cputime];
  private readonly state = EVENTS[Event.task_cputime]!.fields.findIndex(({ name }) => name === 'state');
  private readonly controller = new AbortController();
  private left: number;

  constructor(reads: number) {
    this.left = reads;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  onEvent(id: number, _cpu: number, _t: number, fields: Float64Array, at: number): void {
    if (id !== Event.task_cputime || fields[at + this.state]! < VtimeState.Sys) return;
    this.left -= 1;
    if (this.left === 0) this.controller.abort();
  }
}
