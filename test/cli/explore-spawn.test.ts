/** `explore` and `replay` as processes: the search on its thread, lines of the sources, a real Ctrl-C. Needs `npm run build`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/models/catalogue.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = resolve(ROOT, 'dist/src/cli/main.js');

interface Ended { readonly code: number | null; readonly out: string; readonly err: string }

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...argv], { env: { ...process.env, NO_COLOR: '' } });
}

function ended(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout!.on('data', (data) => { out += String(data); });
  child.stderr!.on('data', (data) => { err += String(data); });
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })));
}

// the command is only a process once it is built
describe.skipIf(!existsSync(MAIN))('the process', () => {
  it('explores on a thread, and what it found is there again when it is replayed', async () => {
    const found = await ended(start(['explore', 'seqcount', '--mutant', 'no-retry']));
    expect([found.code, found.err]).toEqual([1, '']);
    const [, text, line] = /(FAIL [^]*\nagain: dynticks replay (\S+)\n)/.exec(found.out)!;
    const again = await ended(start(['replay', line!]));
    expect([again.code, again.err, again.out.endsWith(`\n\n${text}`)]).toEqual([1, '', true]);
  });

  it('names lines of the sources', async () => {
    const { out } = await ended(start(['explore', 'seqcount', '--mutant', 'no-retry', '--json']));
    const { searches } = JSON.parse(out) as { searches: { counterexample: { rows: { text: string; site: string }[] } }[] };
    const site = searches[0]!.counterexample.rows.find(({ text }) => text === 'store seq 0 -> 1')!.site;
    const [, file, line] = /^(.*\.ts):(\d+)$/.exec(site)!;
    expect(file).toBe('seqcount.ts');
    const code = readFileSync(resolve(ROOT, 'shared/sync', file!), 'utf8').split('\n')[Number(line) - 1];
    expect(code).toMatch(/memory\.store\(/);
  });

  it('ends with 130 on Ctrl-C in the middle of a search, and says so', async () => {
    const child = start(['explore', CATALOGUE[0]!.id, '--mode', 'random', '--budget', '1000s']);
    const result = ended(child);
    await new Promise<void>((done) => { child.stdout!.once('data', () => done()); });
    await new Promise((done) => setTimeout(done, 300));
    child.kill('SIGINT');
    const { code, out, err } = await result;
    expect([code, err]).toEqual([130, '']);
    expect(out).toMatch(/interrupted[^]*\nverdict: interrupted\n$/);
  });

  it('is not taken in by a schedule of another model', async () => {
    const { code, out, err } = await ended(start(['replay', 'seqcount:7']));
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^dynticks: command line: replay: [^\n]*there is no strand 7[^\n]*\n$/);
  });
});
