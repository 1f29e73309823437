/**
 * A thread's lines in the run's log, `log.ndjson`: that it is up, that it is done, why it failed. All
 * threads append to one file, each line by one write, so that lines never mix. Where no log is wanted
 * pino is not even loaded: in 64 threads it costs half a second.
 */
import { threadId } from 'node:worker_threads';
import type { CpuId, Ns } from '../../../shared/units.ts';
import type { MachineBoot } from './machine-boot.ts';

/** How a thread set itself up. */
export interface UpFacts {
  readonly memory: string;
  readonly sync: string;
}

/** What it did until the end. */
export interface DoneFacts {
  readonly events: number;
  readonly windows: number;
  readonly spins: number;
}

export interface WorkerLog {
  up(ns: Ns, facts: UpFacts): void;
  done(ns: Ns, facts: DoneFacts): void;
  failed(ns: Ns, error: unknown): void;
}

const SILENT: WorkerLog = { up: () => {}, done: () => {}, failed: () => {} };

/** `path` is the run's log, or null; `cpu` the participant's number. The file stays open until `done` or `failed`. */
export async function openWorkerLog(path: string | null, cpu: CpuId): Promise<WorkerLog> {
  if (path === null) return SILENT;
  const { openRunLog } = await import('../log.ts');
  const log = openRunLog(path);
  return {
    up: (ns, { memory, sync }) => log.info(ns, 'thread up', { cpu, threadId, memory, sync }),
    done: (ns, { events, windows, spins }) => {
      log.info(ns, 'thread done', { cpu, events, windows, spins });
      log.close();
    },
    failed: (ns, error) => {
      log.error(ns, 'thread failed', { cpu, err: error });
      log.close();
    },
  };
}

/** A thread of the machine, as far as the log wants to know it. */
export interface Logged<Report extends DoneFacts> {
  /** Its simulated clock. */
  readonly now: Ns;
  report(): Report;
}

/** Lives a thread's life between its first line and its last one; gives its report. */
export async function logLife<Report extends DoneFacts>(
  { logFile, seat: { id, choice } }: MachineBoot, thread: Logged<Report>, live: () => unknown,
): Promise<Report> {
  const log = await openWorkerLog(logFile, id);
  log.up(thread.now, choice);
  try {
    await live();
  } catch (error) {
    log.failed(thread.now, error);
    throw error;
  }
  log.done(thread.now, thread.report());
  return thread.report();
}
