/**
 * `npm run swarm -- --help`: machines, command lines, clock disturbances and workloads by chance, each a function of its
 * seed, and judged. A scenario that failed is written to a folder, and the line that runs it again is printed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Ns } from '../shared/units.ts';
import type { EngineChoice } from '../src/engine/run.ts';
import { CpuPool } from '../src/host/threads/cpu-pool.ts';
import { tuneV8 } from '../src/host/v8-tuning.ts';
import { simulate, type RunResult } from '../src/sim.ts';
import { parseTime } from '../src/workload/quantity.ts';
import type { Scenario } from '../src/workload/scenario.ts';
import { scenarioOf } from './swarm/scenario.ts';
import { Tally, type Failure } from './swarm/tally.ts';
import { argumentsOr, helpIfAsked, integerOf } from './usage.ts';

const ENGINES: Readonly<Record<string, EngineChoice>> = {
  inline: { kind: 'inline' },
  lockstep: { kind: 'threads', sync: 'lockstep', memory: 'wasm' },
  free: { kind: 'threads', sync: 'free', memory: 'wasm' },
};
/** One seed of so many runs on racing CPUs too. */
const FREE_EVERY = 5;
/** Threads are let go after so many seeds. */
const POOL_SEEDS = 25;
const PROGRESS_EVERY = 20;

const HELP = `npm run swarm -- [--seeds N] [--from S] [--engines inline,lockstep,free] [--duration 2s] [--keep DIR] [--print]

Small machines, command lines, disturbed clocks and workloads by chance, each a function of its seed: CPUs and how each
accounts CPU time, devices, thefts by a hypervisor; tasks that compute, sleep, fork, end, call, change their nice value, run
guests and set timers, alone and as threads of processes; readers of every view in tasks, interrupts and the coordinator.

  --seeds N      how many (1000)
  --from S       the first (1)
  --engines E    on which: inline judges each; lockstep must give inline's digest; free runs each fifth (all three)
  --duration T   simulated time of each (2s)
  --keep DIR     where scenarios that failed are written (runs/swarm)
  --print        each scenario on stdout
  --help         this

Exit code 1: an oracle is broken, a run failed, or an oracle was not put to the test by any run.
Example: npm run swarm -- --seeds 100 --engines inline`;

helpIfAsked(HELP);
const { values, durationNs, engines, from, seeds } = argumentsOr('swarm', () => {
  const { values } = parseArgs({ options: {
    seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' }, duration: { type: 'string', default: '2s' },
    engines: { type: 'string', default: 'inline,lockstep,free' }, keep: { type: 'string', default: 'runs/swarm' },
    print: { type: 'boolean', default: false },
  } });
  const engines = values.engines.split(',');
  const unknown = engines.find((engine) => ENGINES[engine] === undefined);
  if (unknown !== undefined) throw new RangeError(`--engines ${unknown}: expected some of ${Object.keys(ENGINES).join(', ')}`);
  return {
    values, engines, durationNs: durationOf(values.duration), from: integerOf('--from', values.from, 1),
    seeds: integerOf('--seeds', values.seeds, 1),
  };
});

function durationOf(text: string): Ns {
  try {
    return parseTime(text);
  } catch {
    throw new RangeError(`--duration ${text}: expected a time with its unit, such as "2s"`);
  }
}

async function attempt(tally: Tally, seed: number, engine: string, scenario: Scenario): Promise<{ run?: RunResult; failures: Failure[] }> {
  try {
    const run = await simulate(scenario, { engine: ENGINES[engine]! });
    return { run, failures: tally.add(seed, engine, run) };
  } catch (error) {
    return { failures: tally.fail({ seed, engine, says: String(error instanceof Error ? error.message : error).split('\n')[0]! }) };
  }
}

async function runSeed(tally: Tally, seed: number): Promise<void> {
  const { text, scenario } = scenarioOf(seed, durationNs);
  if (values.print) console.log(text);
  const failures: Failure[] = [];
  let digest: string | undefined;
  for (const engine of engines) {
    if (engine === 'free' && seed % FREE_EVERY !== 0 && seeds > 1) continue;
    const { run, failures: found } = await attempt(tally, seed, engine, scenario);
    failures.push(...found);
    if (engine === 'inline') digest = run?.digest;
    else if (engine === 'lockstep' && run !== undefined && digest !== undefined && run.digest !== digest) {
      failures.push(...tally.fail({ seed, engine, says: `digest ${run.digest}, on inline ${digest}` }));
    }
  }
  if (failures.length > 0) report(seed, text, failures);
}

function report(seed: number, text: string, failures: readonly Failure[]): void {
  mkdirSync(values.keep, { recursive: true });
  const file = join(values.keep, `swarm-${seed}.json`);
  writeFileSync(file, text);
  for (const { engine, says } of failures) console.log(`seed ${seed}, ${engine}: ${says}`);
  const { engine } = failures[0]!;
  const words = engine === 'inline' ? '--engine inline' : `--engine threads --sync ${engine}`;
  console.log(`    dynticks run ${file} ${words}`);
  const both = engine === 'lockstep' ? 'inline,lockstep' : engine;
  console.log(`    npm run swarm -- --from ${seed} --seeds 1 --engines ${both} --duration ${values.duration}`);
}

tuneV8();
const tally = new Tally();
const started = performance.now();
for (let i = 0; i < seeds; i++) {
  await runSeed(tally, from + i);
  if ((i + 1) % POOL_SEEDS === 0) await CpuPool.closeAll();
  if ((i + 1) % PROGRESS_EVERY === 0) {
    console.error(`${i + 1} of ${seeds} seeds, ${((performance.now() - started) / 1e3).toFixed(0)} s, ${tally.failures.length} failures`);
  }
}
await CpuPool.closeAll();
tally.print(console.log);
if (tally.failures.length > 0 || tally.unexercised.length > 0) process.exitCode = 1;
