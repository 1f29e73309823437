/**
 * `npm run lockstep [-- FOLDER|FILE...]`: lockstep held to the inline engine, byte for byte. Every
 * shipped scenario, and every rt-app file that is named, on each number of CPUs up to 8 that it can run
 * on, over both memories, with and without pauses of the host between events. Exit code 1 if any run differs.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CpuPool } from '../src/host/threads/cpu-pool.ts';
import { packageRoot } from '../src/host/package-root.ts';
import { tuneV8 } from '../src/host/v8-tuning.ts';
import { FAULTS } from '../src/machine/faults.ts';
import { BadInput } from '../src/workload/bad-input.ts';
import { resolveScenario } from '../src/workload/resolve.ts';
import type { Scenario } from '../src/workload/scenario.ts';
import { differencesOf, measureInline, type Measure } from './lockstep/compare.ts';
import { cutShort } from './lockstep/cut-short.ts';
import { argumentsOr, helpIfAsked, jsonFilesOf } from './usage.ts';

helpIfAsked(`npm run lockstep [-- FOLDER|FILE...]

Holds lockstep to the inline engine, byte for byte: every shipped scenario, and every rt-app file that is named, on 1 to 8 CPUs, over
both memories, with and without pauses of the host between events. Exit code 1 if any run differs.`);

const CPUS_MAX = 8;
/** A run ends with its scenario, or after so many events that lockstep has to put in order. */
const ORDERED_MAX = 50_000;
/** Longest pause between two events, in ns. */
const PAUSE_NS = 20_000;
const MEMORIES = ['wasm', 'atomics'] as const;
const PAUSES = [0, PAUSE_NS] as const;

/** The file on so many CPUs; undefined where its affinities do not allow that. */
function resolveOn(file: string, cpus: number): Scenario | undefined {
  try {
    return resolveScenario(readFileSync(file, 'utf8'), file, { cpus }, FAULTS.map(({ id }) => id));
  } catch (error) {
    if (error instanceof BadInput) return undefined;
    throw error;
  }
}

/** One run, and how it compares: a cell of the table. */
async function cellOf(measure: Measure, memory: (typeof MEMORIES)[number], jitterNs: number, complaints: string[]): Promise<string> {
  const start = performance.now();
  const found = await differencesOf(measure, { kind: 'threads', sync: 'lockstep', memory }, { jitterNs });
  complaints.push(...found.map((difference) => `${memory}${jitterNs > 0 ? ' with pauses' : ''}, ${difference}`));
  const seconds = ((performance.now() - start) / 1e3).toFixed(1);
  return `${found.length === 0 ? 'equal' : 'DIFFERS'} ${seconds.padStart(5)} s`.padEnd(15);
}

/** A line of the table; what differs. */
async function runLine(name: string, whole: Scenario): Promise<string[]> {
  const { scenario, ordered } = cutShort(whole, ORDERED_MAX);
  const measure = await measureInline(scenario);
  const complaints: string[] = [];
  const cells: string[] = [];
  for (const memory of MEMORIES) for (const jitterNs of PAUSES) cells.push(await cellOf(measure, memory, jitterNs, complaints));
  const counts = `${String(ordered).padStart(6)}  ${measure.print.records.padStart(8)}`;
  console.log(`${name.padEnd(28)} ${String(scenario.cpus).padStart(4)}  ${counts}  ${cells.join('  ')}`);
  for (const complaint of complaints) console.log(`    ${complaint.replaceAll('\n', '\n    ')}`);
  return complaints;
}

tuneV8();
const started = performance.now();
const paths = [join(packageRoot(), 'scenarios'), ...process.argv.slice(2)];
const files = argumentsOr('lockstep', () => paths.flatMap(jsonFilesOf));
let lines = 0;
let differing = 0;
console.log(`lockstep against inline: at most ${ORDERED_MAX} ordered events, pauses of at most ${PAUSE_NS / 1e3} us\n`);
const heads = MEMORIES.flatMap((memory) => [memory, `${memory}, pauses`]).map((head) => head.padEnd(15));
console.log(`${'file'.padEnd(28)} cpus ordered   records  ${heads.join('  ')}`);
for (const file of files) {
  for (let cpus = 1; cpus <= CPUS_MAX; cpus++) {
    const scenario = resolveOn(file, cpus);
    if (scenario === undefined) continue;
    lines += 1;
    if ((await runLine(basename(file), scenario)).length > 0) differing += 1;
  }
  await CpuPool.closeAll();
}
const minutes = ((performance.now() - started) / 60e3).toFixed(1);
const verdict = differing === 0 ? 'all equal' : `${differing} machines differ`;
console.log(`\n${lines} machines, ${lines * heads.length} runs on threads in ${minutes} minutes: ${verdict}`);
if (differing > 0) process.exitCode = 1;
