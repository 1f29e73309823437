/** The commands, their flags and their help. Flags stay text here; `options.ts` makes sense of them. */
import { Command, CommanderError } from 'commander';
import { CPUTIME_FLAVOURS } from '../../shared/cputime-flavour.ts';
import { packageVersion } from '../host/package-root.ts';
import { DEFAULT_ENGINE, engineLine, engineLines, EXPLORER } from './engines.ts';
import { LIST_KINDS } from './catalogue.ts';
import { ExitCode } from './exit-codes.ts';
import { exploreCommand, replayCommand, type ExploreDoors } from './explore-command.ts';
import { parseExploreOptions, type RawExploreOptions } from './explore-options.ts';
import { failureOf, reportFailure } from './failures.ts';
import { listCommand } from './list-command.ts';
import { parseRunOptions, type RawRunOptions } from './options.ts';
import { shellWord } from './reproduce.ts';
import { runCommand, type RunDoors } from './run-command.ts';
import type { Terminal } from './terminal.ts';

export type Doors = RunDoors & ExploreDoors;

/** Runs the command that `argv` (without node and script) names. Never throws. */
export async function dispatch(argv: readonly string[], terminal: Terminal, doors: Doors): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.Held;
  const program = newProgram(terminal);
  addRun(program, async (scenario, raw) => {
    exitCode = await runCommand(parseRunOptions(scenario, raw), terminal, doors);
  });
  addExplore(program, async (model, raw) => {
    exitCode = await exploreCommand(parseExploreOptions(model, raw, doors.models), terminal, doors);
  });
  addReplay(program, async (line, json) => {
    exitCode = await replayCommand(line, json, terminal, doors);
  });
  addList(program, (kind, json) => {
    exitCode = listCommand(kind, json, terminal);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return explain(error, argv, terminal);
  }
}

/** Commander has said its own errors by then; help and version come as errors with exit code 0. */
function explain(error: unknown, argv: readonly string[], terminal: Terminal): ExitCode {
  const json = argv.includes('--json');
  if (!(error instanceof CommanderError)) {
    const reproduce = ['dynticks', ...argv].map(shellWord).join(' ');
    return reportFailure(failureOf(error, { reproduce, folder: null }), json, terminal);
  }
  if (error.exitCode === 0) return ExitCode.Held;
  if (error.code === 'commander.help') return ExitCode.BadInput;
  return reportFailure({ exitCode: ExitCode.BadInput, message: usageText(error.message) }, json, terminal);
}

/** As commander puts it, without its own prefix, and on one line. */
function usageText(message: string): string {
  return `${message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')} (dynticks --help shows what there is)`;
}

function newProgram(terminal: Terminal): Command {
  return new Command('dynticks')
    .description('A simulated Linux SMP machine for the part of a kernel that keeps time.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // said once, by `explain`
      outputError: () => {},
    })
    .addHelpText('after', `
Examples:
  $ dynticks run first-light
  $ dynticks explore
  $ dynticks list scenarios

Exit codes: 0 held, 1 a property was broken or a model failed, 2 bad usage or input,
            3 our own bug or a thread that died, 4 a limit was reached before the answer, 130 interrupted`);
}

type RunAction = (scenario: string, raw: RawRunOptions) => Promise<void>;

function addRun(program: Command, action: RunAction): void {
  program.command('run')
    .description('run a scenario, judge it, keep it in a folder')
    .argument('<scenario>', 'rt-app JSON file, - for standard input, or the name of a shipped scenario')
    .option('--cmdline <parameters>', 'Linux boot parameters, appended to the scenario’s; may be repeated', collect)
    .option('--kernel <version>', 'kernel whose behaviour is simulated (default 6.12)')
    .option('--cpus <n>', 'CPUs of the machine (default 4, or the highest CPU named + 1)')
    .option('--hz <n>', 'ticks a second: 100, 250 (default) or 1000')
    .option('--duration <time>', 'simulated time, with its unit: 5s, 200ms')
    .option('--engine <name>', `threads (a thread for each CPU) or inline (one for all); default ${DEFAULT_ENGINE}`)
    .option('--sync <kind>', 'threads: free (CPUs race; default) or lockstep (as inline, byte for byte; default with cuts)')
    .option('--memory <kind>', 'threads: atomic operations of wasm (default) or of JavaScript (atomics)')
    .option('--reads <kind>', 'free: reads of other CPUs’ time are racing (default) or fresh (they wait for that CPU)')
    .option('--skew <time>', 'free: how far CPUs may stand apart (default a quarter tick)')
    .option('--widen <time>', 'free: a fault pauses up to so much host time where it does its harm (default not at all)')
    .option('--ties <order>', 'events at one instant: fixed (default) or shuffled')
    .option('--cputime <flavour>', `auto (default), ${CPUTIME_FLAVOURS.join(', ')}`)
    .option('--reader <kind>', 'linux (default) or complete')
    .option('--seed <n>', 'seed of everything that is drawn (default 1)')
    .option('--fault <id>', 'switch a bug on, none for no bug; may be repeated', collect)
    .option('--require <oracle>', 'fail if this oracle had nothing to judge; may be repeated', collect)
    .option('--trace <limit>', 'what trace.bin keeps: full (default), ring:64M or off')
    .option('--out <folder>', 'the run’s folder, new or empty (default runs/<scenario>-<seed>-<n>)')
    .option('--json', 'run.json on stdout and nothing else there')
    .option('--quiet', 'only what broke and the last line')
    .addHelpText('after', `
Examples:
  $ dynticks run workload.json --cpus 8 --cmdline "nohz_full=1-7 skew_tick=1" --duration 10s --seed 42
  $ dynticks run workload.json --engine inline
  $ dynticks run workload.json --sync free --reads fresh --skew 20us
  $ dynticks run fault-torn-vtime --sync lockstep --memory atomics

${engineLines()}`)
    .action((scenario: string, raw: RawRunOptions) => action(scenario, raw));
}

function addExplore(program: Command, action: (model: string | undefined, raw: RawExploreOptions) => Promise<void>): void {
  program.command('explore')
    .description('try the interleavings of a model of shared memory, and show one that fails')
    .argument('[model]', 'a name from dynticks list models (default all, one after the other)')
    .option('--mode <kind>', 'quick (default), thorough, exhaustive, bounded or random; see below')
    .option('--mutant <id>', 'the model with this bug planted in it: it must fail')
    .option('--preemptions <n>', 'bounded: at most so many preemptions (default 3)')
    .option('--seed <n>', 'random: seed of what is drawn (default 1)')
    .option('--executions <n>', 'at most so many a model (random: default 100000, unless there is a budget)')
    .option('--budget <time>', 'host time a model, with its unit: 30s (default as long as it takes)')
    .option('--json', 'one document on stdout and nothing else there')
    .addHelpText('after', `
Examples:
  $ dynticks explore
  $ dynticks explore seqcount --mode exhaustive
  $ dynticks explore seqcount --mutant no-retry --preemptions 2
  $ dynticks explore seqcount --mode random --seed 7 --budget 30s

quick, thorough  what each model names as enough (of a mutant bounded): one of the following; the table says which
exhaustive       every class of interleavings, so a pass is a proof for this model
bounded          all that so many preemptions lead to; a pass says nothing of more
random           some interleavings; no failure seen is no pass
Exit codes: 0 nothing failed of what was asked for, 1 a failure was found, 4 a limit came before the answer

${engineLine(EXPLORER)}`)
    .action((model: string | undefined, raw: RawExploreOptions) => action(model, raw));
}

function addReplay(program: Command, action: (line: string, json: boolean) => Promise<void>): void {
  program.command('replay')
    .description('execute one interleaving again, as explore printed it, and show it')
    .argument('<string>', 'model and schedule: the word after "dynticks replay" in a failure of explore')
    .option('--json', 'as one JSON document')
    .addHelpText('after', `
Example:
  $ dynticks replay seqcount/no-retry:0x4-1x3-00-1

Exit codes: 0 the execution holds, 1 it fails, 2 it is no schedule of the model as it is now`)
    .action((line: string, options: { readonly json?: boolean }) => action(line, options.json ?? false));
}

function addList(program: Command, action: (kind: string | undefined, json: boolean) => void): void {
  program.command('list')
    .description('what there is to choose from')
    .argument('[kind]', LIST_KINDS.join(' | '))
    .option('--json', 'as one JSON document')
    .addHelpText('after', `
Example:
  $ dynticks list faults`)
    .action((kind: string | undefined, options: { readonly json?: boolean }) => action(kind, options.json ?? false));
}

function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
