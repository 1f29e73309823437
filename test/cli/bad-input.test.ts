/** Every kind of bad input: exit 2, one clear message with place, found and expected, and nothing written. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BadInput } from '../../src/workload/bad-input.ts';
import { commandUnderTest } from './call.ts';

const command = commandUnderTest();

const GOOD = '{ "tasks": { "t": { "run": 1000 } } }';
const task = (phase: string): string => `{ "tasks": { "t": { ${phase} } } }`;
const block = (entries: string): string => `{ "tasks": { "t": { "run": 1000 } },\n  "dynticks": { ${entries} } }`;

const CUT = block(
  '"cuts": [{ "cpu": 0, "event": { "entry": "timer", "n": 0 }, "access": { "struct": "vtime", "field": "utime", '
  + '"op": "store", "n": 0 }, "run": { "irq": "timer" } }]',
);

type Case = readonly [what: string, text: string, flags: readonly string[], message: RegExp];

const IN_THE_FILE: readonly Case[] = [
  ['an empty file', '', [], /in\.json:1:1: .*expected/],
  ['no JSON', 'hello', [], /in\.json:1:1: .*found .*expected/],
  ['JSON that is cut', '{ "tasks": {', [], /in\.json:1:\d+: .*found .*expected/],
  ['an array', '[]', [], /in\.json:1:1: .*found .*expected/],
  ['no tasks', '{}', [], /in\.json:1:1: .*tasks.*expected/],
  ['tasks of the wrong type', '{ "tasks": 5 }', [], /in\.json:1:\d+: tasks: found .*5.*expected/],
  ['an event of the wrong type', task('"run": "much"'), [], /in\.json:1:\d+: tasks\.t\.run: found "much".*expected/],
  ['a negative time', task('"run": -5'), [], /in\.json:1:\d+: tasks\.t\.run: found -5.*expected/],
  ['a phase that is no object', task('"phases": { "p": 7 }'), [], /in\.json:1:\d+: tasks\.t\.phases\.p: found .*7.*expected/],
  ['a phase of unknown events only', task('"phases": { "p": { "frobnicate": 7 } }'), [],
    /in\.json:1:\d+: tasks\.t\.phases\.p: found no event, expected/],
  ['an event that is not there yet', task('"cputimer": "5us"'), [], /in\.json:1:\d+: tasks\.t\.cputimer: found .*expected/],
  ['mutexes with priority inheritance', '{ "global": { "pi_enabled": true }, "tasks": { "t": { "run": 1 } } }', [],
    /in\.json:1:\d+: global\.pi_enabled: found true.*expected/],
  ['a task on a CPU that is not there', task('"cpus": [9], "run": 1'), ['--cpus', '4'], /tasks\.t.*cpus.*found .*9.*expected/],
  ['no CPUs', block('"cpus": 0'), [], /in\.json:2:\d+: dynticks\.cpus: found .*0.*expected/],
  ['100,000 CPUs', block('"cpus": 100000'), [], /in\.json:2:\d+: dynticks\.cpus: found .*100000.*expected/],
  ['a duration without a unit', block('"duration": "5"'), [], /in\.json:2:\d+: dynticks\.duration: found .*expected a time with its unit/],
  ['a duration that is a number', block('"duration": 5'), [], /in\.json:2:\d+: dynticks\.duration: found .*5.*expected/],
  ['a duration beyond 2^53 ns', block('"duration": "9007200s"'), [], /in\.json:2:\d+: dynticks\.duration: found .*expected .*2\^53/],
  ['an unknown fault', block('"faults": ["B-99"]'), [], /in\.json:2:\d+: dynticks\.faults.*B-99.*expected .*B-01/],
  ['a kernel that does not exist yet', block('"kernel": "3.9"'), [], /in\.json:2:\d+: dynticks\.kernel.*3\.9.*expected .*6\.12/],
];

const IN_A_FLAG: readonly Case[] = [
  ['no CPUs', GOOD, ['--cpus', '0'], /command line: --cpus: found "0", expected/],
  ['100,000 CPUs', GOOD, ['--cpus', '100000'], /command line: --cpus: found "100000", expected/],
  ['an unknown fault', GOOD, ['--fault', 'b-01'], /command line: --fault: found .*"b-01", expected .*B-01.*Did you mean "B-01"\?/],
  ['an unknown oracle', GOOD, ['--require', 'G-99'], /command line: --require: found "G-99", expected one of .*G-01/],
  ['a malformed kernel command line', GOOD, ['--cmdline', 'nohz_full=x'], /command line: nohz_full: found "x", expected/],
  ['a duration without a unit', GOOD, ['--duration', '5'], /command line: --duration: found "5", a number without a unit, expected/],
  ['a duration beyond 2^53 ns', GOOD, ['--duration', '9007200s'],
    /command line: --duration: found "9007200s", expected less than 2\^53 ns/],
  ['an engine that there is not', GOOD, ['--engine', 'thread'], /command line: --engine: found "thread", expected "threads" or "inline"/],
  ['a way for threads to agree, where there is one thread', GOOD, ['--engine', 'inline', '--sync', 'free'],
    /command line: --sync: found "free" beside --engine inline, expected/],
  ['a memory for threads, where there is one thread', GOOD, ['--engine', 'inline', '--memory', 'atomics'],
    /command line: --memory: found "atomics" beside --engine inline, expected/],
  ['cuts where CPUs race', CUT, ['--sync', 'free'], /command line: --sync: found "free" for a scenario with cuts, expected "lockstep"/],
  ['CPUs that may stand no time apart', GOOD, ['--skew', '0us'], /command line: --skew: found 0s, expected a time from 1ns to 1s/],
  ['CPUs that may stand too far apart', GOOD, ['--skew', '2s'], /command line: --skew: found 2s, expected a time from 1ns to 1s/],
  ['a pause that is too long', GOOD, ['--widen', '1s'], /command line: --widen: found 1s, expected a time from 0s to 10ms/],
  ['an --out below a file', GOOD, ['--out', 'in.json/run'],
    /command line: --out .*in\.json\/run: found a file where a folder is needed, expected/],
  ['an --out that is in use', GOOD, ['--out', '.'], /command line: --out .*: found a folder that is not empty, expected/],
  ['an unknown flag', GOOD, ['--frob'], /unknown option '--frob'/],
  ['a flag without its value', GOOD, ['--cpus'], /option '--cpus <n>' argument missing/],
];

describe.each([['in the file', IN_THE_FILE], ['in a flag', IN_A_FLAG]])('bad input %s', (_, cases) => {
  it.each(cases)('%s', async (__, text, flags, message) => {
    const path = join(command.home, 'in.json');
    writeFileSync(path, text);
    const inHome = flags.map((flag, i) => (flags[i - 1] === '--out' ? join(command.home, flag) : flag));
    const { code, out, err } = await command.call(['run', path, ...inHome]);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(err).toMatch(/^dynticks: [^\n]+\n$/);
    expect(out).toBe('');
    expect(readdirSync(command.home)).toEqual(['in.json']);
  });
});

it('a scenario that is not there is bad input', async () => {
  const { code, err } = await command.call(['run', join(command.home, 'nowhere.json')]);
  expect([code, err]).toEqual([2, expect.stringMatching(/nowhere\.json: found no such file, expected .*Shipped are: .*first-light/)]);
  expect(readdirSync(command.home)).toEqual([]);
});

it('bad input that shows only when the machine is built takes the folder back', async () => {
  const path = join(command.home, 'in.json');
  writeFileSync(path, GOOD);
  const late = new BadInput({ file: path, path: 'tasks', found: 'x', expected: 'y' });
  const { code } = await command.call(['run', path], { simulate: () => Promise.reject(late) });
  expect([code, readdirSync(command.home)]).toEqual([2, ['in.json']]);
});

it('with --json a program gets a document, also where a flag is unknown', async () => {
  for (const argv of [['run', 'nowhere', '--json'], ['run', '--json', '--frob'], ['list', 'nothing', '--json']]) {
    const { code, out } = await command.call(argv);
    expect([code, JSON.parse(out)]).toMatchObject([2, { complete: false, exitCode: 2, error: expect.any(String) }]);
  }
});

it.each([[[]], [['run']], [['rin']], [['list', 'a', 'b']]])('usage that makes no sense is bad input: %j', async (argv) => {
  const { code, out, err } = await command.call(argv);
  expect([code, out]).toEqual([2, '']);
  expect(err).not.toBe('');
});
