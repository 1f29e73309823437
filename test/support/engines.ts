/**
 * Every engine, for suites that must hold on all of them. Threads run `dist/`, which `npm test` builds
 * first; a stale one is refused.
 */
import { afterAll, describe } from 'vitest';
import type { EngineChoice, ThreadsChoice } from '../../src/engine/run.ts';
import { CpuPool } from '../../src/host/threads/cpu-pool.ts';
import { simulate, type RunResult, type SimulateOptions } from '../../src/sim.ts';
import type { Scenario } from '../../src/workload/scenario.ts';
import { NATIVE, type NativeKind } from './each-memory.ts';

export const lockstep = (memory: NativeKind): ThreadsChoice => ({ kind: 'threads', sync: 'lockstep', memory });
export const free = (memory: NativeKind): ThreadsChoice => ({ kind: 'threads', sync: 'free', memory });

const ENGINES: Readonly<Record<string, EngineChoice>> = {
  inline: { kind: 'inline' },
  ...Object.fromEntries(NATIVE.flatMap((memory) => [[`lockstep, ${memory}`, lockstep(memory)], [`free, ${memory}`, free(memory)]])),
};

/** Declares the suite once for each engine, and ends its threads after it. */
export function describeEachEngine(title: string, suite: (engine: EngineChoice) => void): void {
  for (const [name, engine] of Object.entries(ENGINES)) {
    describe(`${title} [${name}]`, () => {
      closePoolsAfterwards();
      suite(engine);
    });
  }
}

/** In a suite: threads that are kept warm between its runs end with it. */
export function closePoolsAfterwards(): void {
  afterAll(() => CpuPool.closeAll());
}

/** Runs the scenario to its end; judged, if nobody says otherwise. */
export function runOn(engine: EngineChoice, scenario: Scenario, options: Omit<SimulateOptions, 'engine'> = {}): Promise<RunResult> {
  return simulate(scenario, { ...options, engine });
}
