/**
 * Remote reads that race real writers: scenarios with readers, on threads in `free`, until so many looks at CPU time of tasks,
 * processes and CPUs have been made. A soak is rounds of parts, each a run of its own with a seed of its own, so that what fails has
 * a name. Readers are held up now and then in the midst of a look, so that writers overtake them on a host of one core, too. What the
 * oracles say is the result.
 */
import type { ThreadsChoice } from '../../src/engine/run.ts';
import { brokenIn, race, type RaceResult } from './race.ts';

/** The scenarios of a round, and of a hundred reads how many are theirs. */
const ROUND = [
  { scenario: 'mutual-reads', memory: 'wasm', share: 58 },
  { scenario: 'mutual-reads', memory: 'atomics', share: 23 },
  { scenario: 'racing-reads', memory: 'wasm', share: 6 },
  { scenario: 'racing-guests', memory: 'wasm', share: 4 },
  { scenario: 'racing-views', memory: 'wasm', share: 2 },
  { scenario: 'racing-views', memory: 'atomics', share: 1 },
  { scenario: 'racing-accounts', memory: 'wasm', share: 2 },
  { scenario: 'racing-exits', memory: 'wasm', share: 3 },
  { scenario: 'reads-everywhere', memory: 'wasm', share: 1 },
] as const;
const ROUND_READS = 1_000_000;

export const READ_SCENARIOS = [...new Set(ROUND.map(({ scenario }) => scenario))];

export interface ReadsPart {
  readonly scenario: string;
  readonly memory: ThreadsChoice['memory'];
  readonly seed: number;
  /** Reads to be made. */
  readonly reads: number;
}

/** What came of a part. */
export interface ReadsResult {
  readonly reads: number;
  /** The same by event. */
  readonly looks: Readonly<Record<string, number>>;
  /** Reads of a task in whose bracket a version was published. */
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
      parts.push({ scenario, memory, seed: seed + parts.length, reads: Math.ceil((ofRound * share) / shares) });
    }
    left -= ofRound;
  }
  return parts;
}

export async function soakReads({ reads, ...part }: ReadsPart): Promise<ReadsResult> {
  const began = performance.now();
  const result = await race({ ...part, looks: reads, napsInLooks: true });
  return resultOf(result, (performance.now() - began) / 1_000);
}

/** Oracles that judge looks at processes, guest time, sleeps and accounts, as V-02 does those at tasks. */
const OTHER_JUDGES = ['A-05', 'A-06', 'I-03', 'V-03'];

function resultOf({ run, looks }: RaceResult, seconds: number): ReadsResult {
  const { readRaces, threads, verdicts } = run;
  const { reads, overlapped, illegal, unjudged, backward } = readRaces;
  const others = verdicts.filter(({ id }) => OTHER_JUDGES.includes(id)).map(({ verdict }) => verdict.unjudged ?? 0);
  return {
    reads: Object.values(looks).reduce((sum, made) => sum + made, 0),
    looks, overlapped, seconds, illegal: illegal ?? 0, backward: backward ?? 0,
    unjudged: others.reduce((sum, each) => sum + each, unjudged ?? reads),
    retried: threads!.reports.reduce((sum, { readRetries }) => sum + readRetries.slice(1).reduce((a, b) => a + b, 0), 0),
    broken: brokenIn(run),
    windows: threads!.windows,
  };
}

/** Parts together. */
export function sumOf(results: readonly ReadsResult[]): ReadsResult {
  const sum = (of: (result: ReadsResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return {
    reads: sum(({ reads }) => reads), looks: looksOf(results),
    overlapped: sum(({ overlapped }) => overlapped), illegal: sum(({ illegal }) => illegal),
    unjudged: sum(({ unjudged }) => unjudged), backward: sum(({ backward }) => backward), retried: sum(({ retried }) => retried),
    seconds: sum(({ seconds }) => seconds), broken: results.flatMap(({ broken }) => broken),
    windows: { opened: sum(({ windows }) => windows.opened), overlapping: sum(({ windows }) => windows.overlapping) },
  };
}

function looksOf(results: readonly ReadsResult[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { looks } of results) {
    for (const [event, made] of Object.entries(looks)) sum[event] = (sum[event] ?? 0) + made;
  }
  return sum;
}
