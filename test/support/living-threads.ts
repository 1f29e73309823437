/** Counts the worker threads of this process, so that a test sees that none is left. */
import type { Worker } from 'node:worker_threads';

const living = new Set<Worker>();

process.on('worker', (worker) => {
  living.add(worker);
  worker.once('exit', () => living.delete(worker));
});

/** Threads that were started since this file was loaded, and have not ended. */
export function livingThreads(): number {
  return living.size;
}
