/**
 * Remote reads that race real writers: scenarios with readers, on threads in `free`, until so many reads of tasks' CPU time have
 * been made. A soak is rounds of parts, each a run of its own with a seed of its own, so that what fails has a name. Readers are held
 * up now and then in the midst of a look, so that writers overtake them on a host of one core, too. What the oracles say is the
 * result; with a planted fault, how often it was caught.
 */
import { readFileSync } from 'node:fs';
import type { EventConsumer } from '../../shared/event-consumer.ts';
import { Event } from '../../shared/events.ts';
import type { ThreadsChoice } from '../../src/engine/run.ts';
import { FAULTS } from '../../src/machine/faults.ts';
import { simulate, type RunResult } from '../../src/sim.ts';
import { resolveScenario } from '../../src/workload/resolve.ts';

/** What a reader, or the writer that it reads, can do wrong. */
export const READ_FAULTS = ['torn-vtime', 'missing-retry', 'promise-outside', 'own-clock', 'B-01'] as const;

/** The scenarios of a round, and of a hundred reads how many are theirs. */
const ROUND = [
  { scenario: 'mutual-reads', memory: 'wasm', share: 64 },
  { scenario: 'mutual-reads', memory: 'atomics', share: 25 },
  { scenario: 'racing-reads', memory: 'wasm', share: 10 },
  { scenario: 'reads-everywhere', memory: 'wasm', share: 1 },
] as const;
const ROUND_READS = 4_000_000;

export const READ_SCENARIOS = ['mutual-reads', 'racing-reads', 'reads-everywhere'] as const;

export interface ReadsPart {
  readonly scenario: string;
  readonly memory: ThreadsChoice['memory'];
  readonly seed: number;
  /** Reads to be made. */
  readonly reads: number;
  readonly fault: string | undefined;
  /** Longest pause of the fault where it does its harm, in host ns; 0: none. */
  readonly widenNs: number;
}

/** What came of a part. */
export interface ReadsResult {
  readonly reads: number;
  /** Reads in whose bracket a version was published. */
  readonly overlapped: number;
  readonly illegal: number;
  readonly unjudged: number;
  readonly backward: number;
  /** Reads that a writer overtook at least once. */
  readonly retried: number;
  readonly seconds: number;
  /** Contradictions that were found, by oracle. */
  readonly broken: readonly string[];
  readonly windows: { readonly opened: number; readonly overlapping: number };
}

/** A soak of so many reads; seeds go up from `seed`. */
export function partsOf(reads: number, seed: number, only: Partial<Pick<ReadsPart, 'scenario' | 'memory'>>): ReadsPart[] {
  const round = ROUND.filter(({ scenario, memory }) =>
    (only.scenario ?? scenario) === scenario && (only.memory ?? memory) === memory);
  const shares = round.reduce((sum, { share }) => sum + share, 0);
  const parts: ReadsPart[] = [];
  for (let left = reads; left > 0;) {
    const ofRound = Math.min(left, ROUND_READS);
    for (const { scenario, memory, share } of round) {
      parts.push({
        scenario, memory, seed: seed + parts.length, reads: Math.ceil((ofRound * share) / shares), fault: undefined, widenNs: 0,
      });
    }
    left -= ofRound;
  }
  return parts;
}

/** Longer than any part: it ends when its reads are made. */
const DURATION_NS = 100_000e9;

export async function soakReads({ scenario: name, memory, seed, reads, fault, widenNs }: ReadsPart): Promise<ReadsResult> {
  const text = readFileSync(new URL(`../../../scenarios/${name}.json`, import.meta.url), 'utf8');
  const overrides = { durationNs: DURATION_NS, seed, faults: fault === undefined ? [] : [fault], widenNs };
  const scenario = resolveScenario(text, `${name}.json`, overrides, FAULTS.map(({ id }) => id));
  const enough = new EnoughReads(reads);
  const began = performance.now();
  const run = await simulate(scenario, {
    engine: { kind: 'threads', sync: 'free', memory }, consumers: [enough], signal: enough.signal,
    trial: { napsInLooks: fault === undefined },
  });
  return resultOf(run, (performance.now() - began) / 1_000);
}

function resultOf({ readRaces, threads, verdicts }: RunResult, seconds: number): ReadsResult {
  const { reads, overlapped, illegal, unjudged, backward } = readRaces;
  return {
    reads, overlapped, seconds, illegal: illegal ?? 0, unjudged: unjudged ?? reads, backward: backward ?? 0,
    retried: threads!.reports.reduce((sum, { readRetries }) => sum + readRetries.slice(1).reduce((a, b) => a + b, 0), 0),
    broken: verdicts.flatMap(({ id, verdict }) => (verdict.verdict === 'broken' ? [`${id}: ${verdict.violations}`] : [])),
    windows: threads!.windows,
  };
}

/** Parts together. */
export function sumOf(results: readonly ReadsResult[]): ReadsResult {
  const sum = (of: (result: ReadsResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return {
    reads: sum(({ reads }) => reads), overlapped: sum(({ overlapped }) => overlapped), illegal: sum(({ illegal }) => illegal),
    unjudged: sum(({ unjudged }) => unjudged), backward: sum(({ backward }) => backward), retried: sum(({ retried }) => retried),
    seconds: sum(({ seconds }) => seconds), broken: results.flatMap(({ broken }) => broken),
    windows: { opened: sum(({ windows }) => windows.opened), overlapping: sum(({ windows }) => windows.overlapping) },
  };
}

/** Ends the run after so many reads. */
class EnoughReads implements EventConsumer {
  readonly interests = [Event.task_cputime];
  private readonly controller = new AbortController();
  private left: number;

  constructor(reads: number) {
    this.left = reads;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  onEvent(id: number): void {
    if (id !== Event.task_cputime) return;
    this.left -= 1;
    if (this.left === 0) this.controller.abort();
  }
}
