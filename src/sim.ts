/**
 * The façade: a scenario in, a judged run out. A run is a pure function of the scenario; what the
 * host does meanwhile (progress, files, an abort) decides at most how much of it there is.
 */
import type { EventConsumer, RunFacts } from '../shared/event-consumer.ts';
import type { Ns, TaskId } from '../shared/units.ts';
import type { KernelImage } from './kernel/image.ts';
import { createOracles } from './check/all-oracles.ts';
import { Judge } from './check/judge.ts';
import type { Verdict } from './check/oracle.ts';
import type { EndReason, EngineChoice, ThreadsChoice } from './engine/run.ts';
import type { Snapshot } from './engine/threads/conductor.ts';
import { engineEndOf, runInline, runThreads, threadsPlanOf, type EngineEnd, type ThreadsEnd, type Watching } from './engines.ts';
import { ThreadsMachine, type ThreadsTrial } from './host/threads/threads-machine.ts';
import { Digest } from './observe/digest.ts';
import { FiguresCollector } from './observe/figures.ts';
import { KernelLogCollector, type KernelLogLine } from './observe/kernel-log.ts';
import { MachineSnapshotCollector } from './observe/machine-snapshot-collector.ts';
import type { MachineSnapshot } from './observe/machine-snapshot.ts';
import type { MachineFile } from './observe/machine-file.ts';
import { machineFiles } from './observe/machine-files.ts';
import { ProfileCollector } from './observe/profile.ts';
import { ReadRacesCollector, type JudgedReads } from './observe/read-figures.ts';
import type { ReadRaces, RunFigures } from './observe/run-figures.ts';
import { factsOf, kernelConfigOf } from './setup.ts';
import { LIMIT_WITHOUT_DURATION_NS, type Scenario } from './workload/scenario.ts';

export { factsOf } from './setup.ts';

export interface SimulateOptions extends Watching {
  /** What runs the machine; default the inline engine. */
  readonly engine?: EngineChoice;
  /** Trace file writers and the like: they see the merged stream. */
  readonly consumers?: readonly EventConsumer[];
  /** Whether the oracles judge the run; default true. */
  readonly judge?: boolean;
  /** For tests of the threads engine itself; without meaning on one thread. */
  readonly trial?: ThreadsTrial;
}

export interface RunResult {
  readonly reason: EndReason;
  /** Simulated instant at which the run ended. */
  readonly endNs: Ns;
  /** Hash of every record of the merged stream. */
  readonly digest: string;
  readonly records: number;
  readonly facts: RunFacts;
  readonly figures: RunFigures;
  /** How reads and writes of CPU time met. Where CPUs race, no two runs have it in common. */
  readonly readRaces: ReadRaces;
  readonly verdicts: readonly { readonly id: string; readonly says: string; readonly verdict: Verdict }[];
  /** Tasks that nothing can wake any more, whoever ended the run, each with what it waits for. */
  readonly stuckTasks: readonly string[];
  /** Cuts of the scenario, by index, whose access was never reached. */
  readonly missedCuts: readonly number[];
  /** What /proc and /sys show at the end. */
  readonly snapshot: MachineSnapshot;
  /** What the kernel said. */
  readonly kernelLog: readonly KernelLogLine[];
  /** The files that show it, as Linux prints them. */
  readonly files: readonly MachineFile[];
  /** What the threads have to say; null where there was one. */
  readonly threads: ThreadsEnd | null;
}

/**
 * Runs a scenario, on the inline engine if nobody says otherwise.
 * @throws KernelBug when the machine contradicts itself, LimitReached at a named limit, ThreadDeath when a thread ends before its time
 */
export async function simulate(scenario: Scenario, options: SimulateOptions = {}): Promise<RunResult> {
  const { engine = { kind: 'inline' } } = options;
  const followers = new Followers(scenario, engine, options);
  const limitNs = limitOf(scenario);
  const end = engine.kind === 'inline'
    ? await runInline(scenario, limitNs, followers.all, options)
    : await runThreads(scenario, limitNs, followers.all, options, engine, options.trial);
  return followers.finish(end);
}

/** A machine on threads in its caller's hands: it stands until told to go on. */
export interface Machine {
  /** The run is over, by itself or by `stop`. Rejects with what broke it. */
  readonly ended: Promise<RunResult>;
  /** Goes on until its end, or until told otherwise. */
  start(): Promise<void>;
  /** Stands; gives the instant before which everything is done, and has been handed to the consumers. */
  pause(): Promise<Ns>;
  /** Goes on by so much simulated time, or through the next instant at which anything happens, and stands again. */
  step(ns?: Ns): Promise<Ns>;
  /** Where everybody is. @throws unless it stands, or has ended */
  snapshot(): Promise<Snapshot>;
  /** Ends the run where it is, unless it has ended. */
  stop(): Promise<RunResult>;
  /** Ends the threads. To be called in any case, and last. */
  close(): Promise<void>;
}

export interface MachineOptions extends Omit<SimulateOptions, 'engine' | 'signal' | 'onProgress'> {
  /** Default `free` over WebAssembly. */
  readonly engine?: ThreadsChoice;
}

/**
 * Boots a machine on threads, to be driven by hand:
 *
 *     const machine = await bootMachine(scenario, { engine: { kind: 'threads', sync: 'lockstep', memory: 'wasm' } });
 *     try {
 *       await machine.step(20_000_000);
 *       console.log(await machine.snapshot());
 *       const { verdicts } = await machine.stop();
 *     } finally {
 *       await machine.close();
 *     }
 *
 * @throws ThreadDeath when a thread ends before all are up
 */
export async function bootMachine(scenario: Scenario, options: MachineOptions = {}): Promise<Machine> {
  const { engine = { kind: 'threads', sync: 'free', memory: 'wasm' } } = options;
  const followers = new Followers(scenario, engine, options);
  const plan = threadsPlanOf(scenario, limitOf(scenario), followers.all, engine, options.trial, options.logFile);
  const machine = await ThreadsMachine.boot(plan);
  const ended = machine.ended.then(async (ending) => followers.finish(await engineEndOf(machine, scenario, ending)));
  ended.catch(() => {});
  return {
    ended,
    start: () => machine.start(),
    pause: () => machine.pause(),
    step: (ns) => machine.step(ns),
    snapshot: () => machine.snapshot(),
    stop: () => machine.stop().then(() => ended),
    close: () => machine.close(),
  };
}

function limitOf({ durationNs }: Scenario): Ns {
  return durationNs ?? LIMIT_WITHOUT_DURATION_NS;
}

/** Whoever follows the stream of a run, and what it comes to at the end. */
class Followers {
  private readonly scenario: Scenario;
  private readonly facts: RunFacts;
  readonly all: readonly EventConsumer[];
  private readonly digest = new Digest();
  private readonly figures: FiguresCollector;
  private readonly snapshot: MachineSnapshotCollector;
  private readonly kernelLog = new KernelLogCollector();
  private readonly profile: ProfileCollector;
  private readonly judge: Judge;
  private readonly readRaces = new ReadRacesCollector();

  constructor(scenario: Scenario, engine: EngineChoice, options: Pick<SimulateOptions, 'judge' | 'consumers'>) {
    const facts = factsOf(scenario, engine.kind === 'threads' && engine.sync === 'free');
    this.scenario = scenario;
    this.facts = facts;
    this.figures = new FiguresCollector(facts);
    this.snapshot = new MachineSnapshotCollector(facts);
    this.profile = new ProfileCollector(facts);
    this.judge = new Judge(options.judge === false ? [] : createOracles(facts));
    this.all = [
      this.digest, this.figures, this.snapshot, this.kernelLog, this.profile,
      this.judge, this.readRaces, ...(options.consumers ?? []),
    ];
  }

  finish(end: EngineEnd): RunResult {
    const { scenario, facts } = this;
    const { endNs, records, missedCuts, threads } = end;
    const snapshot = this.snapshot.finish();
    const files = machineFiles(snapshot, kernelConfigOf(scenario).version, facts.tickNs);
    this.judge.onFiles(files);
    const verdicts = this.judge.finish(endNs).map(({ oracle, verdict }) => ({ id: oracle.id, says: oracle.says, verdict }));
    return {
      endNs, facts, records, missedCuts, threads, verdicts, snapshot,
      reason: end.reason === 'duration' && scenario.durationNs === null ? 'limit' : end.reason,
      stuckTasks: end.stuckTasks.map((task) => whatFor(scenario, facts, end.image, task)),
      digest: this.digest.hex(),
      kernelLog: this.kernelLog.lines,
      figures: this.figures.finish(endNs),
      readRaces: this.readRaces.finish(judgedReads(verdicts)),
      files: [...files, ...this.profile.files()],
    };
  }
}

/** What the two oracles of remote reads found; undefined where nothing was judged. */
function judgedReads(verdicts: RunResult['verdicts']): JudgedReads | undefined {
  const [legal, monotonic] = ['V-02', 'R-01'].map((wanted) => verdicts.find(({ id }) => id === wanted)?.verdict);
  if (legal === undefined || monotonic === undefined) return undefined;
  const judged = legal.verdict === 'not exercised' ? 0 : legal.checked;
  const violations = (of: Verdict): number => (of.verdict === 'broken' ? of.violations : 0);
  return { judged, illegal: violations(legal), backward: violations(monotonic) };
}

/** `b-1, which waits for mutex "m"` */
function whatFor(scenario: Scenario, facts: RunFacts, image: KernelImage, task: TaskId): string {
  // only locks, conditions, barriers and semaphores let a task sleep without a timer, and argA says which
  const object = scenario.workload.syncObjects[image.regs[task]!.argA];
  const name = facts.tasks[task]!.name;
  return object === undefined ? name : `${name}, which waits for ${object.kind} "${object.name}"`;
}
