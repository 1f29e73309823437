/**
 * The threads that simulated CPUs run on: a piscina pool of exactly as many threads as CPUs, each with
 * one task that lasts as long as the run. A pool of piscina's own defaults would leave a CPU in the
 * queue, and the machine would wait for it for ever at the boot latch.
 *
 *   take ----> run: one task a thread ----> all reported: giveBack ----> warm, until the next take
 *                          \--> one died: destroy
 *
 * Three habits of piscina are kept out. It replaces a dead thread at once, even after `destroy`: none
 * is wanted from the moment on that all are started. Between tasks it blocks a thread in a wait of its
 * own (`atomics`), which would starve whatever else lives there. And a thread that dies while it has
 * no task is an `error` event, which nobody hears means the end of the process.
 */
import { Piscina } from 'piscina';
import type { Worker } from 'node:worker_threads';
import { assert } from '../../../shared/assert.ts';
import { deathOf } from './death-of.ts';
import type { ThreadBoot, ThreadReport } from './thread-entry.ts';

/** Of each thread, in MiB. What lies in shared memory counts for neither. */
export interface HeapLimits {
  readonly maxYoungGenerationSizeMb: number;
  readonly maxOldGenerationSizeMb: number;
}

export interface CpuPoolOptions {
  /** Path of a compiled file that exports `run`, made by `threadEntry`. */
  readonly entry: string;
  readonly limits: HeapLimits;
}

/**
 * Shared memory that the threads of one pool may have seen, before they are renewed. A thread lets go of
 * a run's memory when it next collects garbage, for which one that makes none has no cause.
 */
const SEEN_BYTES_MAX = 256 * 2 ** 20;

/** Pools that were given back, by what a run asks for. */
const warm = new Map<string, CpuPool>();

export class CpuPool {
  readonly cpus: number;
  private readonly key: string;
  private readonly options: CpuPoolOptions;
  private readonly piscina: Piscina;
  private readonly exits: readonly Promise<void>[];
  /** Tasks that have not ended. */
  private running = 0;
  private seenBytes = 0;
  /** Once a thread has died or the pool was destroyed. */
  private spoilt = false;

  /** A warm pool of this size, entry and limits if there is one, else a new one with all its threads up. */
  static async take(cpus: number, options: CpuPoolOptions): Promise<CpuPool> {
    const kept = warm.get(keyOf(cpus, options));
    if (kept !== undefined) warm.delete(kept.key);
    if (kept?.isWhole()) return kept;
    await kept?.destroy();
    const pool = new CpuPool(cpus, options);
    await pool.allUp();
    return pool;
  }

  /** Ends the threads that wait for a next run. Without it they end with the process, and do not hold it up. */
  static async closeAll(): Promise<void> {
    const pools = [...warm.values()];
    warm.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  private constructor(cpus: number, options: CpuPoolOptions) {
    this.cpus = cpus;
    this.options = options;
    this.key = keyOf(cpus, options);
    this.piscina = new Piscina({
      filename: options.entry, name: 'run',
      minThreads: cpus, maxThreads: cpus, concurrentTasksPerWorker: 1, maxQueue: 0,
      idleTimeout: Infinity, atomics: 'disabled', recordTiming: false,
      resourceLimits: options.limits, execArgv: [],
    });
    this.piscina.on('error', () => { this.spoilt = true; });
    this.exits = this.threads.map((thread) => new Promise((gone) => { thread.once('exit', () => gone()); }));
    // all are started by now: from here on a dead one is not replaced
    this.piscina.options.minThreads = 0;
  }

  /** The threads that live, in the order of their CPUs. */
  get threads(): readonly Worker[] {
    return this.piscina.threads;
  }

  /**
   * Starts all CPUs at once, each on a thread of its own. Each promise rejects with what ended its
   * thread, the first to reject being the one that spoilt the run; none needs to be awaited.
   */
  run<Boot extends ThreadBoot, Report extends ThreadReport>(boots: readonly Boot[]): readonly Promise<Report>[] {
    assert(boots.length === this.cpus, `${boots.length} CPUs for ${this.cpus} threads`);
    assert(this.running === 0 && this.isWhole(), 'a pool runs one machine at a time, and none after a failure');
    const seen = new Set<number>();
    const reports = boots.map((boot, cpu) => this.start<Report>(boot, cpu, seen));
    assert(this.piscina.queueSize === 0, 'a CPU is in the queue: it would never boot');
    return reports;
  }

  /**
   * After a run over `sharedBytes` of memory: keeps the threads for the next one, unless the run failed,
   * another such pool is kept, or they have seen too much.
   */
  async giveBack(sharedBytes: number): Promise<void> {
    assert(this.running === 0 || this.spoilt, 'a pool was given back while its CPUs ran');
    this.seenBytes += sharedBytes;
    if (!this.isWhole() || warm.has(this.key) || this.seenBytes > SEEN_BYTES_MAX) return this.destroy();
    warm.set(this.key, this);
  }

  /** Ends all threads, whatever they do, and returns when they are gone. */
  async destroy(): Promise<void> {
    this.spoilt = true;
    await this.piscina.destroy();
    await Promise.all(this.exits);
  }

  private start<Report extends ThreadReport>(boot: ThreadBoot, cpu: number, seen: Set<number>): Promise<Report> {
    this.running += 1;
    const task: Promise<Report> = this.piscina.run(boot);
    const report = task.then((ended) => {
      assert(!seen.has(ended.threadId), `it shared thread ${ended.threadId} with another CPU`);
      seen.add(ended.threadId);
      return ended;
    }).catch((error: unknown) => {
      this.spoilt = true;
      throw deathOf(`CPU ${cpu}`, error, this.options.limits);
    }).finally(() => { this.running -= 1; });
    report.catch(() => {});
    return report;
  }

  private isWhole(): boolean {
    return !this.spoilt && this.threads.length === this.cpus;
  }

  /** Piscina's first message from a thread says that the entry is loaded. */
  private async allUp(): Promise<void> {
    try {
      await Promise.all(this.threads.map((thread, cpu) => new Promise<void>((up, gone) => {
        const fail = (error: unknown) => gone(deathOf(`CPU ${cpu}`, error, this.options.limits));
        thread.once('message', () => up());
        thread.once('error', fail);
        thread.once('exit', (code) => fail(new Error(`worker exited with code: ${code}`)));
      })));
    } catch (death) {
      await this.destroy();
      throw death;
    }
  }
}

function keyOf(cpus: number, { entry, limits }: CpuPoolOptions): string {
  return [cpus, entry, limits.maxYoungGenerationSizeMb, limits.maxOldGenerationSizeMb].join(' ');
}
