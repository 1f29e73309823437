/**
 * A machine on threads, seen from the main thread: one thread for each CPU, one for the coordinator,
 * and here the merge of their records and the questions to the coordinator.
 *
 *      boot ---> stands ---start, step---> runs ---its end, or stop---> ended ---close---> (warm threads)
 *                  ^                        |  |
 *                  \----pause, step's end---/  \---a death, a hang, a consumer that throws---> failed, closed
 *
 * From the boot on the rings are emptied by themselves, so whoever asks for a pause or a step need do
 * nothing else. If a thread dies, the others would wait for it for ever: all are ended. The first death
 * is the cause of all others; what the threads had handed over by then is handed on, to tell why.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { EventConsumer } from '../../../shared/event-consumer.ts';
import { layOutMachine, type MachineMap } from '../../../shared/machine-map.ts';
import { AtomicsMemory } from '../../../shared/memory/atomics-memory.ts';
import type { Memory } from '../../../shared/memory/memory.ts';
import { WasmMemory, allocateShared, type SharedWasmMemory } from '../../../shared/memory/wasm-memory.ts';
import { WindowMode } from '../../../shared/structs/window.ts';
import { KTIME_MAX, type Ns } from '../../../shared/units.ts';
import { rankOfTies, type MachineSetup } from '../../engine/machine-setup.ts';
import type { Progress, ThreadsChoice } from '../../engine/run.ts';
import type { Ending, MachineControl, Snapshot } from '../../engine/threads/conductor.ts';
import { controlOf, prepareControl, type Control } from '../../engine/threads/control.ts';
import type { FreeRules } from '../../engine/threads/free-pace.ts';
import type { ThreadReport } from '../../engine/threads/seat.ts';
import type { Scenario } from '../../workload/scenario.ts';
import { packageRoot } from '../package-root.ts';
import { buildId, threadFile } from './build-id.ts';
import { ControlLink } from './control-link.ts';
import { CpuPool } from './cpu-pool.ts';
import type { MachineBoot } from './machine-boot.ts';
import { MachineLog } from './machine-log.ts';
import { RingMerge } from './ring-merge.ts';
import { Watchdog, type Patience } from './watchdog.ts';
import { whoHangs } from './who-hangs.ts';

export interface ThreadsPlan {
  readonly scenario: Scenario;
  readonly setup: MachineSetup;
  readonly choice: ThreadsChoice;
  readonly rules: FreeRules;
  readonly consumers: readonly EventConsumer[];
  /** As in `Seat`. */
  readonly widenNs: number;
  /** The run's log, to which each thread adds its lines; null for none. */
  readonly logFile: string | null;
  readonly trial: ThreadsTrial;
}

/** What a test may ask of the threads beside the run: nothing of it may change a run. */
export interface ThreadsTrial {
  /** As in `Seat`. */
  readonly counted?: boolean;
  readonly jitterNs?: number;
  readonly napsInLooks?: boolean;
  /** Below `dist/`: what the CPUs' threads run in place of their own entry. */
  readonly cpuEntry?: string;
  /** Doubles of each participant's ring. */
  readonly ringDoubles?: number;
  /** How long nothing may happen before the machine is said to hang. */
  readonly patience?: Partial<Patience>;
}

export interface Watching {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a CPU's thread has to say, and which thread of the process it was. */
export type HostedReport = ThreadReport & { readonly threadId: number };

/**
 * Doubles of all CPUs' rings together: 4 MiB, which the main thread merges and has judged in some 50 ms.
 * So long a pause may have to wait for what was recorded before. Of two busy CPUs each records its share in 5 ms.
 */
const ALL_RINGS_DOUBLES = 1 << 19;
/** Of one ring at least. */
const RING_DOUBLES_MIN = 1 << 13;
/** How long the main thread sleeps when no ring has anything for it: while the machine runs, and while it stands. */
const IDLE_MS = 1;
const STANDING_MS = 20;
const PROGRESS_MS = 50;
/** Loading code is no event. */
const BOOT_PATIENCE: Patience = { wallMs: 60_000, cpuMs: 0, idleMs: 60_000 };
/** Of each CPU's thread; its records and the machine's memory are not on its heap. */
const HEAP = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 96 };

export class ThreadsMachine {
  readonly map: MachineMap;
  /** The machine's memory as this thread sees it; for looking only. */
  readonly memory: Memory;
  /** The run is over and its stream is whole. Rejects with what broke the run. */
  readonly ended: Promise<Ending>;
  private readonly plan: ThreadsPlan;
  private readonly shared: SharedWasmMemory;
  private readonly control: Control;
  private readonly merge: RingMerge;
  private readonly log: MachineLog;
  private resolveEnded!: (ending: Ending) => void;
  private rejectEnded!: (why: Error) => void;
  private watchdog: Watchdog | undefined;
  private coordinator!: Worker;
  private link!: ControlLink<MachineControl>;
  private pool: CpuPool | undefined;
  private cpus: readonly Promise<HostedReport>[] = [];
  /** What broke the run. */
  private failure: Error | undefined;
  private finished = false;
  private closing: Promise<void> | undefined;

  /** All threads are up, and stand at the beginning. */
  static async boot(plan: ThreadsPlan): Promise<ThreadsMachine> {
    const machine = new ThreadsMachine(plan, await MachineLog.open(plan.logFile));
    try {
      await machine.startThreads();
    } catch (error) {
      await machine.close();
      throw machine.failure ?? error;
    }
    return machine;
  }

  private constructor(plan: ThreadsPlan, log: MachineLog) {
    const { setup, choice, trial } = plan;
    const ringDoubles = trial.ringDoubles ?? Math.max(RING_DOUBLES_MIN, Math.floor(ALL_RINGS_DOUBLES / setup.shape.cpus));
    this.plan = plan;
    this.log = log;
    this.map = layOutMachine(setup.shape);
    this.shared = allocateShared(this.map.map.bytes);
    this.memory = choice.memory === 'wasm' ? new WasmMemory(this.shared) : new AtomicsMemory(this.shared.buffer);
    this.control = controlOf(this.memory, this.map);
    prepareControl(this.control, choice.sync === 'free' ? 0 : KTIME_MAX);
    this.merge = new RingMerge(this.control, rankOfTies(setup), plan.consumers, ringDoubles);
    this.ended = new Promise((resolve, reject) => {
      this.resolveEnded = resolve;
      this.rejectEnded = reject;
    });
    this.ended.catch(() => {});
  }

  /** Records handed to the consumers so far. */
  get records(): number {
    return this.merge.records;
  }

  /** Windows that were opened, and those in which two threads were at work at one moment. */
  get windows(): { readonly opened: number; readonly overlapping: number } {
    const { opened, overlapping } = this.control.window;
    return { opened, overlapping };
  }

  /** Runs to the end, or until the signal says otherwise. @throws what broke the run */
  async run({ signal, onProgress }: Watching): Promise<Ending> {
    const stop = (): void => { this.stop().catch(() => {}); };
    signal?.addEventListener('abort', stop);
    try {
      await this.start();
      if (signal?.aborted === true) stop();
      for (;;) {
        const ending = await Promise.race([this.ended, pause(PROGRESS_MS, undefined, { ref: false })]);
        if (ending !== undefined) return ending;
        onProgress?.(this.progress());
      }
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async start(): Promise<void> {
    await this.link.call('start');
  }

  /** Everything before the instant that it gives is done, and the consumers have seen it. */
  async pause(): Promise<Ns> {
    const at = await this.link.ask('pause');
    this.drain();
    return at;
  }

  /** As `MachineControl`; then it is paused. */
  async step(ns?: Ns): Promise<Ns> {
    const at = await this.link.ask('step', ns);
    this.drain();
    return at;
  }

  snapshot(): Promise<Snapshot> {
    return this.link.call('snapshot');
  }

  /** Ends the run where it is, unless it has ended. */
  async stop(): Promise<Ending> {
    if (!this.finished) await this.link.ask('stop');
    return this.ended;
  }

  /** What each CPU's thread has to say, after the end. */
  reports(): Promise<HostedReport[]> {
    return Promise.all(this.cpus);
  }

  /** Where the run stands. */
  progress(): Progress {
    const { control: { window }, plan: { setup: { limitNs } } } = this;
    return { simulatedNs: Math.min(window.reached, limitNs), limitNs, events: this.events() };
  }

  /** Ends all threads, or keeps those of the CPUs warm after a run that came to its end. */
  close(): Promise<void> {
    this.closing ??= this.endThreads();
    return this.closing;
  }

  private async startThreads(): Promise<void> {
    const { setup: { shape: { cpus } }, trial } = this.plan;
    const boots = this.boots();
    this.coordinator = new Worker(threadFile('coordinator'), { workerData: boots[cpus], execArgv: [] });
    this.link = ControlLink.open<MachineControl>(this.coordinator, 'the coordinator');
    this.link.death.catch((death: Error) => this.die(death));
    const entry = trial.cpuEntry === undefined ? threadFile('cpu') : join(packageRoot(), 'dist', trial.cpuEntry);
    this.pool = await CpuPool.take(cpus, { entry, limits: HEAP });
    if (this.failure !== undefined) {
      await this.pool.destroy();
      throw this.failure;
    }
    this.cpus = this.pool.run<MachineBoot, HostedReport>(boots.slice(0, cpus));
    for (const cpu of this.cpus) cpu.catch((death: Error) => this.die(death));
    void this.keepDraining();
    this.watch(BOOT_PATIENCE);
    await this.link.ask('pause');
    this.watch();
    const { spinLoads } = this.control.window;
    this.log.threadsUp({ threads: cpus + 1, cores: availableParallelism(), spinLoads, ...this.plan.choice });
  }

  private boots(): MachineBoot[] {
    const { shared, map, plan: { scenario, setup: { limitNs }, choice, rules, widenNs, logFile, trial } } = this;
    const common = {
      choice, rules, shared, widenNs, layoutHash: map.map.hash(), cores: availableParallelism(),
      counted: trial.counted ?? false, jitterNs: trial.jitterNs ?? 0, napsInLooks: trial.napsInLooks ?? false,
    };
    return this.merge.rings.map((rows, id) => ({ buildId: buildId(), scenario, limitNs, logFile, seat: { ...common, id, rows } }));
  }

  private watch(patience = this.plan.trial.patience): void {
    this.watchdog?.stop();
    this.watchdog = new Watchdog({
      progress: () => this.events() + this.merge.written + this.control.window.opened,
      isWaiting: () => (this.stands() && !this.link.isBusy) || this.merge.isFull,
      witness: () => whoHangs(this.control),
    }, patience);
    this.watchdog.start((hang) => this.die(hang));
  }

  private async keepDraining(): Promise<void> {
    try {
      while (this.closing === undefined) {
        this.drain();
        if (this.allStopped()) return await this.finish();
        await (this.merge.isPressed ? nextTurn() : pause(this.stands() ? STANDING_MS : IDLE_MS));
      }
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** Whether there was anything. @throws what a consumer threw, which breaks the run */
  private drain(): boolean {
    if (this.isOver()) return false;
    try {
      const moved = this.merge.drain();
      if (moved) this.log.begun(this.control.window.reached);
      return moved;
    } catch (error) {
      this.fail(error as Error);
      throw error;
    }
  }

  private events(): number {
    return this.control.standings.reduce((sum, standing) => sum + standing.events, 0);
  }

  /** Paused: nobody has a window, and there is none to be had. */
  private stands(): boolean {
    const { parked, limit } = this.control.window;
    return parked === 1 && limit === 0;
  }

  private allStopped(): boolean {
    const { window, standings } = this.control;
    return window.mode === WindowMode.Stop && window.stopped === standings.length;
  }

  private async finish(): Promise<void> {
    await this.reports();
    const ending = await this.link.ask('stop');
    this.merge.finish();
    this.finished = true;
    this.watchdog?.stop();
    this.log.ended(ending.endNs, { reason: ending.reason, events: this.events(), ...this.windows });
    this.resolveEnded(ending);
  }

  /** A thread has ended before its time, or hangs: what was recorded before may tell why. */
  private die(death: Error): void {
    if (this.isOver()) return;
    try {
      this.merge.finish();
    } catch {
      // a consumer that can take no more is not the cause
    }
    this.fail(death);
  }

  /** Only the first failure is told: others follow from it. */
  private fail(why: Error): void {
    if (this.isOver()) return;
    this.failure = why;
    this.log.failed(this.control.window.reached, why);
    this.rejectEnded(why);
    this.link.close(why);
    void this.close();
  }

  private isOver(): boolean {
    return this.finished || this.failure !== undefined || this.closing !== undefined;
  }

  private async endThreads(): Promise<void> {
    this.watchdog?.stop();
    this.link?.close();
    this.rejectEnded(new Error('the machine was closed before its run had ended'));
    const { pool } = this;
    const cpus = this.finished ? pool?.giveBack(this.map.map.bytes + this.merge.bytes) : pool?.destroy();
    await Promise.all([cpus, this.coordinator?.terminate()]);
    this.log.close();
  }
}
