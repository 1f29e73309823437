import { describe, expect, it } from 'vitest';
import { printRunDocument, runDocument } from '../../src/host/run-json.ts';
import { runRecord } from './run-record.ts';

const documentOf = (...args: Parameters<typeof runRecord>) =>
  JSON.parse(printRunDocument(runDocument(runRecord(...args)))) as Record<string, never>;

describe('run.json', () => {
  it('is the same bytes for two runs that differ in their host only', () => {
    const elsewhere = runRecord({ host: { ...runRecord().host, folder: 'x', seconds: 99, hostname: 'there', argv: [] } });
    const bytes = (record: ReturnType<typeof runRecord>) => printRunDocument({ ...runDocument(record), host: null });
    expect(bytes(elsewhere)).toBe(bytes(runRecord()));
    expect(printRunDocument(runDocument(elsewhere))).not.toBe(printRunDocument(runDocument(runRecord())));
  });

  it('has its keys in the order of its parts, whatever order the figures had', () => {
    expect(Object.keys(runDocument(runRecord()))).toEqual([
      'format', 'complete', 'outcome', 'exitCode', 'reproduce', 'versions', 'engine', 'scenario', 'machine', 'end', 'oracles',
      'required', 'cpus', 'tasks', 'reads', 'approximations', 'warnings', 'source', 'host',
    ]);
  });

  it('tells each oracle’s verdict with its witness', () => {
    expect(documentOf().oracles).toMatchObject([
      { id: 'G-01', verdict: 'held', checked: 31_538 },
      { id: 'V-02', verdict: 'broken', violations: 2, witness: { events: [{ cpu: 0, t: 44_088_098, fields: { k: 3 } }, {}] } },
      { id: 'X-S1', verdict: 'not exercised' },
    ]);
  });

  it('holds the scenario as resolved and its text, so that the run can be had again', () => {
    const { scenario, source } = documentOf();
    expect(scenario).toMatchObject({ name: 'mix', cpus: 2, seed: 7, hz: 250, durationNs: 2_000_000_000 });
    expect(scenario).toMatchObject({ workload: { tasks: [{ name: 'a<b>-0' }] } });
    expect(source).toEqual({ file: 'dir/mix.json', text: runRecord().source.text });
  });

  it('is complete unless the run was interrupted', () => {
    expect(documentOf().complete).toBe(true);
    const { run } = runRecord();
    expect(documentOf({ run: { ...run, reason: 'interrupted' } }).complete).toBe(false);
  });

  it('names those that nothing can wake', () => {
    expect(documentOf().end).toMatchObject({ stuckTasks: ['a<b>-0'] });
  });
});
