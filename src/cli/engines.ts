/** The engines: which one runs, and what each promises. A command prints the promise of what it uses. */
import type { EngineChoice, ThreadsChoice } from '../engine/run.ts';
import type { EngineFacts } from '../host/run-json.ts';
import { engineName } from '../host/texts.ts';
import { BadInput } from '../workload/bad-input.ts';
import type { Overrides } from '../workload/resolve.ts';
import type { Scenario } from '../workload/scenario.ts';

/** What runs a scenario when nobody says. */
export const DEFAULT_ENGINE: EngineChoice['kind'] = 'threads';
const DEFAULT_MEMORY: ThreadsChoice['memory'] = 'wasm';

/** What the flags say; what they do not say is decided by `chooseEngine`. */
export interface EngineFlags {
  readonly kind?: EngineChoice['kind'];
  readonly sync?: ThreadsChoice['sync'];
  readonly memory?: ThreadsChoice['memory'];
}

/**
 * Whoever says how threads agree, or over which memory, wants threads. A cut names the n-th event of
 * a CPU and what comes after it, which has a meaning only where events have a fixed order.
 * @throws BadInput where flags contradict each other or the scenario
 */
export function chooseEngine(flags: EngineFlags, { cuts }: Pick<Scenario, 'cuts'>): EngineChoice {
  const { sync, memory } = flags;
  if (flags.kind === 'inline') {
    if (sync !== undefined) throw forThreadsOnly('--sync', sync);
    if (memory !== undefined) throw forThreadsOnly('--memory', memory);
  }
  const kind = flags.kind ?? (sync === undefined && memory === undefined ? DEFAULT_ENGINE : 'threads');
  if (kind === 'inline') return { kind };
  if (sync === 'free' && cuts.length > 0) throw freeWithCuts();
  return { kind, sync: sync ?? (cuts.length > 0 ? 'lockstep' : 'free'), memory: memory ?? DEFAULT_MEMORY };
}

function forThreadsOnly(flag: string, value: string): BadInput {
  return new BadInput({
    file: 'command line', path: flag, found: `"${value}" beside --engine inline`,
    expected: 'no such choice where all CPUs are in one thread',
    hint: `Leave ${flag} away, or say --engine threads.`,
  });
}

function freeWithCuts(): BadInput {
  return new BadInput({
    file: 'command line', path: '--sync', found: '"free" for a scenario with cuts', expected: '"lockstep"',
    hint: 'A cut needs events in a fixed order: leave --sync away, or say --engine inline.',
  });
}

/** What of the flags does nothing in this run: a sentence each. */
export function idleFlags(engine: EngineChoice, { reads, skewNs, widenNs }: Overrides, { faults }: Scenario): string[] {
  const given = { '--reads': reads, '--skew': skewNs, '--widen': widenNs };
  const flags = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (flags.length > 0 && !isFree(engine)) {
    return [`command line: ${flags.join(', ')}: without effect, because CPUs race with --engine threads --sync free only.`];
  }
  return widenNs !== undefined && faults.length === 0 ? ['command line: --widen: without effect, because no fault is switched on.'] : [];
}

/** Whether CPUs run as they like. */
export function isFree(engine: EngineChoice): boolean {
  return engine.kind === 'threads' && engine.sync === 'free';
}

const DETERMINISM = {
  inline: 'all CPUs in one thread, smallest event key first; '
    + 'the same line gives the same bytes (trace.bin, digest, run.json but its host block)',
  lockstep: 'each CPU on a thread of its own, events that touch what others see one at a time, smallest key first; '
    + 'the same line gives the same bytes, and the same trace.bin, digest and figures as inline',
  free: 'real races on real threads; a verdict, not bytes, is what two runs have in common '
    + '(trace.bin, digest and figures are those of this run)',
} as const;

export function engineFacts(engine: EngineChoice): EngineFacts {
  if (engine.kind === 'inline') return { name: engine.kind, determinism: DETERMINISM.inline };
  const { kind, sync, memory } = engine;
  return { name: kind, sync, memory, determinism: DETERMINISM[sync] };
}

/** For commands that run no machine. */
export const NO_ENGINE: EngineFacts = {
  name: 'none',
  determinism: 'no machine runs; the answer depends on this version of dynticks only',
};

/** For commands that explore models. */
export const EXPLORER: EngineFacts = {
  name: 'explorer',
  determinism: 'each access of shared memory is a step, and the search says whose comes next; memory is sequentially consistent; '
    + 'the same line tries the same executions (but a time budget may end them elsewhere)',
};

export function engineLine(engine: EngineFacts): string {
  return `engine ${engineName(engine)}: ${engine.determinism}`;
}

/** For the help: every engine and its promise. */
export function engineLines(): string {
  const threads = (sync: ThreadsChoice['sync']): EngineChoice => ({ kind: 'threads', sync, memory: DEFAULT_MEMORY });
  return [threads('free'), threads('lockstep'), { kind: 'inline' } as const].map((engine) => engineLine(engineFacts(engine))).join('\n');
}
