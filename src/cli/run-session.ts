/** A run's surroundings while it runs: folder, log, trace file, progress bar, Ctrl-C. Opened together, closed together. */
import type { EventConsumer, RunFacts } from '../../shared/event-consumer.ts';
import type { Ns } from '../../shared/units.ts';
import type { Progress } from '../engine/run.ts';
import { openRunLog, type RunLog } from '../host/log.ts';
import { RunFolder } from '../host/run-folder.ts';
import { openTraceFile, type ByteSink } from '../host/trace-file.ts';
import { KernelLogCollector } from '../observe/kernel-log.ts';
import { RingTrace } from '../observe/ring-trace.ts';
import { TraceBinWriter } from '../observe/trace-bin-writer.ts';
import { makeTraceHeader } from '../observe/trace-format.ts';
import type { Scenario } from '../workload/scenario.ts';
import { listenForInterrupt, type Interrupt, type SignalSource } from './interrupt.ts';
import { startProgress, type ProgressView } from './progress.ts';
import type { TraceLimit } from './trace-limit.ts';

export interface SessionPlan {
  readonly scenario: Scenario;
  readonly facts: RunFacts;
  readonly out: string | null;
  readonly runsDir: string;
  readonly trace: TraceLimit;
  /** Where a progress bar may be drawn. */
  readonly bar: NodeJS.WriteStream | null;
  readonly signals: SignalSource;
  readonly onInterrupt: () => void;
}

export class RunSession {
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly startedAt: Date;
  /** Simulated time as last heard of. */
  simulatedNs: Ns = 0;
  readonly #started: number;
  readonly #interrupt: Interrupt;
  readonly #progress: ProgressView;
  readonly #trace: TraceOutput | null;
  /** What the kernel says stands in the log beside what the host says. */
  readonly #kernelLog = new KernelLogCollector(({ t, cpu, level, text }) => this.log[methodOf(level)](t, text, { kernel: true, cpu }));
  #closed = false;

  /** @throws BadInput if the folder cannot be made; then nothing is open */
  constructor(plan: SessionPlan) {
    this.startedAt = new Date();
    this.#started = performance.now();
    const { scenario } = plan;
    this.folder = RunFolder.create({ out: plan.out, runsDir: plan.runsDir, scenario: scenario.name, seed: scenario.seed });
    this.#interrupt = listenForInterrupt(plan.signals, plan.onInterrupt);
    this.log = openRunLog(this.logFile);
    this.#trace = openTrace(plan, this.folder.file('trace.bin'));
    this.#progress = startProgress(plan.bar);
  }

  get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** What follows the event stream on the host's behalf. */
  get consumers(): readonly EventConsumer[] {
    return [...(this.#trace === null ? [] : [this.#trace.writer]), this.#kernelLog];
  }

  get logFile(): string {
    return this.folder.file('log.ndjson');
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1_000;
  }

  onProgress(progress: Progress): void {
    this.simulatedNs = progress.simulatedNs;
    this.#progress.update(progress);
  }

  /** The run is over and `digest` is its own. */
  finishTrace(digest: string): void {
    this.#trace?.finish(digest);
  }

  /** The run failed: what the trace has so far may tell why. */
  salvageTrace(): void {
    this.#trace?.salvage();
  }

  /** Whatever happened. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#progress.stop();
    this.#interrupt.stopListening();
    this.#trace?.close();
    this.log.close();
  }
}

/** The host's log knows errors (3 and less), warnings (4) and information. */
function methodOf(level: number): 'error' | 'warn' | 'info' {
  if (level <= 3) return 'error';
  return level === 4 ? 'warn' : 'info';
}

interface TraceOutput {
  readonly writer: TraceBinWriter;
  finish(digest: string): void;
  /** Everything up to here, without an end: readers see that it was cut. */
  salvage(): void;
  close(): void;
}

function openTrace({ trace, scenario, facts }: SessionPlan, path: string): TraceOutput | null {
  if (trace.kind === 'off') return null;
  const file = openTraceFile(path);
  const header = makeTraceHeader(scenario.name, scenario.seed, facts);
  return trace.kind === 'ring' ? ringOutput(file, new RingTrace(trace.bytes), header) : fullOutput(file, header);
}

type Header = ReturnType<typeof makeTraceHeader>;

function fullOutput(file: ByteSink, header: Header): TraceOutput {
  const writer = new TraceBinWriter(header, (bytes) => file.write(bytes));
  return {
    writer,
    finish: (digest) => writer.finish(digest),
    salvage: () => writer.flush(),
    close: () => file.close(),
  };
}

function ringOutput(file: ByteSink, ring: RingTrace, header: Header): TraceOutput {
  const writer = new TraceBinWriter(header, ring.write);
  const drain = (): void => ring.drain((bytes) => file.write(bytes));
  return {
    writer,
    finish(digest) {
      writer.finish(digest);
      drain();
    },
    salvage() {
      writer.flush();
      drain();
    },
    close: () => file.close(),
  };
}
