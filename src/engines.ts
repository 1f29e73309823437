/** A scenario run to its end by the engine of choice. */
import type { EventConsumer } from '../shared/event-consumer.ts';
import type { Ns, TaskId } from '../shared/units.ts';
import { InlineEngine } from './engine/inline-engine.ts';
import type { EndReason, EngineChoice, Progress, ThreadsChoice } from './engine/run.ts';
import type { Ending } from './engine/threads/conductor.ts';
import { hostFaultOf } from './engine/threads/host-faults.ts';
import { ThreadsMachine, type HostedReport, type ThreadsPlan, type ThreadsTrial } from './host/threads/threads-machine.ts';
import { KernelImage } from './kernel/image.ts';
import { machineSetupOf } from './setup.ts';
import { BadInput } from './workload/bad-input.ts';
import type { Scenario } from './workload/scenario.ts';

/** What the host does while an engine runs. */
export interface Watching {
  /** Stops between two events. */
  readonly signal?: AbortSignal | undefined;
  /** At most every 50 ms of host time. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** The run's log: threads add their lines to it. */
  readonly logFile?: string | undefined;
}

/** How an engine's run ended. */
export interface EngineEnd {
  readonly reason: EndReason;
  /** The limit, or the start of the last event. */
  readonly endNs: Ns;
  readonly records: number;
  /** Tasks that nothing can wake any more. */
  readonly stuckTasks: readonly TaskId[];
  /** Cuts of the scenario, by index, whose access was never reached. */
  readonly missedCuts: readonly number[];
  /** The kernel's data as the run left it. */
  readonly image: KernelImage;
  /** What the threads have to say; null where there was one. */
  readonly threads: ThreadsEnd | null;
}

export interface ThreadsEnd {
  /** Windows that were opened, and those in which two threads were at work at one moment. */
  readonly windows: { readonly opened: number; readonly overlapping: number };
  readonly reports: readonly HostedReport[];
}

/** Events between two looks at the host's clock. */
const EVENTS_A_TURN = 2_000;
/** The event loop gets its turn at least this often. */
const TURN_MS = 25;

/**
 * A fault of the host ends a thread; where there is but one, that would be the process.
 * @throws BadInput for such a fault on the inline engine
 */
export function checkFaults({ name, faults }: Scenario, { kind }: EngineChoice): void {
  const fault = hostFaultOf(faults);
  if (fault === undefined || kind === 'threads') return;
  throw new BadInput({
    file: name, path: 'engine', found: `"inline" with the fault "${fault.id}"`, expected: '"threads"',
    hint: 'It ends a thread of the machine, and here all of it is one: leave --engine away.',
  });
}

/** @throws KernelBug when the machine contradicts itself, LimitReached at a named limit */
export async function runInline(
  scenario: Scenario, limitNs: Ns, consumers: readonly EventConsumer[], watching: Watching,
): Promise<EngineEnd> {
  checkFaults(scenario, { kind: 'inline' });
  const engine = new InlineEngine({ ...machineSetupOf(scenario, limitNs), consumers });
  const reason = await runToEnd(engine, limitNs, watching);
  const endNs = reason === 'duration' ? limitNs : engine.now;
  engine.finish(endNs);
  return {
    reason, endNs, records: engine.records, image: engine.image, threads: null,
    stuckTasks: engine.stuckTasks(),
    missedCuts: (engine.cuts?.ran ?? []).flatMap((ran, i) => (ran ? [] : [i])),
  };
}

/** @throws ThreadDeath when a thread ended before its time, LimitReached at a named limit */
export async function runThreads(
  scenario: Scenario, limitNs: Ns, consumers: readonly EventConsumer[], watching: Watching, choice: ThreadsChoice,
  trial: ThreadsTrial = {},
): Promise<EngineEnd> {
  const machine = await ThreadsMachine.boot(threadsPlanOf(scenario, limitNs, consumers, choice, trial, watching.logFile));
  try {
    return await engineEndOf(machine, scenario, await machine.run(watching));
  } finally {
    await machine.close();
  }
}

/** What there is to say of a machine on threads whose run is over. */
export async function engineEndOf(machine: ThreadsMachine, scenario: Scenario, ending: Ending): Promise<EngineEnd> {
  const reports = await machine.reports();
  return {
    ...ending, records: machine.records,
    image: new KernelImage(machine.memory, machine.map),
    missedCuts: scenario.cuts.flatMap((_, i) => (reports.some(({ cutsRan }) => cutsRan[i]) ? [] : [i])),
    threads: { windows: machine.windows, reports },
  };
}

/** What a machine on threads needs to run a scenario until `limitNs` before these consumers. */
export function threadsPlanOf(
  scenario: Scenario, limitNs: Ns, consumers: readonly EventConsumer[], choice: ThreadsChoice, trial: ThreadsTrial = {},
  logFile: string | null = null,
): ThreadsPlan {
  const { machine: { ipiDelayNs }, skewNs, reads, widenNs } = scenario;
  const setup = machineSetupOf(scenario, limitNs);
  return { scenario, setup, choice, consumers, widenNs, trial, logFile, rules: { ipiDelayNs, skewNs, reads } };
}

async function runToEnd(engine: InlineEngine, limitNs: Ns, { signal, onProgress }: Watching): Promise<EndReason> {
  let turnEnds = performance.now() + TURN_MS;
  for (;;) {
    const ended = engine.run(EVENTS_A_TURN);
    if (ended !== undefined) return ended;
    if (signal?.aborted) return 'interrupted';
    if (performance.now() < turnEnds) continue;
    onProgress?.({ simulatedNs: engine.now, limitNs, events: engine.events });
    await new Promise((resolve) => setImmediate(resolve));
    turnEnds = performance.now() + TURN_MS;
  }
}
