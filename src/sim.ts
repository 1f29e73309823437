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
import { InlineEngine, type EngineSetup } from './engine/inline-engine.ts';
import type { EndReason, EngineChoice, Progress } from './engine/run.ts';
import { Digest } from './observe/digest.ts';
import { FiguresCollector } from './observe/figures.ts';
import { procFiles, type ProcFile } from './observe/proc-files.ts';
import { ProcSnapshotCollector } from './observe/proc-snapshot-collector.ts';
import type { RunFigures } from './observe/run-figures.ts';
import { cutsOf, factsOf, hardwareOf, isWorkerOf, kernelConfigOf, shapeOf } from './setup.ts';
import { BadInput } from './workload/bad-input.ts';
import { LIMIT_WITHOUT_DURATION_NS, type Scenario } from './workload/scenario.ts';

export { factsOf } from './setup.ts';

export interface SimulateOptions {
  /** What runs the machine; default the inline engine. */
  readonly engine?: EngineChoice;
  /** Trace file writers and the like: they see the merged stream. */
  readonly consumers?: readonly EventConsumer[];
  /** Whether the oracles judge the run; default true. */
  readonly judge?: boolean;
  /** Stops between two events. */
  readonly signal?: AbortSignal;
  /** At most every 50 ms of host time. */
  readonly onProgress?: (progress: Progress) => void;
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
  readonly verdicts: readonly { readonly id: string; readonly says: string; readonly verdict: Verdict }[];
  /** Tasks that nothing can wake any more, whoever ended the run, each with what it waits for. */
  readonly stuckTasks: readonly string[];
  /** Cuts of the scenario, by index, whose access was never reached. */
  readonly missedCuts: readonly number[];
  readonly proc: readonly ProcFile[];
}

/** Events between two looks at the host's clock. */
const EVENTS_A_TURN = 2_000;
/** The event loop gets its turn at least this often. */
const TURN_MS = 25;

/**
 * Runs a scenario, on the inline engine if nobody says otherwise.
 * @throws KernelBug when the machine contradicts itself, LimitReached at a named limit
 */
export async function simulate(scenario: Scenario, options: SimulateOptions = {}): Promise<RunResult> {
  if (options.engine?.kind === 'threads') throw noThreadsYet();
  const facts = factsOf(scenario);
  const followers = new Followers(facts, options);
  const limitNs = scenario.durationNs ?? LIMIT_WITHOUT_DURATION_NS;
  const engine = new InlineEngine(engineSetupOf(scenario, limitNs, followers.all));
  const ended = await runToEnd(engine, limitNs, options);
  const reason = ended === 'duration' && scenario.durationNs === null ? 'limit' : ended;
  const endNs = ended === 'duration' ? limitNs : engine.now;
  engine.finish(endNs);
  return {
    reason, endNs, facts, records: engine.records,
    stuckTasks: engine.stuckTasks().map((task) => whatFor(scenario, facts, engine.image, task)),
    missedCuts: (engine.cuts?.ran ?? []).flatMap((ran, i) => (ran ? [] : [i])),
    ...followers.finish(endNs),
  };
}

/** A promise that is not kept would be worse than a refusal. */
function noThreadsYet(): BadInput {
  return new BadInput({
    file: 'command line', path: '--engine', found: '"threads", which is not there yet', expected: '"inline"',
  });
}

/** What an engine needs to run a scenario until `limitNs` before these consumers. */
export function engineSetupOf(scenario: Scenario, limitNs: Ns, consumers: readonly EventConsumer[]): EngineSetup {
  return {
    limitNs, consumers,
    shape: shapeOf(scenario), config: kernelConfigOf(scenario), hardware: hardwareOf(scenario),
    ipiDelayNs: scenario.machine.ipiDelayNs, seed: scenario.seed, ties: scenario.ties,
    faults: scenario.faults, cuts: cutsOf(scenario),
    isWorker: isWorkerOf(scenario), endsWithTasks: scenario.durationNs === null,
  };
}

/** Whoever follows the stream, and what they have to say at the end. */
class Followers {
  readonly all: readonly EventConsumer[];
  private readonly digest = new Digest();
  private readonly figures: FiguresCollector;
  private readonly proc: ProcSnapshotCollector;
  private readonly judge: Judge;

  constructor(facts: RunFacts, options: SimulateOptions) {
    this.figures = new FiguresCollector(facts);
    this.proc = new ProcSnapshotCollector(facts);
    this.judge = new Judge(options.judge === false ? [] : createOracles(facts));
    this.all = [this.digest, this.figures, this.proc, this.judge, ...(options.consumers ?? [])];
  }

  finish(end: Ns): Pick<RunResult, 'digest' | 'figures' | 'proc' | 'verdicts'> {
    return {
      digest: this.digest.hex(),
      figures: this.figures.finish(end),
      proc: procFiles(this.proc.finish(end)),
      verdicts: this.judge.finish(end).map(({ oracle, verdict }) => ({ id: oracle.id, says: oracle.says, verdict })),
    };
  }
}

/** `b-1, which waits for mutex "m"` */
function whatFor(scenario: Scenario, facts: RunFacts, image: KernelImage, task: TaskId): string {
  // only locks, conditions, barriers and semaphores let a task sleep without a timer, and argA says which
  const object = scenario.workload.syncObjects[image.regs[task]!.argA];
  const name = facts.tasks[task]!.name;
  return object === undefined ? name : `${name}, which waits for ${object.kind} "${object.name}"`;
}

async function runToEnd(engine: InlineEngine, limitNs: Ns, options: SimulateOptions): Promise<EndReason> {
  let turnEnds = performance.now() + TURN_MS;
  for (;;) {
    const ended = engine.run(EVENTS_A_TURN);
    if (ended !== undefined) return ended;
    if (options.signal?.aborted) return 'interrupted';
    if (performance.now() < turnEnds) continue;
    options.onProgress?.({ simulatedNs: engine.now, limitNs, events: engine.events });
    await new Promise((resolve) => setImmediate(resolve));
    turnEnds = performance.now() + TURN_MS;
  }
}
