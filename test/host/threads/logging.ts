/** A thread that writes lines to a log, and then ends in one way or another. Compiled, since threads run `dist/`. */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { openWorkerLog } from '../../../src/host/threads/worker-log.ts';

export interface LoggingBoot {
  readonly path: string | null;
  readonly cpu: number;
  readonly lines: number;
  readonly end: 'done' | 'failed' | 'exit' | 'wait';
}

const { path, cpu, lines, end } = workerData as LoggingBoot;

const log = await openWorkerLog(path, cpu);
for (let i = 0; i < lines; i++) log.up(i, { memory: 'wasm', sync: `free ${'x'.repeat(i % 500)}` });
if (end === 'done') log.done(lines, { events: 12, windows: 3, spins: 5 });
if (end === 'failed') log.failed(lines, new TypeError('not so'));
if (end === 'exit') process.exit(0);
const loaded = Object.keys(createRequire(import.meta.url).cache);
parentPort!.postMessage({ loadedPino: loaded.some((file) => file.includes('/node_modules/pino/')) });
if (end === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
