/**
 * `npm run linux`: holds the simulated machine beside recordings of a real kernel, figure by figure.
 * Exit code 0 only if every figure that is not noise lies inside its tolerance.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { tuneV8 } from '../src/host/v8-tuning.ts';
import { compare } from './linux/compare.ts';
import { laterBecause, letterOf, placeOf } from './linux/configurations.ts';
import { isTickless, kindsAgree, kindsTable, readerKinds, type ReaderKinds } from './linux/reader-kinds.ts';
import { readRecordings, type Recording } from './linux/recordings.ts';
import { passText, tallyOf, type PassReport } from './linux/report.ts';
import { rulesOf, toleranceFile } from './linux/rules.ts';
import { simulatedFigures } from './linux/simulated.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RECORDINGS = join(ROOT, 'test', 'linux', 'recordings');
const SCENARIOS = join(ROOT, 'scenarios');
const TOLERANCES = join(ROOT, 'test', 'linux', 'tolerances.json');

interface Flags {
  readonly recordings: string;
  readonly only: readonly string[];
  readonly json: boolean;
  readonly readers: boolean;
  readonly verbose: boolean;
}

const program = new Command('linux')
  .description('Runs the simulator on recordings of a real kernel and prints figure by figure: real, simulated, tolerance, verdict.')
  .option('--recordings <dir>', 'a folder of recordings', RECORDINGS)
  .option('--only <pass...>', 'these alone: c, c/busy, busy or c/busy/notrace', [])
  .option('--json', 'one JSON document instead of text', false)
  .option('--readers', 'instead: steps back of readers on CPUs without ticks, real, linux and complete side by side', false)
  .option('--verbose', 'also the figures that hold', false)
  .helpOption('--help', 'this text');
program.parse();
tuneV8();
process.exitCode = await main(program.opts());

async function main({ recordings, only, json, verbose, readers }: Flags): Promise<number> {
  if (readers) return besideReaders(recordings, only);
  const rules = rulesOf(toleranceFile.parse(JSON.parse(readFileSync(TOLERANCES, 'utf8'))));
  const all = readRecordings(recordings).filter((recording) => only.length === 0 || only.some((name) => isMeant(recording, name)));
  const compared = all.filter((recording) => laterBecause(recording) === null);
  const reports: PassReport[] = [];
  for (const recording of compared) {
    const name = nameOf(recording);
    process.stderr.write(`${reports.length + 1} of ${compared.length}: ${name}\n`);
    const figures = compare(placeOf(recording), recording.figures, await simulatedFigures(recording), rules);
    reports.push({ name, figures });
    if (!json) console.log(passText(reports.at(-1)!, verbose));
  }
  const later = all.filter((recording) => !compared.includes(recording))
    .map((recording) => ({ name: nameOf(recording), why: laterBecause(recording) }));
  const total = tallyOf(reports.flatMap(({ figures }) => figures));
  if (json) console.log(JSON.stringify({ passes: reports, later, total }, null, 2));
  else {
    for (const { name, why } of later) console.log(`later ${name}: ${why}`);
    console.log(`${reports.length} passes: ${total.ok} figures ok, ${total.out} out, ${total.noise} noise; ${later.length} passes later`);
  }
  if (reports.length === 0) console.error('nothing to compare');
  return total.out === 0 && reports.length > 0 ? 0 : 1;
}

async function besideReaders(recordings: string, only: readonly string[]): Promise<number> {
  const isOne = (recording: Recording): boolean => only.length === 0 || only.some((name) => isMeant(recording, name));
  const meant = readRecordings(recordings).filter((recording) => isTickless(recording) && isOne(recording));
  const rows: ReaderKinds[] = [];
  for (const recording of meant) {
    process.stderr.write(`${rows.length + 1} of ${meant.length}: ${nameOf(recording)}\n`);
    rows.push(await readerKinds(recording, SCENARIOS));
  }
  console.log(kindsTable(rows));
  return rows.length > 0 && rows.every(kindsAgree) ? 0 : 1;
}

function nameOf({ configuration, pass }: Recording): string {
  return `${configuration.name}/${pass}`;
}

/** `c`, `c/busy`, `busy`, `c/busy/notrace`. */
function isMeant(recording: Recording, name: string): boolean {
  const { configuration, workload, pass } = recording;
  const configurations = [configuration.name, letterOf(recording) ?? ''];
  return [workload, pass, ...configurations, ...configurations.flatMap((of) => [`${of}/${workload}`, `${of}/${pass}`])].includes(name);
}
