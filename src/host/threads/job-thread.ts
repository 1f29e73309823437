/**
 * One long computation on a thread of its own, so that the main thread is free to listen: Ctrl-C ends
 * the thread wherever it is, and nothing of it is left. Its words are plain data.
 *
 *      main                     thread
 *      runJob: starts     --->  serveJob: checks its build, computes
 *      onProgress         <---  progress, now and then
 *      the answer         <---  answer, or what was thrown
 */
import { parentPort, workerData, Worker } from 'node:worker_threads';
import { checkBuild } from './build-stamp.ts';
import { buildId, threadFile, type ThreadName } from './build-id.ts';
import { exitOf } from './death-of.ts';
import { fromWire, toWire, type WireError } from './wire-error.ts';
import type { ThreadBoot } from './thread-entry.ts';

interface JobBoot<Job> extends ThreadBoot {
  readonly job: Job;
}

type Message<Progress, Answer> =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'thrown'; readonly error: WireError };

export interface JobWatch<Progress> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Host time between two reports. */
const REPORT_MS = 50;

/** The answer, or null if `signal` ended it. */
export async function runJob<Job, Progress, Answer>(thread: ThreadName, job: Job, watch: JobWatch<Progress>): Promise<Answer | null> {
  if (watch.signal?.aborted === true) return null;
  const boot: JobBoot<Job> = { buildId: buildId(), job };
  // where code stands is told as lines of the sources
  const worker = new Worker(threadFile(thread), { workerData: boot, execArgv: ['--enable-source-maps'] });
  const onAbort = (): void => { void worker.terminate(); };
  watch.signal?.addEventListener('abort', onAbort);
  try {
    return await answerOf<Progress, Answer>(worker, thread, watch);
  } finally {
    watch.signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

function answerOf<Progress, Answer>(worker: Worker, thread: string, { signal, onProgress }: JobWatch<Progress>): Promise<Answer | null> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: Message<Progress, Answer>) => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else if (message.kind === 'answer') resolve(message.answer);
      else reject(fromWire(message.error));
    });
    worker.on('error', (error) => reject(fromWire(error)));
    worker.on('exit', (code) => (signal?.aborted === true ? resolve(null) : reject(exitOf(`the ${thread}`, code))));
  });
}

/** What a thread that `runJob` has started does. */
export function serveJob<Job, Progress, Answer>(run: (job: Job, report: (progress: Progress) => void) => Answer): void {
  const { buildId: started, job } = workerData as JobBoot<Job>;
  const say = (message: Message<Progress, Answer>): void => parentPort!.postMessage(message);
  let reportedAt = -Infinity;
  const report = (progress: Progress): void => {
    if (performance.now() - reportedAt < REPORT_MS) return;
    reportedAt = performance.now();
    say({ kind: 'progress', progress });
  };
  try {
    checkBuild(started);
    say({ kind: 'answer', answer: run(job, report) });
  } catch (thrown) {
    say({ kind: 'thrown', error: toWire(thrown) });
  }
}
