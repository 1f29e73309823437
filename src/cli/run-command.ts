/** `dynticks run`: reads a scenario, runs it, judges it, shows it, keeps it in a folder. */
import type { RunFacts } from '../../shared/event-consumer.ts';
import type { EngineChoice } from '../engine/run.ts';
import { hostFacts } from '../host/host-facts.ts';
import { HostLimit } from '../host/host-limit.ts';
import { packageVersion } from '../host/package-root.ts';
import { reportHtml } from '../host/report-html.ts';
import { printRunDocument, runDocument, type RunRecord, type ThreadFacts, type ThreadsFacts } from '../host/run-json.ts';
import { readScenarioFile, type ScenarioText } from '../host/scenario-file.ts';
import { engineName } from '../host/texts.ts';
import { checkFaults, type ThreadsEnd } from '../engines.ts';
import { dmesg } from '../observe/kernel-log.ts';
import type { RunResult, SimulateOptions } from '../sim.ts';
import { BadInput } from '../workload/bad-input.ts';
import { meantHint } from '../workload/did-you-mean.ts';
import type { Overrides } from '../workload/resolve.ts';
import type { Scenario } from '../workload/scenario.ts';
import { chooseEngine, engineFacts, idleFlags, isFree } from './engines.ts';
import { exitCodeOf, outcomeOf, type ExitCode } from './exit-codes.ts';
import { failureOf, reportFailure } from './failures.ts';
import type { SignalSource } from './interrupt.ts';
import type { RunOptions } from './options.ts';
import { reproduceLine } from './reproduce.ts';
import { runHead, runTail } from './run-text.ts';
import { RunSession } from './run-session.ts';
import { traceLimitText } from './trace-limit.ts';
import type { Terminal } from './terminal.ts';

/** What the command needs of the rest of the program and of the process; tests bring their own. */
export interface RunDoors {
  simulate(scenario: Scenario, options?: SimulateOptions): Promise<RunResult>;
  factsOf(scenario: Scenario, racing?: boolean): RunFacts;
  resolve(text: string, fileName: string, overrides: Overrides): Scenario;
  /** Identifiers of all oracles. */
  readonly oracles: readonly string[];
  readonly shippedDir: string;
  /** Where runs are kept that name no folder. */
  readonly runsDir: string;
  readonly signals: SignalSource;
}

/** What will be run: every choice made. */
interface Plan {
  readonly options: RunOptions;
  readonly source: ScenarioText;
  readonly scenario: Scenario;
  readonly engine: EngineChoice;
  /** The line that gives the run again. */
  readonly reproduce: string;
}

export async function runCommand(options: RunOptions, terminal: Terminal, doors: RunDoors): Promise<ExitCode> {
  let plan: Plan | null = null;
  let session: RunSession | null = null;
  try {
    plan = planOf(options, doors);
    session = openSession(plan, terminal, doors);
    greet(plan, terminal, session);
    const result = await doors.simulate(plan.scenario, {
      engine: plan.engine,
      consumers: session.consumers,
      signal: session.signal,
      logFile: session.logFile,
      onProgress: (progress) => session?.onProgress(progress),
    });
    return keep(result, plan, terminal, session);
  } catch (error) {
    return abandon(error, plan?.reproduce ?? reproduceLine(options, null), options.json, terminal, session);
  } finally {
    session?.close();
  }
}

function planOf(options: RunOptions, doors: RunDoors): Plan {
  checkRequired(options.require, doors.oracles);
  const source = readScenarioFile(options.scenario, doors.shippedDir);
  const resolved = doors.resolve(source.text, source.fileName, options.overrides);
  const engine = chooseEngine(options.engine, resolved);
  checkFaults(resolved, engine);
  const scenario = { ...resolved, warnings: [...resolved.warnings, ...idleFlags(engine, options.overrides, resolved)] };
  return { options, source, scenario, engine, reproduce: reproduceLine(options, { scenario, engine }) };
}

function checkRequired(required: readonly string[], known: readonly string[]): void {
  const wrong = required.find((id) => !known.includes(id));
  if (wrong === undefined) return;
  throw new BadInput({
    file: 'command line', path: '--require',
    found: `"${wrong}"`, expected: `one of ${known.join(', ')}`, hint: meantHint(wrong, known),
  });
}

function openSession({ scenario, engine, options }: Plan, terminal: Terminal, doors: RunDoors): RunSession {
  return new RunSession({
    scenario,
    facts: doors.factsOf(scenario, isFree(engine)),
    out: options.out,
    runsDir: doors.runsDir,
    trace: options.trace,
    bar: options.quiet ? null : terminal.bar,
    signals: doors.signals,
    onInterrupt: () => terminal.err('dynticks: stopping between two events; a second Ctrl-C kills\n'),
  });
}

/** What is known before the first event, for the user and for the log. */
function greet({ scenario, engine, options, reproduce }: Plan, terminal: Terminal, session: RunSession): void {
  const { log } = session;
  log.info(0, 'run begins', {
    scenario: scenario.name, cpus: scenario.cpus, seed: scenario.seed, engine: engineName(engineFacts(engine)), reproduce,
  });
  for (const says of scenario.warnings) log.warn(0, says);
  for (const says of scenario.approximations) log.info(0, says, { approximation: true });
  for (const says of scenario.warnings) terminal.err(`warning: ${says}\n`);
  if (options.quiet) return;
  for (const says of scenario.approximations) terminal.err(`note: ${says}\n`);
  if (!options.json) terminal.out(runHead(scenario, engine, session.folder.path));
}

/** Writes all files of the folder, run.json last, and says what the run came to. */
function keep(result: RunResult, plan: Plan, terminal: Terminal, session: RunSession): ExitCode {
  const record = recordOf(result, plan, terminal, session);
  const { options } = plan;
  const { folder, log } = session;
  session.finishTrace(result.digest);
  for (const { path, text } of result.files) folder.write(path, text);
  folder.write('dmesg', dmesg(result.kernelLog));
  folder.write('report.html', reportHtml(record));
  log.info(result.endNs, 'run ends', { reason: result.reason, outcome: record.outcome, digest: result.digest });
  const text = printRunDocument(runDocument(record));
  if (record.outcome === 'interrupted') folder.leaveIncomplete(text, 'It was interrupted; what is here is readable.');
  else folder.complete(text);
  session.close();
  terminal.out(options.json ? text : runTail(record, options, terminal.colour));
  return record.exitCode as ExitCode;
}

function recordOf(run: RunResult, plan: Plan, terminal: Terminal, session: RunSession): RunRecord {
  const { scenario, source, options, reproduce } = plan;
  const outcome = outcomeOf(run, options.require);
  const { seconds } = session;
  return {
    scenario, source, run, outcome, reproduce,
    engine: engineFacts(plan.engine),
    version: packageVersion(),
    trace: traceLimitText(options.trace),
    required: options.require,
    exitCode: exitCodeOf(outcome),
    host: {
      ...hostFacts(),
      folder: session.folder.path,
      argv: terminal.argv,
      startedAt: session.startedAt.toISOString(),
      seconds,
      eventsPerSecond: Math.round(run.figures.events / Math.max(seconds, 1e-3)),
      ...(run.facts.racing ? { reads: run.readRaces } : {}),
      ...(run.threads === null ? {} : { threads: threadsFacts(run.threads) }),
    },
  };
}

function threadsFacts({ windows: all, reports }: ThreadsEnd): ThreadsFacts {
  const cpus = reports.map(({ id, threadId, events, windows, spins, readRetries }): ThreadFacts =>
    ({ id, threadId, events, windows, spins, readRetries }));
  return { ...all, cpus };
}

/** No answer came. After bad input nothing stays; after anything else the folder says that it is incomplete. */
function abandon(error: unknown, reproduce: string, json: boolean, terminal: Terminal, session: RunSession | null): ExitCode {
  const folder = session === null || error instanceof BadInput ? null : session.folder.path;
  const failure = failureOf(error, { reproduce, folder });
  if (session !== null) leave(error, failure.message, session);
  return reportFailure(failure, json, terminal);
}

function leave(error: unknown, message: string, session: RunSession): void {
  if (error instanceof BadInput) {
    session.close();
    session.folder.discard();
    return;
  }
  session.log.error(session.simulatedNs, 'run failed', { err: error });
  // on a full disk there is no room for more
  if (!(error instanceof HostLimit)) session.salvageTrace();
  session.close();
  session.folder.leaveIncomplete(null, message);
}
