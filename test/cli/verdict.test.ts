import { expect, it } from 'vitest';
import { painter } from '../../src/cli/paint.ts';
import { brokenLines, lastLine, verdictLines } from '../../src/cli/verdict.ts';
import { verdicts } from '../host/run-record.ts';

const plain = painter(false);

it('the verdict is one line an oracle, with sentence and events under those that are broken', () => {
  expect(verdictLines(verdicts, 2, plain)).toBe(`
G-01  held (31,538 checked)  sequences are even
V-02  BROKEN (2 of 1,000)  reads are legal
      reader "watch" <took> version 3
        CPU 0  0.044088098  task_cputime  task=5 k=3
        coordinator  1.000000001  csd_queue_cpu
X-S1  not exercised  one CPU at a time`.slice(1));
});

it('a quiet run tells only what broke', () => {
  expect(brokenLines(verdicts, 2, plain)).toMatch(/^V-02 {2}BROKEN[^]*csd_queue_cpu$/);
  expect(brokenLines([], 2, plain)).toBe('');
});

it('the last line has the outcome, the tally and what was required in vain', () => {
  expect(lastLine('broken', verdicts, [], plain)).toBe('verdict: broken (1 held, 1 broken, 1 not exercised)');
  expect(lastLine('not exercised', verdicts.slice(0, 1), ['X-S1'], plain)).toBe(
    'verdict: not exercised (1 held, 0 broken, 0 not exercised); required, but not exercised: X-S1');
  expect(lastLine('held', [], [], plain)).toBe('verdict: held (nobody judged)');
});

it('colour changes no letter', () => {
  const bare = (text: string) => text.replace(/\x1b\[\d+m/g, '');
  const painted = verdictLines(verdicts, 2, painter(true));
  expect(painted).not.toBe(bare(painted));
  expect(bare(painted)).toBe(verdictLines(verdicts, 2, plain));
});
