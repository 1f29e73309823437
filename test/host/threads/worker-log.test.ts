import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRunLog } from '../../../src/host/log.ts';
import type { LoggingBoot } from './logging.ts';

const ENTRY = resolve(import.meta.dirname, '../../../dist/test/host/threads/logging.js');

let home = '';
let path = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  path = join(home, 'log.ndjson');
});
afterEach(() => rmSync(home, { recursive: true }));

type Line = Readonly<Record<string, unknown>>;
const lines = (): readonly Line[] => readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Line);
const start = (boot: LoggingBoot): Worker => new Worker(ENTRY, { workerData: boot, execArgv: [] });

describe('a thread’s log', () => {
  it('says that the CPU is up and done in lines of the run’s own shape, among those of the main thread', async () => {
    const log = openRunLog(path);
    log.info(0, 'run');
    const worker = start({ path, cpu: 3, lines: 1, end: 'done' });
    await once(worker, 'exit');
    log.info(9, 'end');
    expect(lines()).toMatchObject([
      { level: 30, ns: 0, msg: 'run' },
      { level: 30, ns: 0, cpu: 3, threadId: expect.any(Number), memory: 'wasm', sync: 'free ', msg: 'thread up' },
      { level: 30, ns: 1, cpu: 3, events: 12, windows: 3, spins: 5, msg: 'thread done' },
      { level: 30, ns: 9, msg: 'end' },
    ]);
    const shape = ({ level, time, pid, hostname }: Line) => [level, typeof time, pid, hostname];
    expect(shape(lines()[1]!)).toEqual(shape(lines()[0]!));
    log.close();
  });

  it('keeps what a CPU failed of', async () => {
    await once(start({ path, cpu: 0, lines: 0, end: 'failed' }), 'exit');
    expect(lines()).toMatchObject([{ level: 50, ns: 0, cpu: 0, msg: 'thread failed', err: { type: 'TypeError', message: 'not so' } }]);
  });

  it('mixes no two lines of four threads, and loses none when they exit or are terminated', async () => {
    const ends = ['done', 'exit', 'wait', 'wait'] as const;
    const workers = ends.map((end, cpu) => start({ path, cpu, lines: 500, end }));
    await Promise.all(workers.map((worker, cpu) => once(worker, ends[cpu] === 'exit' ? 'exit' : 'message')));
    await Promise.all(workers.map((worker) => worker.terminate()));
    const of = (cpu: number) => lines().filter((line) => line['cpu'] === cpu && line['msg'] === 'thread up').map(({ ns }) => ns);
    for (const cpu of ends.keys()) expect(of(cpu)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('is silent without a path, and does not even load the logger', async () => {
    const loaded = (boot: LoggingBoot): Promise<unknown[]> => once(start(boot), 'message');
    expect(await loaded({ path: null, cpu: 0, lines: 1, end: 'done' })).toEqual([{ loadedPino: false }]);
    expect(readdirSync(home)).toEqual([]);
    expect(await loaded({ path, cpu: 0, lines: 1, end: 'done' })).toEqual([{ loadedPino: true }]);
  });
});
