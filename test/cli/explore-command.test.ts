import { describe, expect, it } from 'vitest';
import type { SearchTask } from '../../src/explorer.ts';
import { commandUnderTest, type Called } from './call.ts';
import { exploredHere, MODELS } from './explored.ts';

const command = commandUnderTest();
const explore = (...argv: readonly string[]): Promise<Called> => command.call(['explore', ...argv], exploredHere());
const lastLine = ({ out }: Called): string => out.trimEnd().split('\n').at(-1)!;
const rowOf = ({ out }: Called, name: string): string => out.split('\n').find((line) => line.startsWith(`${name} `))!;

/** The tasks that the command would search. */
async function tasksOf(...argv: readonly string[]): Promise<SearchTask[]> {
  const tasks: SearchTask[] = [];
  await command.call(['explore', ...argv], { models: MODELS, search: async (task) => { tasks.push(task); return null; } });
  return tasks;
}

describe('dynticks explore', () => {
  it('explores each model in the way that it asks for, and never takes a part for the whole', async () => {
    const called = await explore();
    expect(called.code).toBe(0);
    expect(called.out).toMatch(/^3 models: the quick search [^\n]*\nengine explorer: each access of shared memory is a step/);
    expect(rowOf(called, 'two-fields')).toMatch(/every class of interleavings +pass: exhaustive +(\d+) +\1 +\d+ +\d+\.\d\d$/);
    expect(rowOf(called, 'two-readers')).toMatch(/at most 1 preemptions +pass: bounded, up to 1 preemption +\d+ +- +\d+ /);
    expect(rowOf(called, 'two-updates')).toMatch(/at random, seed 1 +no failure seen: sampled +50 +- /);
    expect(lastLine(called)).toBe('verdict: no failure seen (1 passed exhaustively, 1 passed up to a bound only, 1 sampled only)');
    expect(called.err).toBe('');
  });

  it('of one model shows what its threads returned', async () => {
    const { code, out } = await explore('two-fields');
    expect(code).toBe(0);
    expect(out).toMatch(/\noutcomes [^\n]*: 2\n {2}\d+ {2}- \[\d,\d+\]\n/);
    expect(out).toMatch(/\nverdict: pass \(1 passed exhaustively\)\n$/);
  });

  it('is thorough where it is asked to be', async () => {
    expect(rowOf(await explore('two-readers', '--mode', 'thorough'), 'two-readers')).toMatch(/pass: exhaustive/);
    expect(rowOf(await explore('two-readers', '--mode', 'exhaustive'), 'two-readers')).toMatch(/pass: exhaustive/);
  });

  it('says exhaustive of a bound that kept it from nothing', async () => {
    expect(rowOf(await explore('two-fields', '--preemptions', '20'), 'two-fields')).toMatch(/at most 20 preemptions +pass: exhaustive/);
  });

  it('shows a mutant’s counterexample: a column a CPU, values, where they came from, lines of code, why, how to see it again', async () => {
    const { code, out } = await explore('two-fields', '--mutant', 'no-retry');
    expect(code).toBe(1);
    expect(out).toMatch(/\ntwo-fields\/no-retry +at most 3 preemptions +FAIL: assertion /);
    expect(out).toMatch(/\nFAIL two-fields\/no-retry: torn: a = \d, b = \d+\n/);
    expect(out).toMatch(/\n +# +CPU0 +CPU1 +code\n/);
    expect(out).toMatch(/\n +\d+ {2}store seq 0 -> 1 +two-fields\.ts:\d+\n/);
    expect(out).toMatch(/\n +\d+ {20,}load b = 10 +\(from \d+\) +two-fields\.ts:\d+\n/);
    expect(out).toMatch(/\n {2}why: CPU1 was overtaken between its steps \d+ and \d+: /);
    expect(out).toMatch(/\nagain: dynticks replay two-fields\/no-retry:[\w.-]+\n\nverdict: fail \(1 failed\)\n$/);
  });

  it.each(['exhaustive', 'bounded', 'random'])('finds it in mode %s, and shows the same simplest execution', async (mode) => {
    const { code, out } = await explore('two-fields', '--mutant', 'no-retry', '--mode', mode);
    expect(code).toBe(1);
    expect(out).toMatch(/ 1 preemption, replay: two-fields\/no-retry:/);
  });

  it('calls a data race a failure', async () => {
    const { code, out } = await explore('two-fields', '--mutant', 'plain-loads', '--mode', 'exhaustive');
    expect([code, out]).toEqual([1, expect.stringMatching(/FAIL: race[^]*\nFAIL two-fields\/plain-loads: race: nothing orders '.* and '/)]);
  });

  it('goes on after a failure, whose exit code wins over a limit', async () => {
    const [first, second] = MODELS;
    const broken = [{ ...first!, model: first!.mutants[0]!.model }, second!];
    const { code, out } = await command.call(['explore', '--mode', 'exhaustive', '--executions', '20'], exploredHere(broken));
    expect(code).toBe(1);
    expect(out).toMatch(/\nverdict: fail \(1 failed, 1 without an answer\)\n$/);
  });

  it('ends with 0 where a mutant does not fail', async () => {
    expect((await explore('--mutant', 'none')).code).toBe(0);
  });
});

describe('a limit', () => {
  it.each([['--executions', '5'], ['--budget', '1ns']])('%s %s before the answer ends with 4 and no pass', async (...limit) => {
    const called = await explore('two-readers', '--mode', 'exhaustive', ...limit);
    expect(called.code).toBe(4);
    expect(rowOf(called, 'two-readers')).toMatch(/no answer: a limit came first/);
    expect(lastLine(called)).toBe('verdict: no answer (1 without an answer)');
  });

  it('is what a random search was asked for, unless time ran out before its number', async () => {
    const counted = await explore('two-fields', '--seed', '4', '--executions', '300');
    expect([counted.code, counted.out]).toEqual([0, expect.stringMatching(/ no failure seen: sampled +300 /)]);
    expect((await explore('two-fields', '--mode', 'random', '--budget', '1ns')).code).toBe(0);
    expect((await explore('two-fields', '--mode', 'random', '--budget', '1ns', '--executions', '100000')).code).toBe(4);
  });
});

describe('Ctrl-C', () => {
  it('ends with 130 and says what was not searched', async () => {
    let searches = 0;
    const doors = exploredHere(MODELS, () => { if (++searches === 2) command.signals.emit('SIGINT', 'SIGINT'); });
    const called = await command.call(['explore'], doors);
    expect(called.code).toBe(130);
    expect(rowOf(called, 'two-fields')).toMatch(/pass: exhaustive/);
    expect(rowOf(called, 'two-readers')).toMatch(/interrupted/);
    expect(rowOf(called, 'two-updates')).toMatch(/not begun/);
    expect(lastLine(called)).toBe('verdict: interrupted (1 passed exhaustively)');
    expect(command.signals.listenerCount('SIGINT')).toBe(0);
  });

  it('leaves a JSON document that says so', async () => {
    const doors = exploredHere(MODELS, () => { command.signals.emit('SIGINT', 'SIGINT'); });
    const { code, out } = await command.call(['explore', '--json'], doors);
    expect([code, JSON.parse(out)]).toEqual([130, expect.objectContaining({ complete: false, outcome: 'interrupted', searches: [] })]);
  });
});

describe('--json', () => {
  it('is one document with verdict, coverage, counts and outcomes of each search', async () => {
    const { code, out, err } = await explore('--json');
    const document = JSON.parse(out) as { engine: object; searches: readonly object[] };
    expect([code, err]).toEqual([0, '']);
    expect(document).toMatchObject({ format: 'dynticks explore 1', complete: true, outcome: 'pass', exitCode: 0 });
    expect(document.searches).toMatchObject([
      { model: 'two-fields', mutant: null, verdict: 'exhaustive', counterexample: null, outcomes: { '- [1,10]': expect.any(Number) } },
      { model: 'two-readers', verdict: 'bounded', coverage: { kind: 'bounded', preemptions: 1 }, classes: null },
      { model: 'two-updates', verdict: 'sampled', coverage: { kind: 'sampled' }, executions: 50 },
    ]);
  });

  it('has the counterexample as data', async () => {
    const { code, out } = await explore('--json', 'two-fields', '--mutant', 'no-retry');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      outcome: 'fail', exitCode: 1,
      searches: [{
        verdict: 'fail', failures: { assertion: 1 }, foundAt: expect.any(Number),
        counterexample: {
          model: 'two-fields/no-retry', kind: 'assertion', columns: ['CPU0', 'CPU1'], preemptions: 1,
          replay: expect.stringMatching(/^two-fields\/no-retry:/), rows: expect.any(Array), why: [expect.stringMatching(/overtaken/)],
        },
      }],
    });
  });

  it('is the same each time, but for the seconds', async () => {
    const documents = await Promise.all([1, 2].map(async () => (await explore('--json', '--mutant', 'plain-loads')).out));
    const [first, second] = documents.map((text) => text.replace(/"seconds": [\d.e-]+/g, ''));
    expect(first).toBe(second);
  });
});

describe('bad words', () => {
  it.each([
    [['two-field'], /explore: found "two-field", expected one of two-fields, .*Did you mean "two-fields"\?/],
    [['two-fields', '--mutant', 'no-rety'], /--mutant: found "no-rety".*Did you mean "no-retry"\?/],
    [['two-updates', '--mutant', 'no-retry'], /--mutant: found "no-retry", expected no mutant/],
    [['--mutant', 'no-retry'], /found "no-retry" of two-fields\/no-retry, two-readers\/no-retry, expected the model/],
    [['--mode', 'all'], /--mode: found "all", expected "quick" or /],
    [['--preemptions', '-1'], /--preemptions: found "-1", expected a whole number, 0 to 100/],
    [['--mode', 'exhaustive', '--preemptions', '2'], /--preemptions: found "2" beside another mode, expected --mode bounded/],
    [['--mode', 'bounded', '--seed', '2'], /--seed: found "2" beside another mode, expected --mode random/],
    [['--preemptions', '1', '--seed', '2'], /beside another mode/],
    [['--executions', '0'], /--executions: found "0", expected a whole number, 1 to /],
    [['--budget', '30'], /--budget: .*Units are s, ms, us and ns/],
    [['--budget', '0s'], /--budget: found "0s", expected a time above zero/],
  ])('%j end with 2 and one line', async (argv, says) => {
    const { code, out, err } = await explore(...argv);
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(says)]);
    expect(err.split('\n')).toHaveLength(2);
  });
});

describe('what is left unsaid', () => {
  it('is implied by what is said', async () => {
    expect((await tasksOf('two-fields', '--preemptions', '2'))[0]!.mode).toEqual({ kind: 'bounded', preemptions: 2 });
    expect((await tasksOf('two-fields', '--seed', '9'))[0]).toMatchObject({ mode: { kind: 'random', seed: 9 }, executions: 100_000 });
    expect((await tasksOf('two-fields', '--seed', '9', '--budget', '2s'))[0]).toMatchObject({ executions: null, budgetMs: 2_000 });
    expect((await tasksOf('two-fields'))[0]).toEqual(
      { subject: { model: 'two-fields', mutant: null }, mode: { kind: 'quick' }, executions: null, budgetMs: null });
  });
});
