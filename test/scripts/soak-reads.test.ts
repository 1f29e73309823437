import { appendFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { partsOf, sumOf, type ReadsResult } from '../../scripts/soak/reads.ts';
import { ReadsLog } from '../../scripts/soak/reads-log.ts';

const result = (reads: number): ReadsResult => ({
  reads, looks: { task_cputime: reads }, overlapped: reads / 10, illegal: 0, unjudged: 0, backward: 0, retried: 1, seconds: 2, broken: [],
  windows: { opened: 4, overlapping: 3 },
});

describe('a soak of reads', () => {
  it('is parts that come to what was asked for, each with a seed of its own', () => {
    const parts = partsOf(100_000_000, 7, {});
    expect(parts.reduce((sum, { reads }) => sum + reads, 0)).toBeGreaterThanOrEqual(100_000_000);
    expect(new Set(parts.map(({ seed }) => seed)).size).toBe(parts.length);
    expect(parts[0]!.seed).toBe(7);
  });

  it('can be of one scenario over one memory, as a part that failed was', () => {
    expect(partsOf(5_000, 12, { scenario: 'racing-reads', memory: 'wasm' })).toEqual([
      { scenario: 'racing-reads', memory: 'wasm', seed: 12, reads: 5_000 },
    ]);
  });

  it('sums up its parts', () => {
    expect(sumOf([result(100), result(50)])).toMatchObject({
      reads: 150, looks: { task_cputime: 150 }, overlapped: 15, seconds: 4, windows: { opened: 8 },
    });
  });
});

describe('the log of a soak', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'soak-')), 'reads.ndjson');
  const [first, second] = partsOf(1_000_000, 1, {});

  it('knows the parts that are done, of the same build', () => {
    new ReadsLog(file, 'a build').add(first!, result(100));
    const again = new ReadsLog(file, 'a build');
    expect(again.resultOf(first!)).toEqual(result(100));
    expect(again.resultOf(second!)).toBeUndefined();
    expect(new ReadsLog(file, 'another build').resultOf(first!)).toBeUndefined();
  });

  it('does not mind a line that was cut off', () => {
    appendFileSync(file, '{"build":"a build","part":{"scen');
    expect(new ReadsLog(file, 'a build').resultOf(first!)).toEqual(result(100));
  });

  it('keeps nothing without a file', () => {
    const none = new ReadsLog(undefined, 'a build');
    none.add(first!, result(100));
    expect(none.resultOf(first!)).toBeUndefined();
  });
});
