/**
 * `npm run rtapp -- FOLDER|FILE...`: runs rt-app files whole, for the duration that each asks for,
 * and judges them: all oracles, and each complete pass ran each of its events once.
 */
import { readFileSync } from 'node:fs';
import { tuneV8 } from '../src/host/v8-tuning.ts';
import { FAULTS } from '../src/machine/faults.ts';
import { factsOf, simulate, type RunResult } from '../src/sim.ts';
import { resolveScenario } from '../src/workload/resolve.ts';
import { parseWorkload } from '../src/workload/rtapp/parse-workload.ts';
import { Source } from '../src/workload/rtapp/source.ts';
import { PassChecker } from './rtapp/pass-checker.ts';
import { argumentsOr, helpIfAsked, jsonFilesOf } from './usage.ts';

helpIfAsked(`npm run rtapp -- FOLDER|FILE...

Runs rt-app files whole, for the duration that each asks for, and judges them: all oracles, and each complete pass ran each of its
events once. Exit code 1 if anything did not hold.`);

const CPUTIME = ['tick', 'gen'] as const;

/** Runs one file and prints a line; whether everything held. */
async function runFile(file: string, cputime: (typeof CPUTIME)[number]): Promise<boolean> {
  const text = readFileSync(file, 'utf8');
  const scenario = resolveScenario(text, file, { cputime }, FAULTS.map(({ id }) => id));
  const { tasks } = parseWorkload(new Source(file), text);
  const facts = factsOf(scenario);
  const checker = new PassChecker(tasks, (task) => facts.tasks[task]!.declaration);
  const start = performance.now();
  const run = await simulate(scenario, { consumers: [checker] });
  const hostS = (performance.now() - start) / 1e3;
  const broken = run.verdicts.filter(({ verdict }) => verdict.verdict === 'broken').map(({ id }) => id);
  const held = broken.length === 0 && checker.complaints.length === 0;
  console.log(lineOf(file, cputime, run, checker, hostS, held));
  for (const complaint of [...broken, ...checker.complaints.slice(0, 3)]) console.log(`    ${complaint}`);
  return held;
}

function lineOf(file: string, cputime: string, run: RunResult, checker: PassChecker, hostS: number, held: boolean): string {
  const simulatedS = run.endNs / 1e9;
  const speed = `${simulatedS.toFixed(1).padStart(6)} s simulated in ${hostS.toFixed(1).padStart(5)} s`;
  return `${held ? 'held  ' : 'BROKEN'} ${cputime.padEnd(4)} ${speed}, `
    + `${checker.passes} passes, ${checker.events} events, ended by ${run.reason}: ${file}`;
}

tuneV8();
const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error('usage: npm run rtapp -- FOLDER|FILE...    (rt-app workloads, run whole)');
  process.exitCode = 2;
}
const files = argumentsOr('rtapp', () => paths.flatMap(jsonFilesOf));
let allHeld = true;
for (const file of files) {
  for (const cputime of CPUTIME) allHeld = (await runFile(file, cputime)) && allHeld;
}
if (!allHeld) process.exitCode = 1;
