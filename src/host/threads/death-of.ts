/** What ended a thread, in plain words. */
import type { ResourceLimits } from 'node:worker_threads';
import { ThreadDeath } from './thread-death.ts';
import { fromWire, isLimit } from './wire-error.ts';

/** Node's code of an exit that was forced from outside; `process.exit(1)` looks the same. */
const FORCED = 1;

/**
 * `error` is what piscina rejected with, or a Worker's `error` event. A limit that was reached in the
 * thread is given back as itself: the run has its answer, exit code 4.
 */
export function deathOf(thread: string, error: unknown, limits: ResourceLimits = {}): Error {
  const cause = fromWire(error);
  if (isLimit(cause)) return cause;
  return new ThreadDeath(thread, whyOf(error, cause, limits), { cause });
}

/** For a Worker's `exit` event. */
export function exitOf(thread: string, code: number): ThreadDeath {
  return new ThreadDeath(thread, exitWords(code));
}

function whyOf(error: unknown, cause: Error, { maxOldGenerationSizeMb, maxYoungGenerationSizeMb }: ResourceLimits): string {
  if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `ran out of memory: its heap may have ${maxOldGenerationSizeMb} MiB, ${maxYoungGenerationSizeMb} of them new`;
  }
  const exit = /^worker exited with code: (\d+)$/.exec(cause.message);
  if (exit !== null) return exitWords(Number(exit[1]));
  if (cause.message === 'Terminating worker thread') return 'was terminated';
  return `threw ${cause.name}: ${cause.message}`;
}

function exitWords(code: number): string {
  return code === FORCED ? 'was terminated from outside, or exited with code 1' : `exited with code ${code}`;
}
