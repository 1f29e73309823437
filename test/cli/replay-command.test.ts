import { describe, expect, it } from 'vitest';
import { commandUnderTest, type Called } from './call.ts';
import { exploredHere } from './explored.ts';

const command = commandUnderTest();
const call = (...argv: readonly string[]): Promise<Called> => command.call(argv, exploredHere());

/** The failure as `explore` prints it, and the line under it. */
async function failure(mutant: string): Promise<{ readonly text: string; readonly line: string }> {
  const { out } = await call('explore', 'two-fields', '--mutant', mutant);
  const [, text, line] = /(FAIL [^]*\nagain: dynticks replay (\S+)\n)/.exec(out)!;
  return { text: text!, line: line! };
}

describe('dynticks replay', () => {
  it.each(['no-retry', 'plain-loads'])('gives the failure of %s again, to the letter', async (mutant) => {
    const { text, line } = await failure(mutant);
    const { code, out, err } = await call('replay', line);
    expect([code, err]).toEqual([1, '']);
    expect(out.startsWith('engine explorer: ')).toBe(true);
    expect(out.endsWith(`\n\n${text}`)).toBe(true);
  });

  it('shows an execution that holds, and ends with 0', async () => {
    const { line } = await failure('no-retry');
    const { code, out } = await call('replay', line.replace('/no-retry', ''));
    expect(code).toBe(0);
    expect(out).toMatch(/\ntwo-fields: this execution holds\n/);
    expect(out).not.toMatch(/again:/);
  });

  it('as JSON is one document', async () => {
    const { line } = await failure('no-retry');
    const { code, out } = await call('replay', line, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ complete: true, exitCode: 1, execution: { replay: line, kind: 'assertion' } });
  });

  it.each([
    ['two-fields', /found "two-fields", expected a model and a schedule as explore prints them/],
    ['two-field:0', /replay: found "two-field".*Did you mean "two-fields"\?/],
    ['two-fields/no-rety:0', /replay: found "no-rety".*Did you mean "no-retry"\?/],
    ['two-fields:0-?', /found "two-fields:0-\?" \('\?' in '0-\?' is no part of a schedule\), expected a schedule of two-fields as/],
    ['two-fields:0x99', /CPU0 cannot step/],
    ['two-fields:5', /there is no strand 5/],
    ['two-fields:s7-0', /start/],
  ])('%s ends with 2 and one line', async (line, says) => {
    const { code, out, err } = await call('replay', line);
    expect([code, out, err]).toEqual([2, '', expect.stringMatching(says)]);
    expect(err.split('\n')).toHaveLength(2);
  });
});
