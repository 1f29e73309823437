/**
 * A thread's lines in the run's log, `log.ndjson`: that it is up, that it is done, why it failed. All
 * threads append to one file, each line by one write, so that lines never mix. Where no log is wanted
 * pino is not even loaded: in 64 threads it costs half a second.
 */
import { threadId } from 'node:worker_threads';
import type { CpuId, Ns } from '../../../shared/units.ts';

/** How a thread set itself up. */
export interface UpFacts {
  readonly memory: string;
  readonly spin: string;
}

/** What it did until the end. */
export interface DoneFacts {
  readonly events: number;
  readonly windows: number;
}

export interface WorkerLog {
  up(ns: Ns, facts: UpFacts): void;
  done(ns: Ns, facts: DoneFacts): void;
  failed(ns: Ns, error: unknown): void;
}

const SILENT: WorkerLog = { up: () => {}, done: () => {}, failed: () => {} };

/** `path` is the run's log, or null. The file stays open until `done` or `failed`. */
export async function openWorkerLog(path: string | null, cpu: CpuId): Promise<WorkerLog> {
  if (path === null) return SILENT;
  const { openRunLog } = await import('../log.ts');
  const log = openRunLog(path);
  return {
    up: (ns, facts) => log.info(ns, 'CPU up', { cpu, threadId, ...facts }),
    done: (ns, facts) => {
      log.info(ns, 'CPU done', { cpu, ...facts });
      log.close();
    },
    failed: (ns, error) => {
      log.error(ns, 'CPU failed', { cpu, err: error });
      log.close();
    },
  };
}
