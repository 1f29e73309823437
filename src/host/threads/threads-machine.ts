/**
 * A machine on threads, seen from the main thread: one thread for each CPU, one for the coordinator,
 * and here the merge of their records and the questions to the coordinator.
 *
 *      CPU 0 ---ring---\                                        /-> digest, figures, proc
 *      CPU 1 ---ring----+--> streams --merge (below `reached`)----+--> oracles
 *      coord. --ring---/                                        \-> trace.bin
 *
 * The rings are emptied whether or not their records can be merged yet, so no CPU waits for another
 * one's records. If a thread dies, the others would wait for it for ever: all are ended.
 */
import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { EventConsumer } from '../../../shared/event-consumer.ts';
import { layOutMachine, type MachineMap } from '../../../shared/machine-map.ts';
import { AtomicsMemory } from '../../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { WasmMemory, allocateShared } from '../../../shared/memory/wasm-memory.ts';
import { StreamRing, WindowMode } from '../../../shared/structs/window.ts';
import { RingReader } from '../../../shared/sync/stream-ring.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import { rankOfTies, type MachineSetup } from '../../engine/machine-setup.ts';
import type { Progress, ThreadsChoice } from '../../engine/run.ts';
import type { Ending, MachineControl, Snapshot } from '../../engine/threads/conductor.ts';
import { controlOf, prepareControl, type Control } from '../../engine/threads/control.ts';
import type { FreeRules } from '../../engine/threads/free-pace.ts';
import type { ThreadReport } from '../../engine/threads/seat.ts';
import { TraceMerge } from '../../engine/trace-merge.ts';
import { TraceStream } from '../../machine/trace-stream.ts';
import type { Scenario } from '../../workload/scenario.ts';
import { packageRoot } from '../package-root.ts';
import { buildId } from './build-id.ts';
import { ControlLink } from './control-link.ts';
import { CpuPool } from './cpu-pool.ts';
import type { MachineBoot } from './machine-boot.ts';

export interface ThreadsPlan {
  readonly scenario: Scenario;
  readonly setup: MachineSetup;
  readonly choice: ThreadsChoice;
  readonly rules: FreeRules;
  readonly consumers: readonly EventConsumer[];
  /** As in `Seat`. */
  readonly widenNs: number;
  readonly trial: ThreadsTrial;
}

/** What a test may ask of the threads beside the run: nothing of it may change a run. */
export interface ThreadsTrial {
  /** As in `Seat`. */
  readonly counted?: boolean;
  readonly jitterNs?: number;
  /** Below `dist/`: what the CPUs' threads run in place of their own entry. */
  readonly cpuEntry?: string;
}

export interface Watching {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a CPU's thread has to say, and which thread of the process it was. */
export type HostedReport = ThreadReport & { readonly threadId: number };

/** Doubles of one participant's ring: 512 KiB, some thousand records. */
const RING_DOUBLES = 1 << 16;
/** How long the main thread sleeps when no ring has anything for it. */
const IDLE_MS = 1;
const PROGRESS_MS = 50;
const CPU_ENTRY = 'workers/cpu.js';
/** Of each CPU's thread; its records and the machine's memory are not on its heap. */
const HEAP = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 96 };

export class ThreadsMachine {
  readonly map: MachineMap;
  /** The machine's memory as this thread sees it; for looking only. */
  readonly memory: Memory;
  private readonly plan: ThreadsPlan;
  private readonly control: Control;
  private readonly streams: readonly TraceStream[];
  private readonly readers: readonly RingReader[];
  private readonly merge: TraceMerge;
  private readonly boots: readonly MachineBoot[];
  private coordinator!: Worker;
  private link!: ControlLink<MachineControl>;
  private pool!: CpuPool;
  private cpus: readonly Promise<HostedReport>[] = [];
  /** What ended a thread, once one has ended before its time. */
  private failure: Error | undefined;
  private finished = false;

  /** All threads are up and stand at the beginning. */
  static async boot(plan: ThreadsPlan): Promise<ThreadsMachine> {
    const machine = new ThreadsMachine(plan);
    try {
      await machine.startThreads();
    } catch (error) {
      await machine.close();
      throw error;
    }
    return machine;
  }

  private constructor(plan: ThreadsPlan) {
    this.plan = plan;
    const { setup, choice } = plan;
    this.map = layOutMachine(setup.shape);
    const shared = allocateShared(this.map.map.bytes);
    this.memory = choice.memory === 'wasm' ? new WasmMemory(shared) : new AtomicsMemory(shared.buffer);
    this.control = controlOf(this.memory, this.map);
    prepareControl(this.control, choice.sync === 'free' ? 0 : KTIME_MAX);
    const rows = this.control.standings.map(() => new SharedArrayBuffer(RING_DOUBLES * 8));
    this.streams = rows.map(() => new TraceStream());
    this.readers = rows.map((cells, i) => new RingReader(this.memory, this.map.at.streamRing + i * StreamRing.bytes, new Float64Array(cells)));
    this.merge = new TraceMerge(this.streams, rankOfTies(setup), plan.consumers);
    const cores = availableParallelism();
    this.boots = rows.map((cells, id) => ({
      buildId: buildId(), scenario: plan.scenario, limitNs: setup.limitNs,
      seat: {
        id, choice, rules: plan.rules, shared, rows: cells, layoutHash: this.map.map.hash(), cores,
        widenNs: plan.widenNs, counted: plan.trial.counted ?? false, jitterNs: plan.trial.jitterNs ?? 0,
      },
    }));
  }

  /** Records handed to the consumers so far. */
  get records(): number {
    return this.merge.records;
  }

  /** Runs to the end, or until the signal says otherwise. @throws what ended a thread before its time */
  async run({ signal, onProgress }: Watching): Promise<Ending> {
    await this.start();
    let nextProgress = performance.now() + PROGRESS_MS;
    for (let asked = false; !this.allStopped(); ) {
      if (signal?.aborted === true && !asked) {
        asked = true;
        void this.stop().catch(() => {});
      }
      const moved = this.drain();
      if (this.failure !== undefined) throw this.failure;
      if (performance.now() >= nextProgress) {
        onProgress?.(this.progress());
        nextProgress = performance.now() + PROGRESS_MS;
      }
      await (moved ? nextTurn() : pause(IDLE_MS));
    }
    return this.finish();
  }

  async start(): Promise<void> {
    await this.link.call('start');
  }

  pause(): Promise<Ns> {
    return this.link.call('pause');
  }

  step(ns?: Ns): Promise<Ns> {
    return this.link.call('step', ns);
  }

  snapshot(): Promise<Snapshot> {
    return this.link.call('snapshot');
  }

  stop(): Promise<Ending> {
    return this.link.call('stop');
  }

  /** What each CPU's thread has to say, after the end. */
  reports(): Promise<HostedReport[]> {
    return Promise.all(this.cpus);
  }

  /** Windows that were opened, and those in which two threads were at work at one moment. */
  get windows(): { readonly opened: number; readonly overlapping: number } {
    const { opened, overlapping } = this.control.window;
    return { opened, overlapping };
  }

  /** Where the run stands. */
  progress(): Progress {
    const { control: { window, standings }, plan: { setup: { limitNs } } } = this;
    const events = standings.reduce((sum, standing) => sum + standing.events, 0);
    return { simulatedNs: Math.min(window.reached, limitNs), limitNs, events };
  }

  /** Takes what lies in the rings, and hands on what can be merged. Whether there was anything. */
  drain(): boolean {
    // first how far everybody was, then the records: those before it are in the rings by now
    const { reached } = this.control.window;
    let moved = 0;
    for (let i = 0; i < this.readers.length; i++) {
      const stream = this.streams[i]!;
      moved += this.readers[i]!.read((cells, from, to) => stream.appendRows(cells, from, to));
    }
    // the last records lie before what had been reached: they are merged when all of them are there
    if (moved > 0 && this.control.window.mode !== WindowMode.Stop) this.merge.mergeBefore(reached);
    return moved > 0;
  }

  /** Ends all threads, or keeps them warm after a run that came to its end. */
  async close(): Promise<void> {
    this.link?.close();
    const pool = this.finished && this.failure === undefined ? this.pool?.giveBack(this.sharedBytes) : this.pool?.destroy();
    await Promise.all([pool, this.coordinator?.terminate()]);
  }

  private async startThreads(): Promise<void> {
    const folder = `${packageRoot()}/dist`;
    const { setup: { shape: { cpus } }, trial } = this.plan;
    this.coordinator = new Worker(`${folder}/workers/coordinator.js`, { workerData: this.boots[cpus], execArgv: [] });
    this.link = ControlLink.open<MachineControl>(this.coordinator, 'the coordinator');
    this.link.death.catch((death: Error) => this.fail(death));
    this.pool = await CpuPool.take(cpus, { entry: `${folder}/${trial.cpuEntry ?? CPU_ENTRY}`, limits: HEAP });
    this.cpus = this.pool.run<MachineBoot, HostedReport>(this.boots.slice(0, cpus));
    for (const cpu of this.cpus) cpu.catch((death: Error) => this.fail(death));
  }

  /** What all threads of the run have mapped. */
  private get sharedBytes(): number {
    return this.map.map.bytes + this.readers.length * RING_DOUBLES * 8;
  }

  /** The first death is the cause of all others. */
  private fail(death: Error): void {
    if (!this.finished) this.failure ??= death;
  }

  private allStopped(): boolean {
    const { window, standings } = this.control;
    return window.mode === WindowMode.Stop && window.stopped === standings.length;
  }

  private async finish(): Promise<Ending> {
    await this.reports();
    const ending = await this.stop();
    this.finished = true;
    this.drain();
    this.merge.mergeBefore(KTIME_MAX);
    return ending;
  }
}
