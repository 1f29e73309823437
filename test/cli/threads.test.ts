/** The command as a process on threads: how it ends when a thread does, or when somebody interrupts it. Needs `dist/`. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOST_FAULTS } from '../../src/engine/threads/host-faults.ts';
import { INCOMPLETE } from '../../src/host/run-folder.ts';
import { readTrace } from '../../src/observe/trace-bin-reader.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/src/cli/main.js');
const LONG = '{ "tasks": { "t": { "run": 1000, "sleep": 1000 } }, "dynticks": { "cpus": 2, "duration": "100000s" } }';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  writeFileSync(join(home, 'long.json'), LONG);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Ended { readonly code: number | null; readonly out: string; readonly err: string }

/** Runs the command in a process of its own; `meanwhile` is called when it has begun to write its trace. */
async function run(argv: readonly string[], meanwhile: (kill: (signal: NodeJS.Signals) => void) => void = () => {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'run', 'long.json', ...argv], { cwd: home, env: { ...process.env, NO_COLOR: '' } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => { out += String(data); });
  child.stderr.on('data', (data) => { err += String(data); });
  const closed = new Promise<number | null>((done) => child.on('close', done));
  let isOver = false;
  void closed.then(() => { isOver = true; });
  while (!isOver && !logLines().some(({ msg }) => msg === 'first records')) await new Promise((turn) => setTimeout(turn, 10));
  meanwhile((signal) => child.kill(signal));
  return { code: await closed, out, err };
}

const folder = (): string => join(home, 'runs', 'long-1-1');

interface Line { readonly msg: string; readonly cpu?: number; readonly err?: { readonly message: string } }
function logLines(): Line[] {
  const path = join(folder(), 'log.ndjson');
  if (!existsSync(path)) return [];
  // what stands behind the last line end may still be growing
  return readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
}

const traced = () => readTrace(readFileSync(join(folder(), 'trace.bin')), { onEvent: () => {} });

const WHY: Readonly<Record<string, string>> = {
  'thread-throws': 'CPU 1: threw TypeError: planted: not so',
  'thread-exits': 'CPU 1: exited with code 7',
  'thread-runs-out-of-memory': 'CPU 1: ran out of memory: its heap may have 96 MiB, 4 of them new',
  'thread-hangs': 'CPU 1: hangs. No event ended for ',
};

describe.skipIf(!existsSync(MAIN))('the process on threads', () => {
  it.each(HOST_FAULTS)('ends with 3 and says which CPU and why, when $id; what there is stays readable', async ({ id }) => {
    const { code, out, err } = await run(['--fault', id, '--json']);
    expect(code).toBe(3);
    expect(err).toContain(`A thread of the machine died, and the run with it. ${WHY[id]}`);
    expect(JSON.parse(out)).toMatchObject({ complete: false, exitCode: 3, error: expect.stringContaining(WHY[id]!) });
    expect(readdirSync(folder()).sort()).toEqual([INCOMPLETE, 'log.ndjson', 'trace.bin']);
    expect(readFileSync(join(folder(), INCOMPLETE), 'utf8')).toContain(WHY[id]);
    const { header, records, complete } = traced();
    expect([header?.facts.cpus, records > 50, complete]).toEqual([2, true, false]);
    expect(logLines().at(-1)).toMatchObject({ msg: 'run failed', err: { message: expect.stringContaining(WHY[id]!) } });
  });

  it('refuses such a fault with 2 on one thread, and writes nothing', async () => {
    const { code, err } = await run(['--fault', 'thread-exits', '--engine', 'inline']);
    expect([code, err.split('\n').length]).toEqual([2, 2]);
    expect(err).toContain('"inline" with the fault "thread-exits"');
    expect(readdirSync(home)).toEqual(['long.json']);
  });

  it('ends with 130 on Ctrl-C, its folder readable and marked', async () => {
    const { code, out } = await run(['--json'], (kill) => kill('SIGINT'));
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ complete: false, end: { reason: 'interrupted' } });
    expect(readFileSync(join(folder(), INCOMPLETE), 'utf8')).toMatch(/interrupted; what is here is readable/);
    expect(traced().complete).toBe(true);
  });

  it('has in its log when the threads were up, and what each of them did', async () => {
    expect((await run(['--duration', '50ms'])).code).toBe(0);
    const said = logLines().map(({ msg, cpu }) => (cpu === undefined ? msg : `${msg}: ${cpu}`));
    for (const thread of [0, 1, 2]) {
      expect(said).toContain(`thread up: ${thread}`);
      expect(said).toContain(`thread done: ${thread}`);
    }
    const main = said.filter((msg) => ['run begins', 'threads up', 'first records', 'threads done', 'run ends'].includes(msg));
    expect(main).toEqual(['run begins', 'threads up', 'first records', 'threads done', 'run ends']);
  });
});
