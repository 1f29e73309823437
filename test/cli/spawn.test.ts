/** The command as a process: what only a real one shows. Needs `dist/`, which `npm test` builds. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INCOMPLETE } from '../../src/host/run-folder.ts';

const MAIN = resolve(import.meta.dirname, '../../dist/src/cli/main.js');
/** Where a test is about the process and not about its engine. */
const INLINE = ['--engine', 'inline'];
const LONG = '{ "tasks": { "t": { "run": 1000, "sleep": 1000 } }, "dynticks": { "duration": "100000s" } }';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dynticks-test-'));
  writeFileSync(join(home, 'long.json'), LONG);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Ended { readonly code: number | null; readonly signal: string | null; readonly out: string; readonly err: string }

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...argv], { cwd: home, env: { ...process.env, NO_COLOR: '' } });
}

function ended(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout!.on('data', (data) => { out += String(data); });
  child.stderr!.on('data', (data) => { err += String(data); });
  return new Promise((done) => child.on('close', (code, signal) => done({ code, signal, out, err })));
}

/** With stdout going to the file `path`. */
async function endedOnto(path: string, argv: readonly string[]): Promise<Pick<Ended, 'code' | 'err'>> {
  const stdout = openSync(path, 'w');
  const child = spawn(process.execPath, [MAIN, ...argv], { cwd: home, stdio: ['ignore', stdout, 'pipe'] });
  closeSync(stdout);
  let err = '';
  child.stderr!.on('data', (data) => { err += String(data); });
  return new Promise((done) => child.on('close', (code) => done({ code, err })));
}

/** Until the run has printed its choices, from where on it runs. */
function underWay(child: ChildProcess): Promise<void> {
  return new Promise((done) => child.stdout!.once('data', () => done()));
}

// the command is only a process once it is built
describe.skipIf(!existsSync(MAIN))('the process', () => {
  it('runs a scenario from standard input, without colour or bar where nobody looks', async () => {
    const child = start(['run', '-', '--duration', '20ms']);
    child.stdin!.end('{ "tasks": { "t": { "run": 1000 } } }');
    const { code, out, err } = await ended(child);
    expect(code).toBe(0);
    expect(out + err).not.toMatch(/\x1b/);
    expect(readdirSync(join(home, 'runs'))).toEqual(['stdin-1-1']);
  });

  it('ends with 2 and one line for bad input', async () => {
    const { code, out, err } = await ended(start(['run', 'long.json', '--cpus', '0']));
    expect([code, out, err.split('\n').length]).toEqual([2, '', 2]);
    expect(readdirSync(home)).toEqual(['long.json']);
  });

  it('ends with 130 on Ctrl-C and leaves a readable folder', async () => {
    const child = start(['run', 'long.json', ...INLINE, '--json']);
    const result = ended(child);
    const folder = join(home, 'runs', 'long-1-1');
    while (!existsSync(join(folder, 'trace.bin'))) await new Promise((done) => setTimeout(done, 20));
    await new Promise((done) => setTimeout(done, 100));
    child.kill('SIGINT');
    const { code, out } = await result;
    expect(code).toBe(130);
    expect(JSON.parse(out)).toMatchObject({ complete: false, end: { reason: 'interrupted' } });
    expect(readFileSync(join(folder, INCOMPLETE), 'utf8')).toMatch(/incomplete/);
    expect(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))).toMatchObject({ complete: false });
  });

  it('leaves a folder that says it is incomplete when it is killed', async () => {
    const child = start(['run', 'long.json', ...INLINE]);
    const result = ended(child);
    await underWay(child);
    child.kill('SIGKILL');
    expect((await result).signal).toBe('SIGKILL');
    const names = readdirSync(join(home, 'runs', 'long-1-1'));
    expect(names).toContain(INCOMPLETE);
    expect(names).not.toContain('run.json');
  });

  it('does not mind a reader that goes away, and its exit code still tells', async () => {
    const child = start(['run', 'long.json', ...INLINE, '--duration', '200ms']);
    child.stdout!.destroy();
    const result = await new Promise((done) => child.on('exit', (code, signal) => done([code, signal])));
    expect(result).toEqual([0, null]);
    expect(readdirSync(join(home, 'runs', 'long-1-1'))).toContain('run.json');
  });
});

// a device of Linux on which every write finds the disk full
describe.skipIf(!existsSync(MAIN) || !existsSync('/dev/full'))('the process on a full disk', () => {
  it.each([
    [['run', 'long.json', ...INLINE, '--duration', '20ms'], ['long-1-1']],
    [['run', 'long.json', ...INLINE, '--duration', '20ms', '--quiet'], ['long-1-1']],
    [['list'], []],
  ])('ends with 4 and one line if nobody can be told what %j came to', async (argv, folders) => {
    const { code, err } = await endedOnto('/dev/full', argv);
    expect(code).toBe(4);
    const notes = /^note: .*\n/gm;
    expect(err.replace(notes, '')).toBe('dynticks: the disk is full: could not write to standard output.\n');
    for (const folder of folders) expect(readdirSync(join(home, 'runs', folder))).toContain('run.json');
  });

  it('lets what is worse than a full disk stand', async () => {
    expect((await endedOnto('/dev/full', ['run', 'long.json', '--cpus', '0', '--json'])).code).toBe(2);
  });
});
